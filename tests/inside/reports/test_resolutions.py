"""What an answer tells to do exists, can be done where it is read, and is not what was just done."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest
import sample_events as sample
from hypothesis import given
from hypothesis import strategies as st
from small_systems import PLACE, small_system

from harness.cli.main import harness
from harness.evidence import EvidenceKind
from harness.gate import can_i_deploy, commands, resolutions, rollback_targets
from harness.identity import Version
from harness.reports.phrases import resolving
from harness.reports.run_summary import summarize
from harness.reports.unknowns import unknowns
from harness.services.system import Service, System
from harness.verdicts import Cause, Reason, Verdict

PROVIDER, CONSUMER = Version("payments", "1"), Version("orders", "2")


def parses(command: str) -> bool:
    """Whether the real commands take these words; nothing is run."""
    program, name, *rest = shlex.split(command)
    if program != "harness":
        return program in {"docker", "pip"}
    root = harness.make_context("harness", [], resilient_parsing=True)
    found = harness.get_command(root, name)
    assert found is not None, command
    try:
        found.make_context(name, rest, parent=root)
    except click.ClickException as error:
        raise AssertionError(f"{command}: {error.format_message()}") from error
    return True


NAMES = st.text("ab-=@$' \"*é", min_size=1, max_size=6).filter(lambda text: text.strip() == text)
VERSIONS = st.builds(Version, NAMES, NAMES)


@given(VERSIONS, VERSIONS, NAMES)
def test_every_command_that_can_be_told_is_one_that_the_program_takes(
    provider: Version, consumer: Version, environment: str
) -> None:
    assert parses(commands.verify(provider, consumer))
    assert parses(commands.publish(consumer))
    assert parses(commands.up(provider.pacticipant))
    assert parses(commands.can_i_deploy([provider, consumer], environment))
    assert parses(commands.plan([provider, consumer], environment))
    assert parses(commands.rollback([provider.pacticipant], environment, 10))
    for kind in EvidenceKind:
        assert parses(commands.run(provider.pacticipant, kind))


@pytest.mark.parametrize("run", sample.RUNS)
def test_every_command_of_a_run_of_the_sample_is_one_that_the_program_takes(run: str) -> None:
    story = summarize(sample.RUNS[run]())
    told = [each.command for each in unknowns(story)] + [resolving(task.id) for task in story.tasks]
    told += [r.command for r in (story.decided.reasons if story.decided else ()) if r.command]
    assert [command for command in told if command.startswith("harness ") and not parses(command)] == []


@given(st.integers(0, 300))
def test_every_reason_of_a_generated_estate_is_resolved_by_what_the_program_takes(number: int) -> None:
    small = small_system(number)
    reasons = can_i_deploy(small.candidates, PLACE, small.facts).reasons
    for reason in reasons:
        if reason.verdict is not Verdict.PASSED:
            placed = resolutions.here(reason, None)
            assert placed.resolution
            assert not placed.command or parses(placed.command)


def system(**services: Service) -> System:
    return System(root=Path("/x"), manifest=Path("/x/harness.toml"), services=tuple(services.values()))


STARTABLE = Service(name="payments", command=("x",))
CONSUMER_ONLY = Service(name="payments")
TOLD = Service(name="payments", command=("x",), openapi="/openapi.json")


def reason(cause: Cause, command: str, **more: object) -> Reason:
    made = {"verdict": Verdict.UNKNOWN, "text": "t", "consumer": CONSUMER, "provider": PROVIDER, **more}
    return Reason(cause=cause, command=command, **made)  # type: ignore[arg-type]  # the tests name real fields


VERIFY = commands.verify(PROVIDER, CONSUMER)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (system(payments=STARTABLE), VERIFY),
        (
            system(payments=CONSUMER_ONLY),
            f"give [services.payments] an image, build, command or url, then {VERIFY}",
        ),
        (system(), f"in a checkout whose manifest has [services.payments]: {VERIFY}"),
        (None, f"in a checkout whose manifest has [services.payments]: {VERIFY}"),
    ],
)
def test_a_verification_is_run_where_the_provider_can_be_started(where: System | None, told: str) -> None:
    for cause in (Cause.NOT_VERIFIED, Cause.NOT_EXERCISED, Cause.DELETED):
        assert resolutions.here(reason(cause, VERIFY), where).resolution == told


def test_a_document_that_only_the_running_service_tells_is_published_by_a_run() -> None:
    missing = reason(Cause.NOT_PUBLISHED, commands.publish(PROVIDER), consumer=PROVIDER, provider=None)
    assert resolutions.here(missing, system(payments=TOLD)).resolution == "harness run payments"
    publish = "harness publish --pacticipant payments --version 1"
    assert resolutions.here(missing, system(payments=STARTABLE)).resolution == publish
    assert resolutions.here(missing, system()).resolution == f"in a checkout of payments 1: {publish}"


def test_a_provider_that_is_not_here_is_verified_where_it_can_be_started() -> None:
    verify = commands.verify(Version("payments", ""), CONSUMER)
    missing = reason(Cause.NOTHING_DEPLOYED, verify, provider=None, missing="payments")
    assert resolutions.here(missing, system(payments=STARTABLE)) == missing
    for where in (None, system()):
        placed = resolutions.here(missing, where).resolution
        assert placed == "in a checkout whose manifest has [services.payments]: " + verify
    placed = resolutions.here(missing, system(payments=CONSUMER_ONLY)).resolution
    assert placed == f"give [services.payments] an image, build, command or url, then {verify}"


def test_another_version_than_what_is_here_is_published_and_verified_in_its_own_checkout() -> None:
    """Publishing what is here under the number of another version would say something that nobody promised."""
    numbered = system(payments=Service(name="payments", version="3", command=("x",)))
    missing = reason(Cause.NOT_PUBLISHED, commands.publish(PROVIDER), consumer=PROVIDER, provider=None)
    assert resolutions.here(missing, numbered).before == "in a checkout of payments 1:"
    by_git = resolutions.CheckedOut(number="4f0c", can_start=lambda version: version != PROVIDER)
    assert resolutions.here(missing, system(payments=STARTABLE), by_git).before == "in a checkout of payments 1:"
    open_still = resolutions.here(reason(Cause.NOT_VERIFIED, VERIFY), system(payments=STARTABLE), by_git)
    assert open_still.before == "in a checkout of payments 1:"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (EvidenceKind.CONSUMERS, "give the manifest a [suites.consumer], then"),
        (EvidenceKind.INTEGRATION, "give the manifest a [suites.integration], then"),
        (EvidenceKind.PROPERTIES, "give [services.payments] its openapi, then"),
        (EvidenceKind("request-id"), "give [services.payments] a table checks.request-id, then"),
    ],
)
def test_a_kind_of_check_that_the_manifest_does_not_have_is_given_to_it_first(
    kind: EvidenceKind, told: str
) -> None:
    missing = reason(Cause.NOT_VERIFIED, commands.run("payments=1", kind), consumer=None)
    assert resolutions.here(missing, system(payments=STARTABLE)).before == told


@given(st.sampled_from(Cause), VERSIONS, VERSIONS)
def test_a_command_asks_the_memory_that_whoever_asked_had_named(
    cause: Cause, provider: Version, consumer: Version
) -> None:
    named = resolutions.CheckedOut(options=("--broker", "sqlite:///a b.db"))
    for command in (commands.verify(provider, consumer), commands.publish(consumer), commands.up("payments")):
        placed = resolutions.here(reason(cause, command, provider=provider), system(), named).command
        assert not placed or parses(placed)
        assert not placed or ("--broker" in shlex.split(placed)) == (command != commands.up("payments"))


def test_the_commands_that_are_told_with_a_broker_are_those_that_take_one() -> None:
    root = harness.make_context("harness", [], resilient_parsing=True)
    for name in commands.ASK_A_MEMORY:
        command = harness.get_command(root, name)
        assert command is not None
        assert {"broker", "manifest"} <= {each.name for each in command.params}, name


def test_what_no_command_resolves_is_told_in_words_that_are_no_command() -> None:
    placed = resolutions.here(reason(Cause.KIND_NOT_CHECKED, VERIFY), system(payments=STARTABLE))
    assert placed.command == ""
    assert "the provider's own Pact library" in placed.resolution
    assert resolutions.instead(Cause.KIND_NOT_CHECKED, VERIFY) == placed.resolution


@given(st.sampled_from(Cause), st.sampled_from([VERIFY, commands.run("payments"), commands.publish(CONSUMER)]))
def test_wherever_it_is_read_every_reason_has_a_resolution(cause: Cause, command: str) -> None:
    for where in (None, system(), system(payments=CONSUMER_ONLY), system(payments=TOLD)):
        placed = resolutions.here(reason(cause, command, missing="payments"), where)
        assert placed.resolution
        assert not placed.command or parses(placed.command)
        if placed.command.startswith(("harness verify", "harness run")) and not placed.before:
            assert where is not None
            assert any(service.name == "payments" and service.startable for service in where.services)


def test_a_search_that_gave_up_is_told_a_bound_that_it_did_not_have() -> None:
    given_up = 0
    for number in range(1, 60, 3):  # those with a long history
        small = small_system(number)
        for bound in (1, 10):
            reasons = rollback_targets(small.named, PLACE, small.facts, bound=bound).reasons if small.named else ()
            gave_up = [each.command for each in reasons if each.cause is Cause.TOO_MANY]
            assert all(command.endswith(f"--bound {bound * 10}") for command in gave_up)
            given_up += len(gave_up)
    assert given_up
