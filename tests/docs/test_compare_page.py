"""The page of `harness compare` lists every code, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "compare.md").read_text(encoding="utf-8")
CODE = r"\"((?:request|response)\.[a-z-]+\.[a-z]+)\""


def test_every_code_is_documented_and_nothing_else() -> None:
    sources = [path.read_text() for path in (ROOT / "harness" / "comparison" / "pact_fit").glob("*.py")]
    made = {code for text in sources for code in re.findall(CODE, text)}
    # These are made of the direction and the part that a value belongs to.
    made |= {f"{each}.incompatible" for each in ("request.query", "request.header", "request.body")}
    made |= {f"{each}.incompatible" for each in ("response.header", "response.body")}
    made |= {f"{side}.body.uncompared" for side in ("request", "response")}
    documented = set(re.findall(r"^\| `([a-z.-]+)` \|", PAGE, re.MULTILINE))
    assert documented == made
