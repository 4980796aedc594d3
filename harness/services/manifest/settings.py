"""What the manifest says beside services and resources: broker, policies, suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.services.manifest.entries import one_or_many
from harness.services.manifest.plugin_checks import KINDS, check_plugin_kind
from harness.services.system import EnvironmentPolicy, Suite

if TYPE_CHECKING:
    from harness.services.node import Node
    from harness.services.reading import ReadingContext

_SCHEMES = ("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://", "http://", "https://")


def broker(reading: ReadingContext, node: Node | None) -> str:
    """`[broker] url`; a relative SQLite path is relative to the manifest."""
    keys = reading.table(node, "broker", ("url",))
    url = reading.text(keys.get("url"), "broker.url", secret=True)
    nowhere = url in {"sqlite:///", "sqlite:///:memory:"}  # a ledger that forgets is none
    if url and (nowhere or not (url.startswith(_SCHEMES) and url.isprintable())):
        scheme = url.partition("://")[0] if "://" in url else ""
        told = f"'{scheme[:20]}://…'" if scheme else "what is written there"
        reading.wrong(
            f"broker.url: {told} is not a broker's address",
            keys["url"],
            'one of "sqlite:///PATH", "postgresql://…", "https://…", or "" for the embedded ledger',
        )
        return ""
    if url.startswith("sqlite:///"):
        return f"sqlite:///{reading.path(url.removeprefix('sqlite:///'))}"
    return url


def gate(reading: ReadingContext, node: Node | None) -> tuple[tuple[str, ...], bool]:
    """`[gate] require`, the policy of `harness run`, and `trust_claims`, which holds everywhere."""
    keys = reading.table(node, "gate", ("require", "trust_claims"))
    require = _require(reading, keys.get("require"), "gate.require", ("pacts", "properties"))
    return require, reading.truth(keys.get("trust_claims"), "gate.trust_claims")


def environments(reading: ReadingContext, node: Node | None) -> tuple[EnvironmentPolicy, ...]:
    """`[environments.NAME] require`."""
    found = []
    for name, each in reading.named(node, "environments").items():
        what = f"environments.{name}"
        keys = reading.table(each, what, ("require",))
        found.append(
            EnvironmentPolicy(
                name=name, require=_require(reading, keys.get("require"), f"{what}.require", ("pacts",))
            )
        )
    return tuple(found)


def _require(reading: ReadingContext, node: Node | None, what: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if node is None:
        return default
    written = reading.texts(node, what)
    by_text = {each.value: each for each in (*node.items, node) if isinstance(each.value, str)}
    for kind in written:
        if kind not in KINDS:
            check_plugin_kind(reading, f"{what}: unknown kind of evidence", kind, by_text.get(kind, node))
    return tuple(dict.fromkeys(("pacts", *written)))  # pacts are always required


def suites(reading: ReadingContext, node: Node | None) -> tuple[Suite | None, Suite | None]:
    """`[suites]`: the consumer suite and the integration suite."""
    keys = reading.table(node, "suites", ("consumer", "integration"))
    return (
        _suite(reading, keys.get("consumer"), "suites.consumer"),
        _suite(reading, keys.get("integration"), "suites.integration"),
    )


def _suite(reading: ReadingContext, node: Node | None, what: str) -> Suite | None:
    if node is None:
        return None
    if isinstance(node.value, str):
        path = reading.existing(node, what, "file or folder")
        return Suite(path=path) if path else None
    known = ("path", "inputs", "timeout", *(("record-https",) if what == "suites.integration" else ()))
    keys = reading.table(node, what, known)
    if "path" not in keys and node.table == keys:
        reading.wrong(f"{what}: 'path' is missing", node, 'add path = "FOLDER"')
    found = (
        reading.existing(each, f"{what}.inputs", "file or folder")
        for each in one_or_many(reading, keys.get("inputs"), f"{what}.inputs")
    )
    inputs = tuple(path for path in found if path)
    timeout = reading.seconds(keys.get("timeout"), f"{what}.timeout", 600.0)
    path = reading.existing(keys.get("path"), f"{what}.path", "file or folder")
    record = "record-https" not in keys or reading.truth(keys["record-https"], f"{what}.record-https")
    return Suite(path=path, inputs=inputs, timeout=timeout, record_https=record) if path else None
