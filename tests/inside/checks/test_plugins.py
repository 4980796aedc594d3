"""The door: what is built in comes through it, and a plug-in that cannot be used is told and brings nothing."""

from __future__ import annotations

import sys
from contextlib import closing
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from harness import hookspecs, plugins
from harness.checks.kind import Kind
from harness.engine.events import CheckStarted, TaskId, read_events, write
from harness.errors import ManifestError
from harness.evidence import Evidence, EvidenceKind
from harness.identity import Version
from harness.ledger.sql_ledger import open_ledger
from harness.plugins import BUILT_IN, Door, all_kinds, built_in_kinds, find_kind
from harness.reports.phrases import resolving, title
from harness.services.manifest.file import load
from harness.services.reading import PluginChecks
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.checks.api import Check
    from harness.services.system import System

CHECKS = "contract_harness_checks"


def no_check() -> Check:
    raise AssertionError("nothing runs here")


def kind(key: str = "request-id") -> Kind:
    return Kind(key=EvidenceKind(key), check=no_check, title="{provider} names requests", breach="hides requests")


@pytest.fixture
def installed() -> Iterator[Callable[..., Door]]:
    """A door with plug-ins, each a module with these functions or values."""
    names: list[str] = []

    def install(**content: dict[str, object]) -> Door:
        for name, members in content.items():
            module = ModuleType(f"a_plugin_{name}")
            vars(module).update(members)
            sys.modules[module.__name__] = module
            names.append(module.__name__)
        points = [EntryPoint(each, f"a_plugin_{each}", hookspecs.PROJECT) for each in content]
        return Door(installed=lambda: points)

    yield install
    for name in names:
        del sys.modules[name]


def test_every_hook_has_something_built_in() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith(f"{hookspecs.PROJECT}_")}
    assert hooks == set(BUILT_IN)
    assert all(BUILT_IN.values())


@pytest.mark.parametrize("hook", sorted(BUILT_IN))
def test_every_hook_is_documented_and_what_is_built_in_implements_it(hook: str) -> None:
    assert getattr(hookspecs, hook).__doc__
    assert Door(installed=tuple).built_in(hook, object)  # type: ignore[type-var]


def test_every_kind_of_evidence_with_a_name_comes_through_the_door() -> None:
    assert [each.key for each in built_in_kinds().values()] == list(EvidenceKind)


def test_what_a_plug_in_brings_stands_beside_what_is_built_in(installed: Callable[..., Door]) -> None:
    toy = kind()
    door = installed(toy={CHECKS: lambda: [toy]})
    assert door.find(CHECKS, "request-id", Kind) is toy
    assert list(door.every(CHECKS, Kind)) == [*map(str, EvidenceKind), "request-id"]
    assert door.failed == []


def test_no_plug_in_is_loaded_for_what_is_built_in() -> None:
    def never() -> list[EntryPoint]:
        raise AssertionError("a plug-in was looked for")

    door = Door(installed=never)
    assert door.find(CHECKS, "pacts", Kind) is built_in_kinds()["pacts"]


def _raise(error: BaseException) -> object:
    raise error


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({CHECKS: lambda: _raise(OSError("no disk"))}, "contract_harness_checks fails: OSError: no disk"),
        ({CHECKS: lambda: _raise(SystemExit(0))}, "contract_harness_checks fails: SystemExit: 0"),
        ({CHECKS: lambda: None}, "contract_harness_checks fails: TypeError: 'NoneType' object is not iterable"),
        ({CHECKS: lambda: ["request-id"]}, "brings 'request-id', which is no Kind"),
        ({CHECKS: lambda: [kind("pacts")]}, "brings 'pacts', and there is one called so already"),
        ({"contract_harness_chekcs": lambda: ()}, "no hook is called contract_harness_chekcs; there are: "),
        ({}, "has no hook (no function whose name begins contract_harness_)"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_told_by_name_and_brings_nothing(
    members: dict[str, object], why: str, installed: Callable[..., Door]
) -> None:
    toy = kind("other")
    door = installed(bad=members, good={CHECKS: lambda: [toy]})
    assert list(door.every(CHECKS, Kind)) == [*map(str, EvidenceKind), "other"]
    assert door.every(CHECKS, Kind)["pacts"] is not kind("pacts")
    assert [each.name for each in door.failed] == ["bad"]
    assert why in str(door.failed[0])
    assert str(door.failed[0]).startswith("the plug-in 'bad' cannot be used: ")


def test_a_plug_in_that_is_not_there_is_told_by_name() -> None:
    door = Door(installed=lambda: [EntryPoint("gone", "no_such_module_anywhere", hookspecs.PROJECT)])
    assert door.find(CHECKS, "request-id", Kind) is None
    assert str(door.failed[0]) == (
        "the plug-in 'gone' cannot be used: ModuleNotFoundError: No module named 'no_such_module_anywhere'"
    )


@pytest.mark.parametrize("each", [*built_in_kinds().values()], ids=lambda kind: str(kind.key))
def test_every_kind_has_its_words_and_a_key_that_reads_back_as_itself(each: Kind) -> None:
    assert EvidenceKind(each.key.value) is each.key
    assert find_kind(each.key) is each
    assert each.title.format(provider="orders 1", consumer="web 1")
    assert each.breach


@pytest.mark.parametrize("key", ["", "A", "a b", "-a", "a-", "a--b", "a\n", "ä", "a_b"])
def test_what_is_no_key_is_no_kind_of_evidence(key: str) -> None:
    with pytest.raises(ValueError, match="is not a valid EvidenceKind"):
        EvidenceKind(key)


@pytest.mark.parametrize(
    "changed", [{"key": "request-id"}, {"title": ""}, {"breach": " "}, {"title": "{service} is fine"}]
)
def test_a_kind_without_words_or_key_is_refused_where_it_is_made(changed: dict[str, str]) -> None:
    given = {"key": EvidenceKind("request-id"), "check": no_check, "title": "t", "breach": "b", **changed}
    with pytest.raises((TypeError, ValueError, KeyError)):
        Kind(**given)  # type: ignore[arg-type]


def test_the_process_has_one_door() -> None:
    assert plugins.door() is plugins.door()
    assert set(built_in_kinds()) <= set(all_kinds())


BROUGHT = {"request-id": {"header": str, "paths": tuple, "most": int, "strict": bool}}
TABLE = '[services.orders]\nurl = "http://127.0.0.1:1"\n'


def read_manifest(text: str, tmp_path: Path, failed: tuple[str, ...] = ()) -> System:
    (tmp_path / "harness.toml").write_text(TABLE + text)
    checks = PluginChecks(keys={} if failed else BROUGHT, failed=failed)
    return load(tmp_path / "harness.toml", {}, plugin_checks=lambda: checks)


def test_a_service_has_a_table_for_each_kind_that_a_plug_in_brings(tmp_path: Path) -> None:
    written = 'header = "X"\npaths = ["/a", "/b"]\nmost = 3\nstrict = true\n'
    service = read_manifest(f"[services.orders.checks.request-id]\n{written}", tmp_path).service("orders")
    assert service.table_of("request-id") == (
        ("header", "X"),
        ("paths", ("/a", "/b")),
        ("most", 3),
        ("strict", True),
    )
    assert service.table_of("other") is None
    assert read_manifest("checks = { request-id = {} }\n", tmp_path).service("orders").table_of("request-id") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "checks = { request-id = { heading = 'X' } }",
            "services.orders.checks.request-id: unknown key 'heading'",
        ),
        ("checks = { request-id = { most = 'X' } }", "services.orders.checks.request-id.most: a whole number"),
        ("checks = { request-id = 5 }", "services.orders.checks.request-id: a table is needed, not 5"),
        ("checks = 5", "services.orders.checks: a table is needed, not 5"),
        ("checks = { request-it = {} }", "did you mean 'request-id'?"),
        ("checks = { pacts = {} }", "services.orders.checks: 'pacts' is checked anyway and has no table"),
        ("[gate]\nrequire = ['request-it']", "gate.require: unknown kind of evidence 'request-it'"),
    ],
)
def test_a_mistaken_table_of_a_plug_in_is_told_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(text, tmp_path)
    assert said in str(caught.value)


def test_a_kind_that_nobody_brings_is_told_with_the_plug_ins_that_cannot_be_used(tmp_path: Path) -> None:
    for text in ("checks = { request-id = {} }", "[environments.prod]\nrequire = ['request-id']"):
        with pytest.raises(ManifestError, match="the plug-in 'x' cannot be used: OSError"):
            read_manifest(text, tmp_path, ("the plug-in 'x' cannot be used: OSError",))


def test_no_plug_in_is_loaded_for_a_manifest_that_names_none(tmp_path: Path) -> None:
    def never() -> PluginChecks:
        raise AssertionError("plug-ins were loaded")

    (tmp_path / "harness.toml").write_text(TABLE + "[gate]\nrequire = ['pacts', 'properties', 'consumers']\n")
    assert load(tmp_path / "harness.toml", {}, plugin_checks=never).require == ("pacts", "properties", "consumers")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_stored_evidence_of_a_kind_that_nobody_knows_is_unknown(verdict: Verdict, tmp_path: Path) -> None:
    cause = None if verdict is Verdict.PASSED else Cause.BROKEN_PROMISE
    seen = Evidence(
        kind=EvidenceKind("nobody-brings-this"),
        contract="c",
        provider=Version("orders", "1"),
        artifact="a",
        identity="i",
        verdict=verdict,
        cause=cause,
        promised=1,
        exercised=1,
        complete=True,
        run="r",
        at="2026-01-01T00:00:00+00:00",
    )
    with closing(open_ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        ledger.record_evidence(seen)
        (found,) = ledger.facts().evidence
    assert (found.kind, found.verdict, found.cause) == (
        "nobody-brings-this",
        Verdict.UNKNOWN,
        Cause.PLUGIN_MISSING,
    )
    assert "no plug-in here knows the kind of evidence 'nobody-brings-this'" in found.because
    assert not found.decisive


def test_a_recorded_run_with_a_kind_that_nobody_knows_reads_back_and_is_told() -> None:
    task = TaskId(kind=EvidenceKind("nobody-brings-this"), provider=Version("orders", "1"), contract="c")
    event = CheckStarted(task=task, promised=1)
    (again,) = read_events(write([event]))
    assert again == event
    assert title(task) == "orders 1 and its nobody-brings-this, a kind of evidence that nobody here knows"
    assert resolving(task) == "harness run orders=1 --only nobody-brings-this"


def test_the_page_tells_every_hook() -> None:
    page = (Path(__file__).parents[3] / "docs" / "extend.md").read_text(encoding="utf-8")
    assert [hook for hook in BUILT_IN if f"`{hook}`" not in page] == []
