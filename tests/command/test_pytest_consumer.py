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

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow  # each starts a pytest of its own

ALONE = [
    *("env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1", sys.executable),
    *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "harness.pytest_plugin"),
]
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
    """A session with our plugin and no other that happens to be installed, which all take their time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        workers = ("-p", "xdist.plugin") if "-n" in arguments else ()
        return run_with_every_plugin(suite, "-p", "harness.pytest_plugin", *workers, *arguments)


def run_with_every_plugin(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
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
    for session, arguments in (
        (run, ["-n", "4"]),
        (run, ["-n", "3", "--dist", "worksteal"]),
        (run_with_every_plugin, []),
        (run_with_every_plugin, ["-p", "no:xdist"]),
        (run_with_every_plugin, ["-p", "no:randomly"]),
    ):
        pact_of(suite).unlink()
        session(suite, *arguments).assert_outcomes(passed=8)
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
    run_with_every_plugin(pytester, "-p", "no:harness").assert_outcomes(passed=1)


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
    sessions = [
        subprocess.Popen([*ALONE, file], cwd=suite.path, stdout=subprocess.DEVNULL)
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
    subprocess.run([*ALONE, "--help"], cwd=suite.path, env=environment, stdout=subprocess.DEVNULL, check=True)
    assert left_in(tmp_path) == []
    session = subprocess.Popen(ALONE, cwd=suite.path, env=environment, stdout=subprocess.DEVNULL)
    while not left_in(tmp_path):
        time.sleep(0.05)
    session.send_signal(signal.SIGKILL)
    session.wait(10)
    assert len(left_in(tmp_path)) == 1
    subprocess.run([*ALONE, "--help"], cwd=suite.path, env=environment, stdout=subprocess.DEVNULL, check=True)
    assert left_in(tmp_path) == []


def left_in(folder: Path) -> list[Path]:
    return list(folder.glob("harness-*/held"))


TENANTS = """
import pytest
from client import ask

def test_tenant(pact_between, tenant):
    pact = pact_between("web", "things")
    pact.upon_receiving(f"tenant {tenant}").with_request("GET", f"/{tenant}").will_respond_with(200)
    with pact.serve() as provider:
        assert ask(f"{provider.url}/{tenant}") == 200
"""

CHOSEN_BY_AN_OPTION = """
def pytest_addoption(parser):
    parser.addoption("--tenant", action="append")

def pytest_generate_tests(metafunc):
    if "tenant" in metafunc.fixturenames:
        metafunc.parametrize("tenant", metafunc.config.getoption("--tenant") or ["a", "b"])
"""


def test_what_an_option_leaves_out_stays_promised(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_things=TENANTS)
    suite.makeconftest(CHOSEN_BY_AN_OPTION)
    run(suite).assert_outcomes(passed=2)
    for tenant in ("a", "b"):
        run(suite, "--tenant", tenant).assert_outcomes(passed=1)
        assert described(pact_of(suite)) == ["tenant a", "tenant b"]


def test_what_is_dropped_is_told_with_the_test_that_went(suite: pytest.Pytester) -> None:
    run(suite)
    text = (suite.path / "test_things.py").read_text().replace("range(8)", "range(7)")
    (suite.path / "test_things.py").write_text(text)
    result = run(suite)
    result.stdout.fnmatch_lines(["dropped 'thing 7' from *: test_things.py::test_a_thing?7? is gone"])


def test_a_contradiction_of_an_earlier_session_is_refused_and_the_file_stays(suite: pytest.Pytester) -> None:
    run(suite)
    first = digest(pact_of(suite))
    other = TEST.replace('{"id": number}, "app', '{"id": number, "name": "x"}, "app').replace("range(8)", "[3]")
    suite.makepyfile(test_others=other)
    result = run(suite, "test_others.py")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*thing 3*test_things.py::test_a_thing*3*earlier session*test_others.py::*"])
    assert digest(pact_of(suite)) == first


SUBTESTS = """
import unittest
import pytest
from client import ask

def promise(pact_between, what):
    pact = pact_between("web", "things")
    pact.upon_receiving(what).with_request("GET", "/").will_respond_with(200)
    with pact.serve() as provider:
        assert ask(f"{provider.url}/") == 200

class TestParts(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _between(self, pact_between):
        self.between = pact_between

    def test_unittest(self):
        for part in (1, 2):
            with self.subTest(part=part):
                promise(self.between, f"part {part}")
                assert part == 1

def test_fixture(pact_between, subtests):
    with subtests.test("first"):
        promise(pact_between, "first")
        assert False
    with subtests.test("second"):
        promise(pact_between, "second")

def test_good(pact_between, subtests):
    with subtests.test("good"):
        promise(pact_between, "good")
"""


@pytest.mark.parametrize("arguments", [[], ["-n", "2"]])
def test_a_test_whose_subtest_fails_contributes_nothing(suite: pytest.Pytester, arguments: list[str]) -> None:
    suite.makepyfile(test_things=SUBTESTS)
    assert run(suite, *arguments).ret == 1
    assert described(pact_of(suite)) == ["good"]


MOCK_IN_A_FIXTURE = """
import pytest
import urllib.error
from client import ask

@pytest.fixture
def provider(pact_between):
    pact = pact_between("web", "things")
    pact.upon_receiving("a thing").with_request("GET", "/thing").will_respond_with(200)
    with pact.serve() as provider:
        yield provider

def test_wrong(provider):
    with pytest.raises(urllib.error.HTTPError):
        ask(f"{provider.url}/wrong")

def test_right(provider):
    assert ask(f"{provider.url}/thing") == 200
"""


def test_a_mock_in_a_fixture_fails_with_one_error_that_names_the_request(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_things=MOCK_IN_A_FIXTURE)
    result = run(suite)
    assert str(result.stdout).count("ERROR at teardown") == 1
    assert "ExceptionGroup" not in str(result.stdout)
    result.stdout.fnmatch_lines(["ERROR test_things.py::test_wrong - UnkeptPromise: Request not found: GET /*"])
    assert described(pact_of(suite)) == ["a thing"]


@pytest.mark.parametrize(
    ("consumer", "provider"),
    [("team/web", "or/ders"), ("../../web", "things"), ("web", "/etc/things"), ("Animal Shelter", "things é")],
)
def test_a_pacticipant_may_have_any_name_and_no_file_leaves_the_folder(
    suite: pytest.Pytester, consumer: str, provider: str
) -> None:
    named = f"pact_between({consumer!r}, {provider!r})"
    suite.makepyfile(test_things=TEST.replace('pact_between("web", "things")', named))
    before = {path for path in suite.path.parent.rglob("*.json") if path.is_file()}
    run(suite).assert_outcomes(passed=8)
    written = [path for path in suite.path.parent.rglob("*.json") if path not in before]
    assert [path.parent for path in written] == [suite.path / "contracts" / "pacts"]
    document = json.loads(written[0].read_text())
    assert (document["consumer"]["name"], document["provider"]["name"]) == (consumer, provider)


def test_two_projects_with_tests_of_one_name_keep_each_others_pacts(pytester: pytest.Pytester) -> None:
    for project in ("web", "mobile"):
        folder = pytester.mkdir(project)
        (folder / "client.py").write_text(HELPER)
        (folder / "test_things.py").write_text(TEST.replace('"web"', f'"{project}"'))
        (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\nharness_pacts = ../pacts\n")
    for project in ("web", "mobile", "web"):
        run(pytester, "--rootdir", project, project)
    assert sorted(path.name for path in (pytester.path / "pacts").glob("*")) == [
        "mobile-things.json",
        "web-things.json",
    ]


def test_a_promise_has_the_same_bytes_from_whichever_root_its_test_was_run(suite: pytest.Pytester) -> None:
    (suite.path / ".git").mkdir()
    tests = suite.mkdir("tests")
    (suite.path / "test_things.py").rename(tests / "test_things.py")
    (tests / "pytest.ini").write_text("[pytest]\npythonpath = ..\n")
    run(suite, "tests", "--pacts", "contracts/pacts").assert_outcomes(passed=8)
    first = digest(pact_of(suite))
    run(suite, "tests", "--rootdir", ".", "--pacts", "contracts/pacts").assert_outcomes(passed=8)
    assert digest(pact_of(suite)) == first
