"""Consumer tests: real mock providers, and pacts that several processes write without losing anything."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ContractError
from harness.pytesting.holder import stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pact

    from harness.contracts.pact_writer import Contribution, Session

PASSED = pytest.StashKey[bool]()
NOTEBOOK = pytest.StashKey["Notebook"]()
_SHARED = "harness_pacts"  # the name of the shared folder in what xdist hands to its workers


@dataclass(slots=True)
class Notebook:
    """What the processes of one session write down: contributions, and which tests exist and passed."""

    folder: Path
    owner: bool  # the only process, or the controller of xdist: it merges at the end
    told: list[str] = field(default_factory=list)  # what the summary says
    wrong: list[str] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)

    def add(self, worker: str, entries: list[dict[str, Any]], *, kind: str) -> None:
        """Append entries to this worker's own file."""
        with (self.folder / f"{kind}-{worker}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in entries)

    def read(self, kind: str) -> list[dict[str, Any]]:
        """All entries of a kind, of all workers."""
        files = sorted(self.folder.glob(f"{kind}-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


class Pacts:
    """The hooks behind `pact_between`."""

    def __init__(self, config: pytest.Config) -> None:
        given = getattr(config, "workerinput", {}).get(_SHARED)
        self.notebook = Notebook(Path(given or tempfile.mkdtemp(prefix="harness-pacts-")), owner=given is None)
        self.worker = getattr(config, "workerinput", {}).get("workerid", "main")
        config.stash[NOTEBOOK] = self.notebook

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where the notebook lies."""
        node.workerinput[_SHARED] = str(self.notebook.folder)
        node.workerinput["harness_session"] = os.getpid()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Note every test that exists, before any is deselected."""
        partial = any("::" in arg for arg in config.args) or config.getoption("lf", default=False)
        self.notebook.add(
            self.worker, [{"tests": [item.nodeid for item in items], "whole": not partial}], kind="collected"
        )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that could not be collected does not say which tests are gone."""
        if report.failed:
            self.notebook.add(self.worker, [{"tests": [], "whole": False}], kind="collected")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """Note on the test itself whether it passed, for the fixture's end."""
        report = yield
        if report.when == "call":  # type: ignore[attr-defined]  # a report comes back into the wrapper
            item.stash[PASSED] = report.passed and not hasattr(report, "wasxfail")  # type: ignore[attr-defined]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note every test that passed; under xdist the controller hears of all."""
        if report.when == "call" and report.passed:
            self.notebook.passed.add(report.nodeid)
        elif report.failed:
            self.notebook.passed.discard(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Merge what all processes wrote."""
        if not self.notebook.owner:
            return
        try:
            write_pacts(session.config, self.notebook)
        finally:
            stop(self.notebook.folder)
            shutil.rmtree(self.notebook.folder, ignore_errors=True)
        if self.notebook.wrong:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was written, and what could not be."""
        for line in self.notebook.told:
            terminalreporter.write_line(line)
        if self.notebook.wrong:
            terminalreporter.section("pacts", red=True, bold=True)
            for line in self.notebook.wrong:
                terminalreporter.write_line(line, red=True)


def pacts_folder(config: pytest.Config) -> Path:
    """Where the pacts are written: `--pacts`, else the ini value below the root folder."""
    chosen = config.getoption("--pacts")
    return Path(chosen).absolute() if chosen else config.rootpath / config.getini("harness_pacts")


def between(request: pytest.FixtureRequest) -> Iterator[Callable[..., pact.Pact]]:
    """The value of the fixture `pact_between`, and what happens when the test has ended."""
    made: list[Any] = []

    def pact_between(consumer: str, provider: str, specification: str = "V4") -> pact.Pact:
        """A pact between the two, as pact-python makes it; what a passing test promised is kept."""
        from harness.pytesting.mock_provider import TracedPact

        traced = TracedPact(consumer, provider).with_specification(specification)
        made.append(traced)
        return traced

    yield pact_between
    if request.node.stash.get(PASSED, False):
        _keep(request, made)


def _keep(request: pytest.FixtureRequest, made: list[Any]) -> None:
    """Write down what the test promised; a promise that nothing was asked of is no promise."""
    from harness.contracts.pact_writer import contributions

    notebook = request.config.stash[NOTEBOOK]
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    for each in made:
        document = each.document(notebook.folder)
        found = contributions(request.node.nodeid, document)
        if found and not each.exercised:
            pytest.fail(
                f"{document['consumer']['name']} promised {len(found)} interaction(s) with "
                f"{document['provider']['name']} and never exercised them: use `with pact.serve()` "
                "(or `pact.verify()` for messages) around the code under test",
                pytrace=False,
            )
        notebook.add(worker, [asdict(each) for each in found], kind="promised")


def write_pacts(config: pytest.Config, notebook: Notebook) -> None:
    """Merge everything that was promised into the pacts folder, pair by pair; each file all or nothing."""
    from harness.contracts.pact_writer import Contribution

    promised = [Contribution(**entry) for entry in notebook.read("promised")]
    if not promised:
        return
    session = _session(config, notebook)
    folder = pacts_folder(config)
    for pair in sorted({(each.consumer, each.provider) for each in promised}):
        mine = [each for each in promised if (each.consumer, each.provider) == pair]
        try:
            _write_pair(config, folder, pair, mine, session, notebook)
        except ContractError as error:
            notebook.wrong += [str(problem) for problem in error.problems]


def _write_pair(
    config: pytest.Config,
    folder: Path,
    pair: tuple[str, str],
    mine: list[Contribution],
    session: Session,
    notebook: Notebook,
) -> None:
    from harness.contracts.pact_writer import file_name, merge

    path = folder / file_name(*pair)
    shown = str(path.relative_to(config.rootpath)) if path.is_relative_to(config.rootpath) else str(path)
    before = path.read_text(encoding="utf-8") if path.exists() else None
    after = merge(before, mine, pair, session, place=shown)
    if after is None or after == before:
        return
    folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".json.new")
    draft.write_text(after, encoding="utf-8")
    draft.replace(path)
    notebook.told.append(f"wrote {shown}")


def _session(config: pytest.Config, notebook: Notebook) -> Session:
    """Which tests exist, as far as this session can know."""
    from harness.contracts.pact_writer import Session

    collected = notebook.read("collected")
    tests = {test for entry in collected for test in entry["tests"]}
    whole = bool(collected) and all(entry["whole"] for entry in collected)
    files = {test.partition("::")[0] for test in tests} if whole else set()

    def gone(test: str) -> bool:
        file = test.partition("::")[0]
        return not (config.rootpath / file).exists() or (file in files and test not in tests)

    return Session(passed=frozenset(notebook.passed), gone=gone)
