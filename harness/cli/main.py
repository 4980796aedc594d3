"""The command line's entry; the one place that turns a HarnessError into words and an exit code."""

from __future__ import annotations


def main() -> None:
    """Run one command."""
