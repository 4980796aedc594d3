"""Existing compose files as entries of the manifest: what they say need not be said again."""

from harness.services.compose.project import COMPOSE_FILES, chosen_files, with_override
from harness.services.compose.system import read_compose

__all__ = ["COMPOSE_FILES", "chosen_files", "read_compose", "with_override"]
