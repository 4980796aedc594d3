"""The three answers to a question of containment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Containment(StrEnum):
    """Whether one schema allows nothing that the other refuses."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentAnswer:
    """An answer; a NO always carries a value that the first schema allows and the second refuses."""

    containment: Containment
    witness: Any = None
