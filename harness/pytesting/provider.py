"""`pytest --harness`: every interaction and every operation of the manifest as a test of its own.

The items of one check share one run of it, also under xdist: the first worker that needs it runs it, in a system
of its own, and the others read what it wrote. `--dist loadscope` keeps a check on one worker: nobody waits.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import HarnessError
from harness.evidence import EvidenceKind, Subject
from harness.identity import canonical_json, digest
from harness.pytesting.consumer import NOTEBOOK
from harness.services.manifest.file import find
from harness.verdicts import Exercised, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.app.provider_checks import PlannedTask, SystemVerification, TaskResult

WHOLE = "the document as a whole"  # what no single operation stands for: findings beside them, a crash


def register(config: pytest.Config) -> None:
    """Take part in collection."""
    config.addinivalue_line("markers", "xdist_group(name): checks of one provider stay on one worker")
    config.pluginmanager.register(ProviderChecks(config), "harness-provider-checks")


class ProviderChecks:
    """The hooks behind `--harness`."""

    def __init__(self, config: pytest.Config) -> None:
        chosen = config.getoption("--harness-manifest") or _manifest_argument(config)
        try:
            self.manifest = Path(chosen).absolute() if chosen else find(config.rootpath)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error
        self._config = config
        self._stack = ExitStack()
        self._verification: SystemVerification | None = None
        self._results: dict[PlannedTask, TaskResult] = {}

    @property
    def verification(self) -> SystemVerification:
        """The checks, prepared once."""
        if self._verification is None:
            from harness.composition.runs import verification

            runtime = self._config.getoption("--harness-runtime")
            self._verification = self._stack.enter_context(verification(self.manifest, runtime))
        return self._verification

    def result(self, task: PlannedTask) -> TaskResult:
        """What became of a task, which runs once in a session, whoever asks first."""
        if task not in self._results:
            self._results[task] = self._shared(task)
        return self._results[task]

    def _shared(self, task: PlannedTask) -> TaskResult:
        from filelock import FileLock

        from harness.app.provider_checks import task_result
        from harness.engine.events import read_events, write

        folder = self._config.stash[NOTEBOOK].folder
        name = f"check-{digest(canonical_json(asdict(task)))}"
        path = folder / f"{name}.ndjson"
        with FileLock(folder / f"{name}.lock"):
            if not path.exists():
                draft = folder / f"{name}.new"
                draft.write_text("\n".join(write(self.verification.events(task))), encoding="utf-8")
                draft.replace(path)
        return task_result(read_events(path.read_text(encoding="utf-8").split("\n")))

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """The manifest itself is a file of tests."""
        if file_path == self.manifest:
            return ManifestFile.from_parent(parent, path=file_path, checks=self)
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Add the checks where no argument says which tests are meant."""
        named = config.args_source is pytest.Config.ArgsSource.ARGS
        if not named and not any(isinstance(item, PromiseItem) for item in items):
            file = ManifestFile.from_parent(session, path=self.manifest, checks=self)
            items.extend(_leaves(file))

    def pytest_sessionfinish(self) -> None:
        """Stop what was started."""
        self._stack.close()


def _manifest_argument(config: pytest.Config) -> str:
    """The manifest among the arguments: `pytest --harness fixtures/harness.toml::orders`."""
    paths = (config.invocation_params.dir / arg.partition("::")[0] for arg in config.args)
    return next((str(path) for path in paths if path.name == "harness.toml" and path.is_file()), "")


def _leaves(collector: pytest.Collector) -> Iterator[pytest.Item]:
    for node in collector.collect():
        if isinstance(node, pytest.Item):
            yield node
        elif isinstance(node, pytest.Collector):
            yield from _leaves(node)


class ManifestFile(pytest.File):
    """The manifest: its providers."""

    def __init__(self, *, checks: ProviderChecks, **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type]  # pytest hands its own arguments through
        self.checks = checks

    def collect(self) -> Iterator[pytest.Collector]:
        """One group per provider, below it one per kind, below that one per consumer: `orders::pacts::web`."""
        try:
            tasks = self.checks.verification.tasks()
        except HarnessError as error:
            raise self.CollectError(str(error)) from error
        for provider in dict.fromkeys(task.provider for task in tasks):
            mine = tuple(task for task in tasks if task.provider == provider)
            yield Provider.from_parent(self, name=provider, tasks=mine, checks=self.checks)


class Provider(pytest.Collector):
    """One provider, or one kind of its checks."""

    def __init__(self, *, tasks: tuple[PlannedTask, ...], checks: ProviderChecks, **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type]  # pytest hands its own arguments through
        self.tasks = tasks
        self.checks = checks

    def collect(self) -> Iterator[pytest.Collector]:
        """The kinds of checks; for pacts, the consumers below."""
        pacts = tuple(task for task in self.tasks if task.consumer)
        if pacts and isinstance(self.parent, ManifestFile):
            yield Provider.from_parent(self, name=pacts[0].kind, tasks=pacts, checks=self.checks)
            pacts = ()
        for task in pacts or (task for task in self.tasks if not task.consumer):
            yield TaskGroup.from_parent(self, name=task.consumer or task.kind, task=task, checks=self.checks)


class TaskGroup(pytest.Collector):
    """One promise document on one provider."""

    def __init__(self, *, task: PlannedTask, checks: ProviderChecks, **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type]  # pytest hands its own arguments through
        self.task = task
        self.checks = checks

    def collect(self) -> Iterator[pytest.Item]:
        """One test per promise, and one for what no promise stands for."""
        counts: dict[str, int] = {}
        for subject in self.task.subjects:
            counts[subject] = counts.get(subject, 0) + 1
            number = counts[subject]
            name = subject if number == 1 else f"{subject} #{number}"
            yield self._promise(name, subject, number)
        if self.task.kind == "properties" or not self.task.subjects:
            # What a plug-in checks needs no document.
            brought = EvidenceKind(self.task.kind).subject is Subject.SERVICE
            yield self._promise("all that is tried" if brought else WHOLE, "", 1)

    def _promise(self, name: str, subject: str, number: int) -> PromiseItem:
        return PromiseItem.from_parent(self, name=name, subject=subject, number=number)


class PromiseItem(pytest.Item):
    """One promise that a provider must keep."""

    parent: TaskGroup

    def __init__(self, *, subject: str, number: int, **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type]  # pytest hands its own arguments through
        self.subject = subject  # "" is the task as a whole
        self.number = number  # which of several promises of one name

    def runtest(self) -> None:
        """Pass when the promise was seen kept; fail for a broken one, and for what could not be told."""
        result = self.parent.checks.result(self.parent.task)
        if result.finished.reused:
            self.add_report_section("call", "evidence", f"answered by run {result.finished.reused}")
        failure = self._as_a_whole(result) if not self.subject else self._of_one(result)
        if failure:
            raise PromiseNotKept(failure)

    def _of_one(self, result: TaskResult) -> str:
        mine = [each for each in result.exercised if each.subject == self.subject]
        if len(mine) < self.number:
            return _task(result)
        findings = [each for each in result.findings if each.subject == self.subject]
        failure = _failure_text(mine[self.number - 1], findings)
        return failure or (_beside(result, self.parent.task.subjects) if self.parent.task.consumer else "")

    def _as_a_whole(self, result: TaskResult) -> str:
        if result.finished.verdict is Verdict.UNKNOWN or not result.exercised:
            return _task(result)
        return _beside(result, self.parent.task.subjects)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """A promise is told in its own words; anything else as pytest does."""
        del style
        if isinstance(excinfo.value, PromiseNotKept | HarnessError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where an editor jumps to: the manifest."""
        task = self.parent.task
        about = f"{task.consumer} needs {task.provider}" if task.consumer else f"{task.provider} {task.kind}"
        return self.path, None, f"{about}: {self.name}"


class PromiseNotKept(Exception):
    """A promise is broken, or could not be seen kept; it carries the words for people."""


def _failure_text(exercised: Exercised, findings: Sequence[Finding]) -> str:
    """Why a promise does not count as kept; "" when it does. A finding is never overruled by a yes."""
    if exercised.verdict is Verdict.UNKNOWN or (exercised.verdict is Verdict.FAILED and not findings):
        lines = [f"{exercised.verdict.value}: {exercised.cause}: {exercised.because}"]
        lines += [f"written at: {exercised.place}"] if exercised.place else []
        lines += [f"replay: {exercised.replay}"] if exercised.replay else []
        return "\n".join(lines)
    return "\n\n".join(map(_finding, findings))


def _beside(result: TaskResult, known: Sequence[str]) -> str:
    """What no test of a single promise says, though the task as a whole is no yes."""
    others = [each for each in result.exercised if each.subject not in known]
    parts = [_failure_text(each, [f for f in result.findings if f.subject == each.subject]) for each in others]
    subjects = {each.subject for each in result.exercised}
    parts += [_finding(each) for each in result.findings if each.subject not in subjects]
    failure = "\n\n".join(part for part in parts if part)
    promised = [e for e in result.exercised if e.subject in known]
    explained = any(_failure_text(e, [f for f in result.findings if f.subject == e.subject]) for e in promised)
    return failure or ("" if explained or result.finished.verdict is Verdict.PASSED else _task(result))


def _task(result: TaskResult) -> str:
    return f"{result.finished.verdict.value}: {result.finished.cause}: {result.finished.because}"


def _finding(finding: Finding) -> str:
    lines = [f"FAILED: {finding.code}: {finding.subject}"]
    lines += [f"expected: {finding.expected}", f"came: {finding.actual}"]
    for each in finding.differences[1:]:
        lines.append(f"  {each.sentence}")
    lines += [f"written at: {finding.place}"] if finding.place else []
    lines += [f"mend: {finding.remedy}"] if finding.remedy else []
    lines += [f"replay: {finding.replay}"] if finding.replay else []
    return "\n".join(lines)
