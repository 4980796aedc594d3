"""On how many examples a law is tried: on few at every change, on many times as many with `tox run -e oracle`."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("HARNESS_EXAMPLES", "1"))


def examples(few: int) -> int:
    """So many in this run."""
    return few * TIMES
