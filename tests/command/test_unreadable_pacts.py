"""A file that cannot be read, or a pattern that matches none, is unknown with its place; the rest is verified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from projects import harness, project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "project").parent


def asked(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code, and all that was said."""
    state = {"HARNESS_STATE_DIR": str(folder.parent / "state")}
    told = harness(*arguments, "--runtime", "process", cwd=folder, environment=state)
    assert "Traceback" not in told.stdout + told.stderr
    return told.returncode, told.stdout + told.stderr


def test_a_file_that_is_no_pact_is_unknown_with_its_place_and_the_others_are_verified(folder: Path) -> None:
    (folder / "pacts" / "broken.json").write_text('{"consumer": {')
    code, said = asked(folder, "run", "--only", "pacts")
    assert code == 3
    assert "2 kept" in said
    assert "pacts/broken.json:1:15: not JSON" in said
    assert asked(folder, "verify", "things", "--against", "reader")[0] == 0
    code, said = asked(folder, "verify", "things", "--fresh")
    assert code == 3
    assert "pacts/broken.json:1:15" in said
    code, said = asked(folder, "run", "--plan", "--json")
    (told,) = json.loads(said)["unread"]
    assert told.startswith("pacts/broken.json:1:15: not JSON")


def test_a_pattern_that_matches_no_file_is_no_yes(folder: Path) -> None:
    manifest = folder / "harness.toml"
    manifest.write_text(manifest.read_text().replace('["pacts"]', '["pacts", "shop/target/*.json"]'))
    code, said = asked(folder, "run", "--only", "pacts")
    assert code == 3
    assert "shop/target/*.json: no file matches this pattern" in said
    assert "2 kept" in said


def test_a_run_that_asks_for_no_pacts_does_not_mind(folder: Path) -> None:
    (folder / "pacts" / "broken.json").write_text("{")
    assert "broken.json" not in asked(folder, "run", "--only", "properties")[1]


def test_a_pact_of_which_only_the_names_can_be_read_is_unknown_for_its_two_sides(folder: Path) -> None:
    names = {"consumer": {"name": "old"}, "provider": {"name": "things"}}
    (folder / "pacts" / "old-things.json").write_text(json.dumps({**names, "interactions": None}))
    code, said = asked(folder, "run", "--only", "pacts")
    assert code == 3
    assert "old-things.json#/interactions: None is no list" in said
    assert "2 kept" in said


def test_a_pact_that_promises_nothing_is_kept_and_run_and_gate_say_so(folder: Path) -> None:
    for name in ("reader", "other"):
        names = {"consumer": {"name": name}, "provider": {"name": "things"}}
        (folder / "pacts" / f"{name}-things.json").write_text(json.dumps({**names, "interactions": []}))
    code, said = asked(folder, "run", "--only", "pacts")
    assert code == 0, said
    assert "0 of 0" in said
    assert asked(folder, "can-i-deploy", "things=1", "reader=1", "--to", "production")[0] == 0
