"""`python -m harness` and the `harness` command."""

from __future__ import annotations

import sys

from harness import __version__


def main() -> None:
    """Run one command; the question for the version alone is answered before anything else is loaded."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"harness, version {__version__}\n")
        return
    from harness.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
