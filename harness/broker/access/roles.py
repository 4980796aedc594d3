"""The four roles; each may do what those before it may."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody may do."""

    READ = "read"
    PUBLISH = "publish"  # contracts, results, versions, branches, tags
    DEPLOY = "deploy"  # say what runs and what is supported where
    ADMIN = "admin"  # environments, webhooks, secrets, tokens, deleting

    def includes(self, needed: str) -> bool:
        """Whether it may do what the needed role may."""
        order = list(Role)
        return order.index(self) >= order.index(Role(needed))
