"""docs/guides/deploy-a-set.md is run as it stands; HARNESS_REWRITE=1 writes its answers anew."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from projects import harness

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "deploy-a-set.md"
UPGRADES = ROOT / "fixtures" / "upgrades"
PACTS = ROOT / "contracts" / "pacts"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
RUN = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
EXITS = re.compile(r"\(exit code \d+\)")


@dataclass(frozen=True)
class Command:
    """One command of the guide and what it says; a run's own story is left out."""

    line: str
    said: str

    @property
    def quiet(self) -> bool:
        return self.line.startswith("harness run")


def commands(text: str) -> Iterator[Command]:
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, said = part.partition("\n")
            yield Command(line, said)


def masked(text: str) -> str:
    return RUN.sub("20260301T120000-abcdef", TIME.sub("2026-03-01T12:00:00.000+00:00", text))


def answer(command: Command, folder: Path, runtime: str) -> str:
    program, *arguments = shlex.split(command.line)
    assert program == "harness"
    state = {"HARNESS_RUNTIME": runtime}
    done = harness(*arguments, cwd=folder, environment=state)
    told = "" if command.quiet else done.stderr + done.stdout
    return masked(f"{told}(exit code {done.returncode})\n")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    for name in ("fixtures", "suites", "contracts"):
        ignored = shutil.ignore_patterns(".harness", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=ignored)
    return tmp_path / "fixtures"


RUNTIMES = (pytest.param("process"), pytest.param("docker", marks=pytest.mark.docker))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_command_of_the_guide_says_what_the_guide_says(sample: Path, runtime: str) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    done = 0  # a command may stand in the guide twice
    for command in list(commands(text)):
        said = answer(command, sample, runtime)
        before, after = (f"$ {command.line}\n{each}" for each in (command.said, said))
        if os.environ.get("HARNESS_REWRITE"):
            done = text.index(before, done)
            text = text[:done] + after + text[done + len(before) :]
            done += len(after)
        else:
            assert said == command.said, command.line
    GUIDE.write_text(text, encoding="utf-8")


def resolving(said: str) -> set[str]:
    return set(re.findall(r"resolve: (harness .*)", said))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_command_that_resolves_a_no_or_an_unknown_of_the_guide_changes_the_answer(sample: Path) -> None:
    resolved = 0
    for command in commands(GUIDE.read_text(encoding="utf-8")):
        # Without --heal every unknown is still there to be resolved by its own command.
        asked = replace(command, line=command.line.removesuffix(" --heal"))
        said = answer(asked, sample, "process")
        if asked.line.startswith(("harness can-i-deploy", "harness plan")) and "(exit code 0)" not in said:
            told = [answer(Command(line, ""), sample, "process") for line in sorted(resolving(said))]
            assert answer(asked, sample, "process") != said or any(each.startswith("YES") for each in told), said
            resolved += 1
    assert resolved >= 5


def upgraded(name: str, change: str) -> dict[str, Any]:
    """A pact of version 1 with what the newer version of web does not need, or needs otherwise."""
    pact: dict[str, Any] = json.loads((PACTS / f"{name}.json").read_text(encoding="utf-8"))
    for interaction in pact["interactions"]:
        response = interaction["response"]
        rules = response.get("matchingRules", {}).get("body", {})
        if change == "no description":
            for path in [p for p in rules if p.endswith(".description")]:
                del rules[path]
            _without_description(response.get("body", {}).get("content"))
        elif change == "total as text":
            for path in [p for p in rules if p.endswith(".total_cents")]:
                rules[path] = {"combine": "AND", "matchers": [{"match": "type"}]}
            _total_as_text(response.get("body", {}).get("content"))
    return pact


def _without_description(content: Any) -> None:
    for each in [content, *content.get("products", [])] if isinstance(content, dict) else []:
        each.pop("description", None)


def _total_as_text(content: Any) -> None:
    for each in [content, *content.get("orders", [])] if isinstance(content, dict) else []:
        if "total_cents" in each:
            each["total_cents"] = str(each["total_cents"])


@pytest.mark.parametrize(
    ("version", "name", "change"),
    [
        ("web-2", "web-catalog", "no description"),
        ("web-2", "web-orders", ""),
        ("web-3", "web-catalog", ""),
        ("web-3", "web-orders", "total as text"),
    ],
)
def test_the_pacts_of_the_guide_are_those_of_version_1_but_for_one_change(
    version: str, name: str, change: str
) -> None:
    path = UPGRADES / version / f"{name}.json"
    wanted = json.dumps(upgraded(name, change), indent=2, ensure_ascii=False) + "\n"
    if "HARNESS_REWRITE_SAMPLE" in os.environ:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == wanted
