"""A small git repository whose service is built: its program is made from a source, and git ignores it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from projects import PACT, SERVICE

SOURCE = SERVICE.replace('if BROKEN == "field" ', "if False ")
BROKEN_SOURCE = SERVICE.replace('if BROKEN == "field" ', "if True ")
COMPILE = "import pathlib; pathlib.Path('bin').mkdir(exist_ok=True); pathlib.Path('bin/server').write_text({})"
FROM_SOURCE = COMPILE.format("pathlib.Path('server.src').read_text()")

MANIFEST = """
pacts = ["pacts"]
gate = {{ require = ["pacts"] }}

[services.things]
directory = "things"
command = ["{python}", "bin/server"]
port = 8000
ready = "/health"
states = "/_states"
{more}

[services.reader]

[environments.test]
"""


def git(folder: Path, *arguments: str) -> str:
    """What git says."""
    words = ["git", "-c", "user.name=t", "-c", "user.email=t@example.test", *arguments]
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, what: str) -> str:
    """Commit everything; the commit."""
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", what)
    return git(folder, "rev-parse", "HEAD")


def built_project(folder: Path, more: str = "", manifest: str = MANIFEST) -> str:
    """Write and commit the system; the commit. Nothing is built yet."""
    (folder / "things").mkdir(parents=True)
    (folder / "pacts").mkdir()
    (folder / "things" / "server.src").write_text(SOURCE)
    (folder / "pacts" / "reader-things.json").write_text(json.dumps(PACT))
    (folder / ".gitignore").write_text("bin/\n.harness/\n")
    (folder / "harness.toml").write_text(manifest.format(python=sys.executable, more=more))
    git(folder, "init", "-qb", "main")
    return commit(folder, "first")


def build(folder: Path) -> None:
    """What a compiler does."""
    subprocess.run([sys.executable, "-c", FROM_SOURCE], cwd=folder / "things", check=True)
