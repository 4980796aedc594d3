"""The guide about provider contracts is run as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from projects import harness

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "provider-contracts.md"


def test_the_guide_says_what_happens(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, content in re.findall(r"^`([\w./-]+)`[^\n]*:\n\n```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    blocks = "".join(re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    steps = re.findall(r"^\$ harness ([^\n]*)\n((?:[^$\n][^\n]*\n)*)", blocks, re.MULTILINE)
    assert len(steps) == 5
    for command, told in steps:
        done = harness(*shlex.split(command), cwd=tmp_path)
        assert told, command
        assert told in done.stdout, done.stdout + done.stderr
