"""`pytest --harness` on a small real system: each interaction and each operation is a test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from projects import project

pytestmark = pytest.mark.slow

ITEMS = {
    "harness.toml::things::pacts::reader::a thing by id (given a thing exists)",
    "harness.toml::things::pacts::reader::a thing that is not there",
    "harness.toml::things::properties::GET /things/{id}",
    "harness.toml::things::properties::the document as a whole",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "project").parent


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return session(folder, "--harness", *arguments)


def session(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A pytest with our plugin and no other that happens to be installed, which all take their time."""
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "harness.pytest_plugin"]
    words += ["-p", "xdist.plugin"] if "-n" in arguments else []
    return subprocess.run(
        [*words, "--harness-runtime", "process", *arguments],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


def outcomes(folder: Path) -> dict[str, str]:
    """Test name to `passed` or the tag of what it was instead."""
    cases = ET.parse(folder / "junit.xml").getroot().iter("testcase")
    return {str(case.get("name")): next((child.tag for child in case), "passed") for case in cases}


def test_nothing_is_started_to_say_what_would_be_checked(folder: Path) -> None:
    result = run(folder, "--collect-only", "-q")
    assert {line for line in result.stdout.splitlines() if "::" in line} == ITEMS


@pytest.mark.parametrize("arguments", [[], ["-n", "2", "--dist", "loadscope"], ["-n", "2"]])
def test_kept_promises_pass(folder: Path, arguments: list[str]) -> None:
    result = run(folder, "--junitxml=junit.xml", *arguments)
    assert result.returncode == 0, result.stdout
    assert len(outcomes(folder)) == len(ITEMS)
    assert set(outcomes(folder).values()) == {"passed"}


def test_two_workers_that_need_one_check_run_it_once(folder: Path) -> None:
    service = folder / "things" / "service.py"
    told = service.read_text().replace(
        'elif body.get("state") in STATES:',
        f'elif open({str(folder / "asked")!r}, "a").write("x") and body.get("state") in STATES:',
    )
    service.write_text(told)
    result = run(folder, "--junitxml=junit.xml", "-n", "2", "-k", "reader")
    assert result.returncode == 0, result.stdout
    assert len(outcomes(folder)) == 2
    alone = (folder / "asked").read_text()
    (folder / "asked").unlink()
    shutil.rmtree(folder / ".harness")
    run(folder, "-k", "reader")
    assert (folder / "asked").read_text() == alone


def test_a_broken_promise_fails_in_its_own_words_and_only_it(folder: Path) -> None:
    service = folder / "things" / "service.py"
    service.write_text(service.read_text().replace('BROKEN = os.environ.get("BROKEN", "")', 'BROKEN = "field"'))
    result = run(folder, "--junitxml=junit.xml")
    assert result.returncode == 1
    assert {name for name, outcome in outcomes(folder).items() if outcome != "passed"} == {
        "a thing by id (given a thing exists)"
    }
    assert "FAILED: response.body.mismatch" in result.stdout
    assert "came: nothing" in result.stdout
    assert "replay: harness verify things=1 --against reader" in result.stdout


def test_what_cannot_be_told_fails_and_says_unknown(folder: Path) -> None:
    (folder / "things" / "service.py").write_text("raise SystemExit('no colour')")
    result = run(folder, "--junitxml=junit.xml")
    assert result.returncode == 1
    assert set(outcomes(folder).values()) == {"failure"}
    assert "UNKNOWN: service did not start" in result.stdout


def test_a_missing_state_is_unknown_not_passed(folder: Path) -> None:
    service = folder / "things" / "service.py"
    service.write_text(service.read_text().replace('STATES = {"a thing exists"}', 'STATES = {"nothing exists"}'))
    result = run(folder, "--junitxml=junit.xml", "-k", "reader")
    assert outcomes(folder)["a thing by id (given a thing exists)"] == "failure"
    assert "UNKNOWN: provider state missing" in result.stdout


def test_one_promise_can_be_named(folder: Path) -> None:
    result = run(folder, "--junitxml=junit.xml", "harness.toml::things::pacts::reader::a thing that is not there")
    assert result.returncode == 0, result.stdout
    assert list(outcomes(folder)) == ["a thing that is not there"]


def test_a_mistake_in_the_manifest_is_told_and_nothing_passes(folder: Path) -> None:
    manifest = folder / "harness.toml"
    manifest.write_text(manifest.read_text().replace("port = 8000", "prot = 8000"))
    result = run(folder)
    assert result.returncode != 0
    assert "did you mean 'port'" in result.stdout + result.stderr


@pytest.mark.parametrize("arguments", [[], ["-n", "2"]])
def test_the_system_is_started_once_for_all_tests_and_stopped_afterwards(
    folder: Path, arguments: list[str]
) -> None:
    (folder / "test_system.py").write_text(
        "import json, pathlib, urllib.request, pytest\n"
        "@pytest.mark.parametrize('n', range(4))\n"
        "def test_it(system, n):\n"
        "    with urllib.request.urlopen(system.url('things') + '/things/7') as answer:\n"
        "        assert json.load(answer)['name'] == 'seven'\n"
        "    with open('urls', 'a') as file: file.write(system['things'] + '\\n')\n"
        "def test_an_unknown_name(system):\n"
        "    with pytest.raises(Exception, match=\"did you mean 'things'\"):\n"
        "        system.url('thigs')\n"
    )
    result = session(folder, "test_system.py", *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    urls = set((folder / "urls").read_text().split())
    assert len(urls) == 1
    assert not _answers(urls.pop())


def _answers(url: str) -> bool:
    import urllib.request

    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            return bool(json.load(answer)["ok"])
    except OSError:
        return False
