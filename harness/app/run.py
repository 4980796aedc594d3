"""A run, put together: which adapters, which versions, what is known before anything starts."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.app import content
from harness.app.naming import (
    RunMaterial,
    by_version,
    describe,
    descriptors,
    numbers,
    settle,
)
from harness.app.run_notices import (
    after_the_run,
    before_the_run,
    other_builds_broke,
    untraced_of,
    untraced_pacts,
    with_a_run,
)
from harness.app.service_documents import known_documents, read_document
from harness.app.suite_identity import started_programs, suite_key
from harness.checkout import Checkout
from harness.engine.answer import Notes, evidence_of
from harness.engine.conduct import PlanRunner, replay_task
from harness.engine.events import CheckFinished, Event, Noticed, RunStarted, ServiceStep
from harness.engine.plan import Inputs, Plan, Task, make_plan
from harness.engine.run import RunContext, run_task
from harness.errors import ServiceDidNotStart, UnknownName
from harness.evidence import Evidence, EvidenceKind, Facts, Known, Subject, is_latest
from harness.identity import Version, digest
from harness.plugins import door
from harness.ports import Ledger, Runtime, Session, Unit
from harness.runtime.project_folder import remark_on
from harness.services.manifest.containers import unused_files, unverified_services
from harness.services.system import Service, System
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.contracts.openapi import OpenApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person asked of a run."""

    manifest: Path | None = None
    broker: str | None = None
    services: Mapping[str, str] = field(default_factory=dict)  # name to version; "" is the manifest's
    only: tuple[EvidenceKind, ...] = ()
    runtime: str = "auto"
    publish: bool = True
    fresh: bool = False
    reuse_failures: bool = False
    built_from: str = ""  # the commit of which CI says that it built what is here
    planning: bool = False  # nothing is built or started
    jobs: int = 2

    def again(self) -> tuple[str, ...]:
        """What a command must repeat to find the same system; no broker, since its URL may hold a secret."""
        words = [] if self.runtime == "auto" else ["--runtime", self.runtime]
        return (*words, "--manifest", str(self.manifest)) if self.manifest else tuple(words)


@dataclass(slots=True, kw_only=True)
class Run:
    """One run, ready to be planned or to happen."""

    options: Options
    system: System
    runtime: Runtime
    note: str  # why this runtime
    ledger: Ledger
    checkout: Checkout
    from_git: str  # the version that git gives; "" outside of a repository
    run: str
    bench: RunContext
    unknown_artifacts: dict[str, str] = field(default_factory=dict)  # name to why it cannot be known
    _material: RunMaterial | None = None
    _known: Mapping[str, Known] = field(default_factory=dict)  # what this run records, once it is settled
    _before: Facts | None = None  # what the ledger knew of it when the run began
    _told: Facts | None = None  # what the ledger knows of it, until this run adds to it
    _everything: Facts | None = None  # all that the ledger knows, likewise
    _noticed: list[Noticed] = field(default_factory=list)
    _earlier: list[CheckFinished] = field(default_factory=list)
    _earlier_evidence: list[Evidence] = field(default_factory=list)

    def events(self) -> Iterator[Event]:
        """Everything that happens, from the first event to the last."""
        selected = self.options.services or {service.name: "" for service in self.system.services}
        yield RunStarted(
            run=self.run,
            harness=__version__,
            at=self.bench.clock.now(),
            runtime=self.runtime.name,
            note=self.note,
            remarks=self.remarks,
            set=tuple(Version(name, self.system.service(name).version or self.from_git) for name in selected),
            seed=self.bench.settings.seed,
        )
        yield from self._build()
        self.artifacts()  # before anything runs: what it writes is no change of what it is
        yield from before_the_run(self.system, self.runtime, self.traced)
        yield from self._write_pacts()
        known = self.settled()
        yield from self._noticed
        yield from self.conductor(self.plan(known), known).events()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the manifest and the files that it names say, and has no effect in this run."""
        here = () if self.runtime.in_containers else unused_files(self.system)
        said = [each.sentence for each in (*self.system.remarks, *unverified_services(self.system), *here)]
        return tuple(filter(None, (*said, *map(str, door().failed), remark_on(self.system.root, os.environ))))

    @property
    def traced(self) -> Checkout:
        """The checkout to whose commit files must belong; none where CI says that it built them of that."""
        return replace(self.checkout, commit="") if self.options.built_from else self.checkout

    def to_build(self) -> tuple[Service, ...]:
        """The services whose build command runs first."""
        return tuple(service for service in self.system.services if self.runtime.to_build(service))

    def _build(self) -> Iterator[Event]:
        """Build what has changed; what fails is told when its service is to start."""
        for service in self.to_build():
            began = self.bench.clock.seconds()
            said = f"build-command: {shlex.join(service.build_command)}"
            yield ServiceStep(name=service.name, version=service.version, text=said)
            with suppress(ServiceDidNotStart):
                self.runtime.build(service)
                took = f"build-command: done in {self.bench.clock.seconds() - began:.1f} s"
                yield ServiceStep(name=service.name, version=service.version, text=took)

    def plan(self, known: Mapping[str, Known]) -> Plan:
        """What would run now, given what is known of the pacticipants."""
        material, kinds = self.material, content.kinds_of(self.system)
        inputs = Inputs(
            system=self.system,
            versions={name: each.version for name, each in known.items()},
            artifacts=material.artifacts,
            pacts=tuple(material.pacts),
            unread=material.unread,
            documents=material.documents,
            kinds=tuple(kind.key for kind in kinds),
            settings=content.tool_settings(self.bench.settings, kinds),
            service_settings=content.service_settings(self.system, kinds),
            suite_keys=content.suite_keys(self.system),
            selected=tuple(self.options.services),
            only=self.options.only,
        )
        return make_plan(inputs, self._reusable, fresh=self.options.fresh)

    def _reusable(self, kind: EvidenceKind, contract: str, identity: str) -> Evidence | None:
        """Only a yes answers instead of a run, unless failures are asked for: what is red is tried again."""
        identity = self._as_it_runs(kind, identity)
        found = self.ledger.reusable(kind, contract, identity) if identity else None
        kept = found is not None and (self.options.reuse_failures or found.verdict is Verdict.PASSED)
        return found if kept else None

    def _as_it_runs(self, kind: EvidenceKind, identity: str) -> str:
        """A suite's identity with all that its last session loaded; that of other checks is whole already."""
        suite = content.suites_of(self.system).get(kind)
        if suite is None:
            return identity
        loaded = suite_key(self.system.root, suite)
        return digest(identity, loaded) if identity and loaded else ""

    def _after(self) -> Iterator[Noticed]:
        yield from after_the_run(self.system, self.runtime)
        for kind, suite in content.suites_of(self.system).items():
            programs = started_programs(self.system.root, suite)
            if programs and not suite.inputs:
                yield Noticed(
                    about=f"the suite of {kind}",
                    text=f"it starts {', '.join(programs[:3])}, and nobody knows what that loads, so it always "
                    "runs again; 'inputs' of the suite in the manifest says what decides it",
                )

    def _disagreements(self, evidence: Sequence[Evidence]) -> Iterator[Noticed]:
        """What another build of a version that this run says yes to broke, as the gate tells it."""
        if self._before is not None:
            facts = with_a_run(self._before, self._known.values(), evidence, self.runtime.name)
            yield from other_builds_broke(facts, evidence, self._known.values(), self.system)

    @property
    def material(self) -> RunMaterial:
        """The pacts on disk, the documents that can be known, and what the services are made of."""
        if self._material is None:
            artifacts = self.artifacts()
            pacts, unread = content.found_pacts(self.system)
            self._material = RunMaterial(
                artifacts=artifacts,
                pacts=pacts,
                unread=unread,
                documents=known_documents(self.system, artifacts, self.ledger),
                untraced=untraced_of(self.system, self.runtime, self.traced),
            )
        return self._material

    @material.setter
    def material(self, value: RunMaterial) -> None:
        self._material = value

    def artifacts(self) -> dict[str, str]:
        """The build of everything that can be started, by name."""
        units: tuple[Unit, ...] = (*self.system.services, *self.system.resources)
        return {unit.name: self.artifact(unit) for unit in units if content.has_artifact(unit)}

    def artifact(self, unit: Unit) -> str:
        """What would be started; "" where that cannot be known, and the start will say why."""
        try:
            if self.options.planning and self.runtime.to_build(unit):
                return ""  # what will be made of its sources is not known
            self.runtime.build(unit)
            return self.runtime.artifact(unit)
        except ServiceDidNotStart as error:
            self.unknown_artifacts[unit.name] = f"{unit.name}: {error.why}"
            return ""

    def settled(self, *, record: bool = True) -> dict[str, Known]:
        """What is known of every pacticipant, under the number that this run records."""
        known = describe(self.system, self.material, self.checkout, self.from_git)
        if record and self.options.publish:
            self._before = self.ledger.facts_about([each.version for each in known.values()], ())
            known, rebuilt = settle(
                known, self._before.versions, self.ledger, self.runtime.name, descriptors(self.system)
            )
            told = [Noticed(about=name, text=text) for name, text in rebuilt.items()]
            self._noticed += [*told, *untraced_pacts(self.system, self.material.pacts, self.traced)]
            self._publish(known)
        self._check_asked(known)
        self._known = known
        return known

    def _check_asked(self, known: Mapping[str, Known]) -> None:
        """A version that only content or git can name must be the one that is here."""
        for name, number in self.options.services.items():
            here = known[name].version.number
            if number and number != here and number not in numbers(self.system.service(name)):
                raise UnknownName(
                    f"{name} {number} is not what is here: the working tree is {name} {here}",
                    hint=f"check out what {number} was made of, or ask for {name}={here}",
                )

    def _publish(self, known: Mapping[str, Known]) -> None:
        for name, each in known.items():
            contracts = [pact.contract() for pact in self.material.pacts if pact.consumer == name]
            document = self.material.documents.get(name)
            if document is not None:
                contracts.append(document.contract())
            if contracts:
                self.ledger.publish(each.version, contracts)

    def conductor(self, plan: Plan, known: Mapping[str, Known], *, decide: bool = True) -> PlanRunner:
        """The plan, ready to happen."""
        require = [k for k in self.system.require if not self.options.only or k in self.options.only]
        return PlanRunner(
            plan=plan,
            run=self.run,
            bench=self.bench,
            session=self._session,
            known=by_version(known.values()),
            require=require,
            document=read_document,
            keep=self.keep if self.options.publish else _forget,
            learned=self.learned,
            notices=self._after,
            standing=self._disagreements,
            jobs=self.options.jobs,
            earlier=tuple(self._earlier),
            earlier_evidence=tuple(self._earlier_evidence),
            decides=decide,
        )

    def _session(self) -> AbstractContextManager[Session]:
        """A place to start the system; the verifiers warm up meanwhile."""
        from harness.checks.pact_provider import prewarm

        prewarm(self.options.jobs)
        return self.runtime.session(self.run)

    def keep(self, evidence: Evidence) -> None:
        """Keep what this run saw; what an earlier run saw only where something later would speak for it."""
        if evidence.run == self.run:
            evidence = replace(evidence, identity=self._as_it_runs(evidence.kind, evidence.identity))
        if evidence.run == self.run or not self._stands(evidence):
            self.ledger.record_evidence(evidence)
            self._told = self._everything = None

    def _stands(self, evidence: Evidence) -> bool:
        """Whether the ledger goes by it already; all of the facts are read only where a part cannot tell."""
        if self._told is None:
            involved = (each.version for each in self._known.values())
            self._told = self.ledger.facts_about([version for version in involved if version.number], ())
        if is_latest(self._told, evidence) or not evidence.kind.is_suite:
            return is_latest(self._told, evidence)
        if self._everything is None:
            self._everything = self.ledger.facts()
        return is_latest(self._everything, evidence)

    def note_earlier(self, finished: CheckFinished) -> None:
        """Count a verdict that was told before the plan."""
        self._earlier.append(finished)

    def learned(self, version: Version, document: OpenApi) -> None:
        """Publish the document that a running service told."""
        if self.options.publish:
            self.ledger.publish(version, [document.contract()])

    def consumers_suite(self) -> Task | None:
        """The suite that writes the pacts before there is a plan, and what answers it; None: not asked."""
        suite, only = self.system.consumer_suite, self.options.only
        asked = not only or any(kind.subject is Subject.WRITERS for kind in only)
        if suite is None or not asked:
            return None
        task = content.consumers_task(self.system, suite)
        if self.options.fresh:
            return task
        earlier = self._reusable(task.id.kind, task.id.contract, task.identity)
        return content.with_evidence(task, earlier) if earlier else task

    def _write_pacts(self) -> Iterator[Event]:
        """Run the consumers' suite, which writes the pacts, unless equal files have passed before."""
        task = self.consumers_suite()
        if task is None or task.suite is None:
            return
        notes = Notes()
        for event in replay_task(task) if task.reused else run_task(task, self.bench):
            notes.take(event)
            yield event
        # The pacts are new now; the evidence belongs to what the suite wrote, so that an edit re-runs it.
        task = content.rewritten(self.system, task)
        finished = notes.finished[task.id]
        self._earlier.append(finished)
        run = finished.reused or self.run
        self._earlier_evidence.append(evidence_of(task, notes, run=run, at=self.bench.clock.now()))


def _forget(evidence: Evidence) -> None:
    """`--no-publish`: what was seen is told, not kept."""
    del evidence
