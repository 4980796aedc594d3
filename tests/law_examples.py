"""On how many examples a law is tried: on few at every change, on many times as many with `tox run -e oracle`."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("HARNESS_EXAMPLES", "1"))
LEAST = int(os.environ.get("HARNESS_LAW_EXAMPLES", "0"))


def examples(few: int) -> int:
    """So many in this run; at every change, where they are the same each time, half of them."""
    return few * TIMES if TIMES > 1 else (few + 1) // 2


def examples_of_an_answer(few: int) -> int:
    """The same for a law whose breach is a wrong answer: what a request meets, what fits, what a change breaks."""
    return max(examples(few), LEAST)
