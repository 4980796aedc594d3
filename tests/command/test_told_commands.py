"""What an answer tells to do, done as it is told: the answer changes or says something new, until it is a yes.

A reader runs the first command of an answer where it is read, does before it what is told to be done before it,
and asks again. Whoever does so comes to an end within a few steps, and never twice to the same answer.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from broker_client import Client
from new_ledgers import new_ledger
from projects import PACT, harness, project
from small_systems import PASSED, seen

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.contracts.pact_reader import pact_key
from harness.evidence import Known
from harness.identity import Version
from harness.ledger.db.database import open_database
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause

SHOWN = (Cause.BROKEN_PROMISE, Cause.DID_NOT_START, Cause.NOTHING_EXERCISED)  # by the command that is told
MOST = 8  # steps, until whoever follows them has given up
QUESTIONS = ("can-i-deploy", "plan", "rollback")
ASKED = ("can-i-deploy", "reader=1", "things=1", "--to", "production")
RUN = ("run",)


@dataclass
class Reader:
    """Somebody who does what they are told, and nothing else."""

    folder: Path
    question: tuple[str, ...]
    mend: Callable[[Path], tuple[str, ...] | None]  # what is to be done in words; the question from then on
    causes: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    _seen: list[object] = field(default_factory=list)

    def follow(self) -> list[str]:
        """Until the answer is a yes; what was told on the way."""
        for _ in range(MOST):
            answer = self.ask(*self.question)
            if answer["verdict"] == "PASSED":
                return self.told
            opens = self.opens(answer)
            assert opens, f"no answer says why: {answer}"
            self.causes += [each["cause"] for each in opens]
            new = self.is_new(opens)
            self.obey(opens[0], new=new)
        raise AssertionError(f"no end: {self.told}")

    def opens(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        """Everything that stands against a yes, with what is told to do."""
        reasons = [each for each in answer["reasons"] if each["verdict"] != "PASSED"]
        for each in reasons:
            assert each["cause"]
            assert each["command"] or each["before"], each
        return reasons or answer.get("unknown", [])

    def is_new(self, opens: object) -> bool:
        told = json.dumps(opens, default=str)
        new = told not in self._seen
        self._seen.append(told)
        return new

    def obey(self, reason: dict[str, Any], *, new: bool) -> None:
        """What is to be done first, and then the command."""
        command, before = reason["command"], reason["before"]
        self.told.append(f"{before or ''} {command or ''}".strip())
        if before:
            self.question = self.mend(self.folder) or self.question
            self.mend = lambda _: pytest.fail(f"to be done again: {self.told}")
        words = shlex.split(command or "")
        if words and words[0] == "harness" and words[1] in QUESTIONS:
            self.question = tuple(words[1:])
            return
        said = self.run(words)
        if not before and not new and not self.is_new(said):
            self.mend_what_was_shown(reason)

    def mend_what_was_shown(self, reason: dict[str, Any]) -> None:
        """A broken promise is shown with all that came, what did not start with its log: that is to be mended."""
        assert reason["cause"] in SHOWN, f"the same again: {self.told}"
        assert reason["cause"] != Cause.BROKEN_PROMISE or reason["broken"], reason
        self.question = self.mend(self.folder) or self.question

    def ask(self, *arguments: str) -> dict[str, Any]:
        done = harness(*arguments, "--json", cwd=self.folder, environment=PROCESSES)
        assert done.returncode in (0, 1, 3), f"{arguments}: {done.stderr}"
        return dict(json.loads(done.stdout))

    def run(self, words: list[str]) -> object:
        """The command, and what a reader learns of it; none that is told is refused."""
        if not words:
            return None
        assert words[0] == "harness", words
        asked = [*words[1:], "--json"] if {*words} & {"run", "verify"} else words[1:]
        done = harness(*asked, cwd=self.folder, environment=PROCESSES)
        assert done.returncode in (0, 1, 3), f"{words}: {done.stderr}"
        if "--json" not in asked:
            return done.stdout
        told = json.loads(done.stdout)
        return [told.get(key) for key in ("verdict", "unknown", "findings", "nothing")]


PROCESSES = {"HARNESS_RUNTIME": "process", "HARNESS_EXAMPLES": "5"}


def nothing(folder: Path) -> None:
    raise AssertionError(f"nothing was to be done in {folder}")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """How a cause comes about, in words a folder; and what somebody does who is told to do something in words."""

    cause: Cause
    make: Callable[[Path], None]
    asked: tuple[str, ...] = RUN
    mend: Callable[[Path], tuple[str, ...] | None] = nothing


def change(path: str, old: str, new: str) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        text = (folder / path).read_text()
        assert old in text, (path, old)
        (folder / path).write_text(text.replace(old, new))

    return changed


def pact(**told: Any) -> Callable[[Path], None]:
    """The pact, with other interactions."""

    def written(folder: Path) -> None:
        (folder / "pacts" / "reader-things.json").write_text(json.dumps({**PACT, **told}))

    return written


def pact_of(text: str) -> Callable[[Path], None]:
    """A file where the pact should be."""

    def written(folder: Path) -> None:
        (folder / "pacts" / "reader-things.json").write_text(text)

    return written


def commanded(*arguments: str) -> Callable[[Path], None]:
    def done(folder: Path) -> None:
        ended = harness(*arguments, cwd=folder, environment=PROCESSES)
        assert ended.returncode in (0, 1, 3), ended.stderr

    return done


def both(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    def done(folder: Path) -> None:
        for step in steps:
            step(folder)

    return done


WITHOUT_DOCUMENT = change("harness.toml", 'openapi = "openapi.json"\n', "")
STRANGE = {
    "interactions": [{**PACT["interactions"][0], "providerStates": [{"name": "unheard of"}]}],  # type: ignore[index]
}
BREAK = change("things/service.py", '"name": "seven"}', '"title": "seven"}')
KEEP = change("things/service.py", '"title": "seven"}', '"name": "seven"}')
RAISE = change("harness.toml", 'version = "1"\nbuild', 'version = "1.1"\nbuild')
RAISED = ("can-i-deploy", "reader=1", "things=1.1", "--to", "production")
DIES = "            import signal; os.kill(os.getpid(), signal.SIGKILL)\n"
LIVES = '        elif path == "/things/7":\n'


def raised(folder: Path) -> tuple[str, ...]:
    """What is here gets a number of its own, since another build has the old one."""
    RAISE(folder)
    return RAISED


def kept_under_another_number(folder: Path) -> tuple[str, ...]:
    KEEP(folder)
    RAISE(folder)
    commanded("run")(folder)
    return RAISED


def add(path: str, text: str) -> Callable[[Path], None]:
    def added(folder: Path) -> None:
        (folder / path).write_text((folder / path).read_text() + text)

    return added


def with_suite(folder: Path) -> None:
    (folder / "suite").mkdir()
    (folder / "suite/test_all.py").write_text(SUITE)
    add("harness.toml", '\n[suites.integration]\npath = "suite"\n')(folder)


STRICT = '\n[environments.strict]\nrequire = ["pacts", "integration"]\n'
SUITE = "def test_that_it_answers(system):\n    assert system\n"
LISTENING = 'print("listening", flush=True)'
ENDING = 'raise SystemExit("no such setting")'
SITUATIONS = {
    "a pact that nobody has verified": Situation(
        cause=Cause.NOT_VERIFIED,
        make=commanded("publish"),
        asked=ASKED,
    ),
    "a provider that is in no place, and can be started here": Situation(
        cause=Cause.NOTHING_DEPLOYED,
        make=both(WITHOUT_DOCUMENT, commanded("publish")),
        asked=("can-i-deploy", "reader=1", "--to", "production"),
    ),
    "a promise that is broken": Situation(
        cause=Cause.BROKEN_PROMISE,
        make=both(WITHOUT_DOCUMENT, BREAK, commanded("run")),
        asked=ASKED,
        mend=kept_under_another_number,
    ),
    "two builds of one version": Situation(
        cause=Cause.DISAGREEING,
        make=both(WITHOUT_DOCUMENT, commanded("run"), BREAK, commanded("run"), KEEP),
        asked=ASKED,
        mend=raised,
    ),
    "a state that the provider does not have": Situation(
        cause=Cause.STATE_MISSING, make=both(WITHOUT_DOCUMENT, pact(**STRANGE)), mend=pact()
    ),
    "a state that cannot be set up": Situation(
        cause=Cause.STATE_FAILED,
        make=both(WITHOUT_DOCUMENT, change("things/service.py", "answer(200, {})", "answer(500, {})")),
        mend=change("things/service.py", "answer(500, {})", "answer(200, {})"),
    ),
    "a service that dies of a request": Situation(
        cause=Cause.SERVICE_DIED,
        make=both(WITHOUT_DOCUMENT, change("things/service.py", LIVES, LIVES + DIES)),
        mend=change("things/service.py", DIES, ""),
    ),
    "a pact that is no pact": Situation(
        cause=Cause.UNREADABLE,
        make=both(WITHOUT_DOCUMENT, pact_of("{")),
        mend=pact(),
    ),
    "nothing that could be checked": Situation(
        cause=Cause.NOTHING_EXERCISED,
        make=both(WITHOUT_DOCUMENT, lambda folder: (folder / "pacts/reader-things.json").unlink()),
        mend=pact(),
    ),
    "a service that does not start": Situation(
        cause=Cause.DID_NOT_START,
        make=both(WITHOUT_DOCUMENT, change("things/service.py", LISTENING, ENDING), commanded("run")),
        asked=ASKED,
        mend=change("things/service.py", ENDING, LISTENING),
    ),
    "a pact that names a provider of which the manifest says nothing": Situation(
        cause=Cause.NOTHING_DEPLOYED,
        make=both(WITHOUT_DOCUMENT, change("harness.toml", "[services.things", "[services.others")),
        mend=change("harness.toml", "[services.others", "[services.things"),
    ),
    "a suite that the manifest does not have": Situation(
        cause=Cause.NOT_VERIFIED,
        make=both(WITHOUT_DOCUMENT, add("harness.toml", STRICT), commanded("run")),
        asked=("can-i-deploy", "things=1", "--to", "strict"),
        mend=with_suite,
    ),
    "a document that there is no time to try": Situation(
        cause=Cause.TIME_RAN_OUT,
        make=change("harness.toml", "seconds = 60", "seconds = 0.01"),
        mend=change("harness.toml", "seconds = 0.01", "seconds = 60"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SITUATIONS)
def test_whoever_does_what_is_told_comes_to_a_yes(name: str, tmp_path: Path) -> None:
    situation = SITUATIONS[name]
    project(tmp_path)
    situation.make(tmp_path)
    reader = Reader(tmp_path, situation.asked, situation.mend)
    reader.follow()
    assert situation.cause.value in reader.causes, reader.told


def with_ledger(folder: Path) -> SqlLedger:
    """The memory of the folder, in which a run of things 1 kept what the pact promises."""
    ledger = new_ledger(folder / ".harness" / "ledger.db")
    ledger.record_version(Known(version=Version("things", "1"), artifacts=frozenset(["artifact of things 1"])))
    ledger.record_evidence(seen(Version("things", "1"), pact_key(PACT), PASSED))
    return ledger


def published(folder: Path) -> None:
    with_ledger(folder).close()
    commanded("publish", "--pacticipant", "reader")(folder)
    commanded("record-deployment", "reader=1", "--environment", "production")(folder)


def only_a_number(folder: Path) -> None:
    """reader 2 is live and has published nothing; reader 1 needed things."""
    published(folder)
    ledger = new_ledger(folder / ".harness" / "ledger.db")
    ledger.record_version(Known(version=Version("reader", "2")))
    ledger.record_deployment("production", Version("reader", "2"))
    ledger.close()
    change("harness.toml", '[services.reader]\nversion = "1"', '[services.reader]\nversion = "2"')(folder)


def deleted(*steps: str) -> Callable[[Path], None]:
    """What somebody deleted at the broker, over HTTP."""

    def done(folder: Path) -> None:
        published(folder)
        database = open_database(str(folder / ".harness" / "ledger.db"))
        client = Client(app=replace(broker(database, BrokerSettings()), threaded=False))
        for url in steps:
            assert client.delete(url).status in (200, 204)
        database.close()

    return done


QUICK = {
    "a version of which nothing but its number is known": Situation(
        cause=Cause.NOT_PUBLISHED,
        make=only_a_number,
        asked=("can-i-deploy", "things=1", "--to", "production"),
    ),
    "a pact that was deleted": Situation(
        cause=Cause.DELETED,
        make=deleted("/pacts/provider/things/consumer/reader/version/1"),
        asked=("can-i-deploy", "things=1", "--to", "production"),
    ),
    "a live version that was deleted": Situation(
        cause=Cause.DELETED,
        make=deleted("/pacticipants/reader/versions/1"),
        asked=("can-i-deploy", "things=1", "--to", "production"),
    ),
    "a provider that is not in the place, and is known": Situation(
        cause=Cause.NOTHING_DEPLOYED,
        make=published,
        asked=("can-i-deploy", "reader=1", "--to", "production"),
    ),
}


@pytest.mark.parametrize("name", QUICK)
def test_whoever_does_what_the_gate_tells_comes_to_a_yes(name: str, tmp_path: Path) -> None:
    situation = QUICK[name]
    project(tmp_path)
    situation.make(tmp_path)
    reader = Reader(tmp_path, situation.asked, situation.mend)
    reader.follow()
    assert situation.cause.value in reader.causes, reader.told


def test_what_was_published_on_advice_is_of_nobody_else(tmp_path: Path) -> None:
    """A number that is told for one pacticipant says nothing of the others in its checkout."""
    project(tmp_path)
    only_a_number(tmp_path)
    asked = ("can-i-deploy", "things=1", "--to", "production", "--json")
    (told,) = json.loads(harness(*asked, cwd=tmp_path).stdout)["reasons"]
    assert (told["command"], told["before"]) == ("harness publish --pacticipant reader --version 2", None)
    done = harness(*shlex.split(told["command"])[1:], "--json", cwd=tmp_path)
    assert [each["name"] for each in json.loads(done.stdout)] == ["reader"]
    done = harness("publish", "--pacticipant", "rader", cwd=tmp_path)
    assert (done.returncode, "did you mean 'reader'?" in done.stderr) == (2, True)


def test_a_name_that_nobody_knows_is_told_how_it_becomes_known(tmp_path: Path) -> None:
    project(tmp_path)
    done = harness(*ASKED, cwd=tmp_path)
    assert done.returncode == 2
    assert "harness publish --pacticipant reader --version 1" in done.stderr
    assert "harness run reader=1" in done.stderr


def test_another_memory_is_named_in_what_is_told(tmp_path: Path) -> None:
    project(tmp_path)
    only_a_number(tmp_path)
    (tmp_path / ".harness" / "ledger.db").rename(tmp_path / "other.db")
    there = f"sqlite:///{tmp_path / 'other.db'}"
    asked = ("can-i-deploy", "things=1", "--to", "production", "--broker", there, "--json")
    (told,) = json.loads(harness(*asked, cwd=tmp_path).stdout)["reasons"]
    assert told["command"].endswith(f" --broker {there}")


def test_what_is_told_of_a_name_with_an_equals_sign_can_be_run(tmp_path: Path) -> None:
    project(tmp_path)
    change("harness.toml", "[services.reader]", '[services."a=b"]')(tmp_path)
    pact(consumer={"name": "a=b"})(tmp_path)
    key = pact_key({**PACT, "consumer": {"name": "a=b"}})
    ledger = new_ledger(tmp_path / ".harness" / "ledger.db")
    ledger.record_version(Known(version=Version("things", "1"), artifacts=frozenset(["artifact of things 1"])))
    ledger.record_evidence(replace(seen(Version("things", "1"), key, PASSED), consumer="a=b"))
    ledger.close()
    asked = ("can-i-deploy", '"a=b"=1', "--to", "production")
    refused = harness(*asked, cwd=tmp_path)
    assert refused.returncode == 2
    assert """harness run '"a=b"=1'""" in refused.stderr
    commanded("publish", "--pacticipant", "a=b")(tmp_path)
    Reader(tmp_path, asked, nothing).follow()


HELD_ELSEWHERE = {  # causes that no small system has, and what holds what is told for them
    Cause.NOT_ASKED: "what stands between is outside of the harness; the words of it: test_resolutions.py",
    Cause.TOOL_CRASHED: "what `harness doctor` tells mends it: test_incomplete_installation.py",
    Cause.NOT_EXERCISED: "test_documents_as_evidence.py",
    Cause.KIND_NOT_CHECKED: "no command of ours checks it: told in words; test_resolutions.py",
    Cause.PLUGIN_MISSING: "test_a_kind_of_check_from_the_page.py",
    Cause.UNKNOWN_NAME: "an error, not an answer: test_a_name_that_nobody_knows_is_told_how_it_becomes_known",
    Cause.INTERRUPTED: "test_interrupted_runs.py",
    Cause.TOO_MANY: "test_gate_laws.py: a higher bound each time",
}


def test_every_cause_has_a_situation_or_a_reason_why_it_has_none() -> None:
    covered = {each.cause for each in (*SITUATIONS.values(), *QUICK.values())}
    assert covered.isdisjoint(HELD_ELSEWHERE)
    assert covered | HELD_ELSEWHERE.keys() == set(Cause)
