"""How much something that a comparison of documents found matters."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """What a change or a finding means: errors break somebody, the others do not touch a verdict."""

    ERROR = "error"  # it breaks somebody who kept to the old document; the pact does not fit
    WARNING = "warning"  # it may break somebody, or it could not be decided
    INFO = "info"  # it breaks nobody
