"""Consumer tests as a user runs them: whole pytest processes, real mock providers, with and without xdist."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.pytesting import consumer

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow  # each starts a pytest of its own

HELPER = """
import urllib.request

def ask(url):
    with urllib.request.urlopen(url) as response:
        return response.status
"""

TEST = """
import pytest
from client import ask

@pytest.mark.parametrize("number", range(8))
def test_a_thing(pact_between, number):
    pact = pact_between("web", "things")
    (
        pact.upon_receiving(f"thing {number}")
        .given("a thing exists", {"id": number})
        .with_request("GET", f"/things/{number}")
        .will_respond_with(200)
        .with_body({"id": number}, "application/json")
    )
    with pact.serve() as provider:
        assert ask(f"{provider.url}/things/{number}") == 200
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(client=HELPER, test_things=TEST)
    pytester.makeini("[pytest]\npythonpath = .\n")
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return suite.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def pact_of(suite: pytest.Pytester, name: str = "web-things") -> Path:
    return suite.path / "contracts" / "pacts" / f"{name}.json"


def described(path: Path) -> list[str]:
    return [each["description"] for each in json.loads(path.read_text())["interactions"]]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pacts_are_the_same_to_the_byte_with_and_without_workers(suite: pytest.Pytester) -> None:
    run(suite).assert_outcomes(passed=8)
    first = digest(pact_of(suite))
    assert described(pact_of(suite)) == [f"thing {number}" for number in range(8)]
    for arguments in (["-n", "4"], ["-n", "4", "--dist", "worksteal"], ["-p", "no:xdist"], ["-p", "no:randomly"]):
        pact_of(suite).unlink()
        run(suite, *arguments).assert_outcomes(passed=8)
        assert digest(pact_of(suite)) == first


@pytest.mark.parametrize(
    "arguments", [["-k", "3"], ["test_things.py::test_a_thing[3]"], ["--deselect", "test_things.py"]]
)
def test_a_partial_run_drops_nothing(suite: pytest.Pytester, arguments: list[str]) -> None:
    run(suite)
    first = digest(pact_of(suite))
    run(suite, *arguments)
    assert digest(pact_of(suite)) == first


def test_a_failing_test_contributes_nothing_and_loses_nothing(suite: pytest.Pytester) -> None:
    run(suite)
    text = (suite.path / "test_things.py").read_text().replace("== 200", "== (200 if number != 3 else 404)")
    (suite.path / "test_things.py").write_text(text)
    run(suite).assert_outcomes(passed=7, failed=1)
    assert len(described(pact_of(suite))) == 8


def test_what_a_removed_test_promised_is_dropped_when_its_file_was_collected_whole(suite: pytest.Pytester) -> None:
    run(suite)
    text = (suite.path / "test_things.py").read_text().replace("range(8)", "range(5)")
    (suite.path / "test_things.py").write_text(text)
    run(suite, "-k", "2").assert_outcomes(passed=1)
    assert described(pact_of(suite)) == [f"thing {number}" for number in range(5)]


def test_two_tests_that_contradict_each_other_end_the_session_with_an_error_that_names_both(
    suite: pytest.Pytester,
) -> None:
    run(suite)
    first = digest(pact_of(suite))
    other = TEST.replace('{"id": number}, "app', '{"id": number, "name": "x"}, "app').replace("range(8)", "[3]")
    suite.makepyfile(test_others=other)
    result = run(suite, "-n", "2")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*thing 3*test_others.py::test_a_thing*3*test_things.py::test_a_thing*3*response*"]
    )
    assert digest(pact_of(suite)) == first


def test_a_promise_that_nothing_asked_for_is_an_error(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_things="""
def test_never_served(pact_between):
    pact_between("web", "things").upon_receiving("a thing").with_request("GET", "/").will_respond_with(200)

def test_never_asked(pact_between):
    pact = pact_between("web", "things")
    pact.upon_receiving("another thing").with_request("GET", "/").will_respond_with(200)
    with pact.serve():
        pass
"""
    )
    result = run(suite)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*never exercised*"])
    result.stdout.fnmatch_lines(["*FAILED test_things.py::test_never_asked*"])
    assert not pact_of(suite).exists()


def test_a_malformed_pact_in_the_folder_is_named_and_kept(suite: pytest.Pytester) -> None:
    pact_of(suite).parent.mkdir(parents=True)
    pact_of(suite).write_text("{")
    result = run(suite)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*web-things.json*"])
    assert pact_of(suite).read_text() == "{"


def test_without_consumer_tests_no_folder_is_touched(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    run(pytester).assert_outcomes(passed=1)
    assert not (pytester.path / "contracts").exists()


def test_the_folder_is_a_choice(suite: pytest.Pytester) -> None:
    run(suite, "--pacts", "elsewhere")
    assert (suite.path / "elsewhere" / "web-things.json").exists()
    assert not pact_of(suite).exists()


def test_the_plugin_can_be_left_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    run(pytester, "-p", "no:harness").assert_outcomes(passed=1)


UNFIT = """
import pytest
from client import ask

def declare(pact, path):
    pact.upon_receiving(path).with_request("GET", path).will_respond_with(200)
    return pact

@pytest.fixture
def breaks_at_its_end():
    yield
    raise OSError("no disk")

def test_that_breaks_at_its_end(breaks_at_its_end, pact_between):
    with declare(pact_between("web", "torn"), "/1").serve() as provider:
        ask(f"{provider.url}/1")

@pytest.mark.xfail
def test_that_was_expected_to_fail(pact_between):
    with declare(pact_between("web", "unexpected"), "/2").serve() as provider:
        ask(f"{provider.url}/2")

def test_that_looks_away(pact_between):
    with declare(pact_between("web", "quiet"), "/3").serve(raises=False, verbose=False):
        pass

@pytest.mark.parametrize("specification", ["V3", "V4"])
def test_of_two_minds(pact_between, specification):
    with declare(pact_between("web", "mixed", specification), f"/{specification}").serve() as provider:
        ask(f"{provider.url}/{specification}")
"""


def test_what_is_not_fit_to_be_promised_is_not_written(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_things=UNFIT)
    result = run(suite)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*web and quiet: they were not used as declared*Missing request: GET /3*"])
    result.stdout.fnmatch_lines(["*test_of_two_minds?V3?*3.0.0*test_of_two_minds?V4?*4.0*"])
    assert list((suite.path / "contracts" / "pacts").glob("*.json")) == []


def test_a_pact_goes_with_the_file_of_its_only_tests(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_others=TEST.replace('"things"', '"others"').replace("range(8)", "range(2)"))
    run(suite).assert_outcomes(passed=10)
    (suite.path / "test_others.py").unlink()
    run(suite, "test_things.py").assert_outcomes(passed=8)
    assert pact_of(suite, "web-others").exists(), "nobody looked for the file's tests"
    run(suite).stdout.fnmatch_lines(["*removed *web-others.json: no test promises anything in it"])
    assert not pact_of(suite, "web-others").exists()


def test_two_sessions_at_once_lose_nothing(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_more=TEST.replace("thing {number}", "more {number}"))
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    sessions = [
        subprocess.Popen([*words, file], cwd=suite.path, stdout=subprocess.DEVNULL)
        for file in ("test_things.py", "test_more.py")
    ]
    assert [session.wait(60) for session in sessions] == [0, 0]
    assert len(described(pact_of(suite))) == 16


def test_a_file_of_bytes_that_are_no_text_is_named_and_kept(suite: pytest.Pytester) -> None:
    pact_of(suite).parent.mkdir(parents=True)
    pact_of(suite).write_bytes(b"\xff")
    result = run(suite, "-k", "3")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*web-things.json: not UTF-8*"])
    assert pact_of(suite).read_bytes() == b"\xff"


def test_a_folder_that_cannot_be_written_is_named(suite: pytest.Pytester) -> None:
    (suite.path / "contracts").write_text("a file")
    result = run(suite, "-k", "3")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*contracts/pacts: the pacts cannot be written*"])


def test_no_temporary_file_stays_of_a_session_however_it_ends(suite: pytest.Pytester, tmp_path: Path) -> None:
    suite.makepyfile(test_things="import time\ndef test_it(pact_between): time.sleep(60)")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run([*words, "--help"], cwd=suite.path, env=environment, stdout=subprocess.DEVNULL, check=True)
    assert left_in(tmp_path) == []
    session = subprocess.Popen(words, cwd=suite.path, env=environment, stdout=subprocess.DEVNULL)
    while not left_in(tmp_path):
        time.sleep(0.05)
    session.send_signal(signal.SIGKILL)
    session.wait(10)
    assert len(left_in(tmp_path)) == 1
    subprocess.run([*words, "--help"], cwd=suite.path, env=environment, stdout=subprocess.DEVNULL, check=True)
    assert left_in(tmp_path) == []


def left_in(folder: Path) -> list[Path]:
    return list(folder.glob("harness-*/held"))


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("test_a.py::test_it@orders", "test_a.py::test_it"),
        ("test_a.py::test_it[a@b]@orders", "test_a.py::test_it[a@b]"),
        ("test_a.py::test_it[a@b]", "test_a.py::test_it[a@b]"),
    ],
)
def test_the_group_that_xdist_writes_behind_a_name_is_no_part_of_it(nodeid: str, name: str) -> None:
    assert consumer.test_name(nodeid, grouped=True) == name
    assert consumer.test_name(nodeid, grouped=False) == nodeid
