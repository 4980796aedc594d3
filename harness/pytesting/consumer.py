"""Consumer tests: real mock providers, and pacts that several processes write without losing anything."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ContractError
from harness.pytesting.absent_tests import CollectedTests
from harness.pytesting.session_dir import Notebook, new_notebook, notebook_at
from harness.pytesting.system_server import stop
from harness.pytesting.test_names import TestNames, names_root

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import pact

    from harness.contracts.pact_writer import Contribution, DroppedPromise, SuiteSession

CALLED = pytest.StashKey[bool]()  # whether the test's own part is over, and only fixtures are left to end
BROKEN = pytest.StashKey[bool]()  # whether it, or a subtest of it, has not passed
NAMES = pytest.StashKey[TestNames]()
NOTEBOOK = pytest.StashKey[Notebook]()
_SHARED = "harness_pacts"  # the name of the shared folder in what xdist hands to its workers


class Pacts:
    """The hooks behind `pact_between`."""

    def __init__(self, config: pytest.Config) -> None:
        given = getattr(config, "workerinput", {}).get(_SHARED)
        self.notebook = notebook_at(Path(given)) if given else new_notebook()
        self.names = _names(config)
        self.worker = getattr(config, "workerinput", {}).get("workerid", "main")
        self.called: set[str] = set()  # tests that have passed up to their tear-down
        self.broken: set[str] = set()  # those of which something has failed in this attempt
        config.stash[NOTEBOOK] = self.notebook
        config.stash[NAMES] = self.names

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where the notebook lies."""
        node.workerinput[_SHARED] = str(self.notebook.folder)
        node.workerinput["harness_session"] = os.getpid()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Note every test that exists, before any is deselected."""
        partial = any("::" in arg for arg in config.args) or config.getoption("lf", default=False)
        names = {item: self.names.name(item.nodeid) for item in items}
        entry = {
            "tests": list(names.values()),
            "driven": [name for item, name in names.items() if _is_driven(item)],
            "former": {name: self.names.former_name(item.nodeid) for item, name in names.items()},
            "whole": not partial,
        }
        self.notebook.add(self.worker, [entry], kind="collected")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that could not be collected does not say which tests are gone."""
        if report.failed:
            nothing = {"tests": [], "driven": [], "former": {}, "whole": False}
            self.notebook.add(self.worker, [nothing], kind="collected")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note on the test itself whether it passed, for the fixture's end."""
        report = yield
        if report.when == "setup":  # the beginning of a new attempt
            item.stash[CALLED] = item.stash[BROKEN] = False
        item.stash[BROKEN] |= not _kept_its_word(report)
        # A subtest reports as the call does, and more of the test follows; the fixtures end after the last one.
        item.stash[CALLED] |= report.when == "call"
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note every test that passed, with all of its subtests; under xdist the controller hears of all."""
        test = self.names.name(report.nodeid)
        if report.when == "setup":
            self.called.discard(test)
            self.broken.discard(test)
            self.notebook.passed.discard(test)
        if not _kept_its_word(report):
            self.broken.add(test)
            self.notebook.passed.discard(test)
        elif report.when == "call":
            self.called.add(test)
        elif report.when == "teardown" and test in self.called - self.broken:
            self.notebook.passed.add(test)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Merge what all processes wrote."""
        if not self.notebook.owner:
            return
        write_pacts(session.config, self.notebook)
        if self.notebook.wrong:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind, also after `--help`, which has no session."""
        if self.notebook.owner:
            stop(self.notebook.folder)
        self.notebook.close()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was written, and what could not be."""
        for line in self.notebook.told:
            terminalreporter.write_line(line)
        if self.notebook.wrong:
            terminalreporter.section("pacts", red=True, bold=True)
            for line in self.notebook.wrong:
                terminalreporter.write_line(line, red=True)


def _kept_its_word(report: pytest.TestReport) -> bool:
    return report.passed and not hasattr(report, "wasxfail")


def pacts_folder(config: pytest.Config) -> Path:
    """Where the pacts are written: `--pacts`, else the ini value below the root folder."""
    chosen = config.getoption("--pacts")
    return Path(chosen).absolute() if chosen else config.rootpath / config.getini("harness_pacts")


def _names(config: pytest.Config) -> TestNames:
    """How the tests of this session are called."""
    grouped = config.getoption("dist", default="") == "loadgroup"
    return TestNames(names_root(config.rootpath, pacts_folder(config)), config.rootpath, grouped=grouped)


def _is_driven(item: pytest.Item) -> bool:
    """Whether something else than its own marks gives a test parameters: a hook, or a fixture."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return False
    marked: set[str] = set()
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
        marked |= {name.strip() for name in names.split(",")} if isinstance(names, str) else set(names)
    return not set(callspec.params) <= marked


def between(request: pytest.FixtureRequest) -> Iterator[Callable[..., pact.Pact]]:
    """The value of the fixture `pact_between`, and what happens when the test has ended."""
    made: list[Any] = []

    def pact_between(consumer: str, provider: str, specification: str = "V4") -> pact.Pact:
        """A pact between the two, as pact-python makes it; what a passing test promised is kept."""
        from harness.pytesting.mock_provider import TracedPact

        stash = request.node.stash
        traced = TracedPact(
            consumer, provider, lambda: stash.get(CALLED, False) and not stash.get(BROKEN, True)
        ).with_specification(specification)
        made.append(traced)
        return traced

    yield pact_between
    if request.node.stash.get(CALLED, False) and not request.node.stash.get(BROKEN, True):
        _keep(request, made)


def _keep(request: pytest.FixtureRequest, made: list[Any]) -> None:
    """Write down what the test promised; a promise that was not seen used is no promise."""
    from harness.contracts.pact_writer import contributions

    config = request.config
    notebook = config.stash[NOTEBOOK]
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    test = config.stash[NAMES].name(request.node.nodeid)
    entries = []
    for each in (pact for pact in made if not pact.is_blamed()):
        document = each.document(notebook.folder)
        found = contributions(test, document)
        if found and (why := each.unused()):
            between = f"{document['consumer']['name']} and {document['provider']['name']}"
            pytest.fail(f"{len(found)} interaction(s) promised between {between}: {why}", pytrace=False)
        entries += [asdict(each) for each in found]
    notebook.add(worker, [{"test": test, "attempt": time.time_ns(), "promised": entries}], kind="promised")


def write_pacts(config: pytest.Config, notebook: Notebook) -> None:
    """Merge everything that was promised into the pacts folder, pair by pair; each file all or nothing."""
    from harness.contracts.pact_writer import file_of_pair

    promised = _read_contributions(notebook)
    if not promised:
        return
    folder = pacts_folder(config)
    session = _session(config, notebook)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock_folder(folder):
            for pair in sorted({(each.consumer, each.provider) for each in promised}):
                mine = [each for each in promised if (each.consumer, each.provider) == pair]
                _write_pair(file_of_pair(folder, pair), pair, mine, session, notebook)
            for path in _others(folder, config, notebook):
                _take_back(path, session, notebook)
    except OSError as error:
        notebook.wrong.append(f"{display_path(folder)}: the pacts cannot be written: {error.strerror or error}")


def _others(folder: Path, config: pytest.Config, notebook: Notebook) -> list[Path]:
    """The other pacts of the folder; outside of what names are relative to, names do not say whose a test is."""
    if not folder.resolve().is_relative_to(config.stash[NAMES].root.resolve()):
        return []
    return sorted(set(folder.glob("*.json")) - set(notebook.files))


@contextlib.contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Keep other sessions from merging into the folder meanwhile."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write_pair(
    path: Path, pair: tuple[str, str], mine: list[Contribution], session: SuiteSession, notebook: Notebook
) -> None:
    """Write what remains of a pact and what is new in it; a pact that nobody promises any more goes."""
    from harness.contracts.pact_writer import merge, replace_file

    notebook.files.append(path)
    before = path.read_bytes() if path.exists() else None
    try:
        merged = merge(before, mine, pair, session, place=display_path(path))
    except ContractError as error:
        notebook.wrong += [str(problem) for problem in error.problems]
        return
    after = merged.text
    if after is None and before is not None:
        path.unlink()
        notebook.told.append(f"removed {display_path(path)}: no test promises anything in it")
    elif after is not None and after.encode() != before:
        replace_file(path, after)
        notebook.told.append(f"wrote {display_path(path)}")
    notebook.told += _dropped_text(display_path(path), merged.dropped, session)


_LISTED = 5  # lines of one kind in a summary


def _dropped_text(place: str, dropped: tuple[DroppedPromise, ...], session: SuiteSession) -> list[str]:
    """What a pact promises no more, with the tests that went or changed their mind."""
    lines = []
    for each in dropped[:_LISTED]:
        why = [f"{test} {'no longer promises it' if test in session.passed else 'is gone'}" for test in each.tests]
        lines.append(f"dropped '{each.description}' from {place}: {', '.join(why)}")
    rest = len(dropped) - _LISTED
    return [*lines, f"dropped {rest} more from {place}"] if rest > 0 else lines


def _take_back(path: Path, session: SuiteSession, notebook: Notebook) -> None:
    """Drop from the pact of another pair what tests of this session used to promise there."""
    from harness.contracts.pact_writer import pair_of, takes_back

    text = path.read_bytes()
    try:
        if takes_back(text, session, place=display_path(path)):
            _write_pair(path, pair_of(text, display_path(path)), [], session, notebook)
    except ContractError:
        return  # whoever reads the pacts will say so; it is none of this session's


def display_path(path: Path) -> str:
    """A path as a person would type it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _session(config: pytest.Config, notebook: Notebook) -> SuiteSession:
    """Which tests exist, as far as this session can know."""
    from harness.contracts.pact_writer import SuiteSession

    entries = notebook.read("collected")
    searched = [path for arg in config.args if (path := config.invocation_params.dir / arg).is_dir()]
    collected = CollectedTests(
        names=config.stash[NAMES],
        tests=frozenset(test for entry in entries for test in entry["tests"]),
        driven=frozenset(test for entry in entries for test in entry["driven"]),
        whole=bool(entries) and all(entry["whole"] for entry in entries),
        searched=tuple(searched),
    )
    former = {test: name for entry in entries for test, name in entry["former"].items()}
    return SuiteSession(passed=frozenset(notebook.passed), gone=collected.gone, former=former)


def _read_contributions(notebook: Notebook) -> list[Contribution]:
    """What the tests that passed promised, each in its last attempt."""
    from harness.contracts.pact_writer import Contribution

    last: dict[str, dict[str, Any]] = {}
    for entry in notebook.read("promised"):
        if entry["test"] in notebook.passed:
            last[entry["test"]] = max(entry, last.get(entry["test"], entry), key=lambda e: int(e["attempt"]))
    return [Contribution(**each) for entry in last.values() for each in entry["promised"]]
