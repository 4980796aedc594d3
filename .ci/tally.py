"""Adds up the JUnit files of all test environments; one closing line, and a missing file is a failure."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def main() -> int:
    """Count what the runners reported."""
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    missing = [name for name in sys.argv[1:] if not Path(name).is_file()]
    for name in sys.argv[1:]:
        if name in missing:
            continue
        for suite in ET.parse(name).getroot().iter("testsuite"):
            for key in counts:
                counts[key] += int(suite.get(key, "0"))
    failed = counts["failures"] + counts["errors"] + len(missing)
    for name in missing:
        print(f"no results: {name}")
    print(f"{counts['tests'] - failed - counts['skipped']} passed, {failed} failed, {counts['skipped']} skipped")
    return 1 if failed or not counts["tests"] else 0


sys.exit(main())
