"""The manifest's entries for services and resources, read into values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import ManifestError
from harness.services.environment import references
from harness.services.manifest import parts
from harness.services.manifest.containers import container
from harness.services.manifest.plugin_checks import plugin_checks
from harness.services.node import Node, Table, display_value, overlay
from harness.services.system import (
    Ready,
    ReadyKind,
    Resource,
    ResourceKind,
    Service,
    contract_harness_resource_kinds,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.services.reading import ReadingContext

VERSION_KEYS = (
    "image",
    "build",
    "build-command",
    "command",
    "container-command",
    "container",
    "directory",
    "inputs",
    "python",
    "pass-environment",
    "inherit",
    "writes",
    "port",
    "endpoints",
    "ready",
    "environment",
    "needs",
    "openapi",
    "states",
    "stop-timeout",
    "ca",
    "tls-verify",
    "url",
)
_SERVICE_ONLY = ("pacticipant", "version", "versions", "pacts", "auth", "headers", "budget", "ignore", "checks")
SERVICE_KEYS = (*VERSION_KEYS, *_SERVICE_ONLY)
RESOURCE_KEYS = (
    "kind",
    "image",
    "build",
    "command",
    "directory",
    "container-command",
    "container",
    "port",
    "endpoints",
    "ready",
    "environment",
    "needs",
    "database",
    "user",
    "password",
    "stop-timeout",
)
WAYS_TO_START = ("image", "build", "command", "url")
_NEEDS_A_START = ("build-command", "openapi", "ready", "states", "checks")
_EXCLUSIVE = (("image", "build"), ("build", "image"), ("port", "endpoints"), ("endpoints", "port"))


def service(reading: ReadingContext, name: str, node: Node, known: Mapping[str, str]) -> Service:
    """One entry of `[services]`, its other versions included; `known` are the system's keys and whom they mean."""
    what = f"services.{name}"
    reading.table(node, what, SERVICE_KEYS)
    base = _version(reading, name, node, what, known)
    told = set(reading.problems)
    variants = []
    for number, over in reading.table(node.at("versions"), f"{what}.versions").items():
        inner = f"{what}.versions.{number}"
        _check_number(reading, number, over, inner)
        if number == base.version:
            reading.wrong(f"{inner}: {display_value(number)} is the service's own version already", over)
        reading.table(over, inner, VERSION_KEYS)
        own = replace(reading, problems=[])
        merged = _version(own, name, over_version(node, over), inner, known)
        # What the service itself got wrong was told already, and is not wrong once more for each version.
        new = (p for p in own.problems if replace(p, text=p.text.replace(inner, what, 1)) not in told)
        reading.problems.extend(new)
        variants.append(replace(merged, version=number, variants=()))
    return replace(base, variants=tuple(variants))


def over_version(below: Node, above: Node) -> Node:
    """An entry with another laid over it: build and environment key by key, anything else replaced."""
    lower, upper = expand_short_forms(below).table, expand_short_forms(above).table
    replaced = {loser for winner, loser in _EXCLUSIVE if winner in upper}
    merged = {key: node for key, node in lower.items() if key not in replaced and key != "versions"}
    for key, node in upper.items():
        together = key in {"build", "environment", "container"} or (key == "ready" and not _decides(node))
        merged[key] = overlay(merged[key], node) if key in merged and together else node
    return Node(merged, above.where)


def expand_short_forms(node: Node) -> Node:
    """An entry with the short forms of `build` and `ready` spelled out, fit to be laid over another."""
    spelled = dict(node.table)
    for key, long in (("build", "context"), ("ready", ReadyKind.HTTP.value)):
        written = spelled.get(key)
        if written is not None and isinstance(written.value, str):
            spelled[key] = Node({long: written}, written.where)
    return Node(spelled, node.where) if isinstance(node.value, dict) else node


def _decides(ready: Node) -> bool:
    return bool(ready.table.keys() & {kind.value for kind in ReadyKind})


def _version(reading: ReadingContext, name: str, node: Node, what: str, known: Mapping[str, str]) -> Service:
    keys = node.table
    version = reading.text(keys.get("version"), f"{what}.version")
    if "version" in keys and isinstance(keys["version"].value, str):
        _check_number(reading, version, keys["version"], f"{what}.version")
    _check_start(reading, node, what)
    build = parts.build(reading, keys.get("build"), f"{what}.build")
    url = parts.web_address(reading, keys.get("url"), f"{what}.url")
    ports = parts.endpoints(reading, keys.get("port"), keys.get("endpoints"), what, "http")
    directory = reading.existing(keys.get("directory"), f"{what}.directory", "folder")
    environment = reading.pairs(keys.get("environment"), f"{what}.environment", settled=True)
    command = reading.words(keys.get("command"), f"{what}.command")
    used = (*(value for _, value in environment), *command)
    return Service(
        name=known.get(name, name),
        written="" if known.get(name, name) == name else name,
        version=version,
        image=reading.filled_text(keys.get("image"), f"{what}.image"),
        build=build,
        build_command=reading.words(keys.get("build-command"), f"{what}.build-command"),
        command=command,
        container_command=reading.words(keys.get("container-command"), f"{what}.container-command"),
        container=container(reading, keys.get("container"), f"{what}.container"),
        directory=directory or (build.context if build else reading.root),
        endpoints=ports,
        url=url,
        trust=parts.trust(reading, keys, what),
        ready=parts.ready(reading, keys.get("ready"), f"{what}.ready", ports, attached="url" in keys),
        environment=environment,
        needs=_needs(reading, keys, what, used, known),
        openapi=parts.openapi(reading, keys.get("openapi"), f"{what}.openapi"),
        pacts=pact_places(reading, keys.get("pacts"), f"{what}.pacts"),
        states=parts.states(reading, keys.get("states"), f"{what}.states"),
        auth=parts.auth(reading, keys.get("auth"), f"{what}.auth"),
        budget=parts.budget(reading, keys.get("budget"), f"{what}.budget"),
        headers=parts.headers(reading, keys.get("headers"), f"{what}.headers"),
        ignore=reading.texts(keys.get("ignore"), f"{what}.ignore"),
        checks=plugin_checks(reading, keys.get("checks"), f"{what}.checks"),
        inputs=tuple(
            path
            for each in one_or_many(reading, keys.get("inputs"), f"{what}.inputs")
            if (path := reading.existing(each, f"{what}.inputs", "file or folder"))
        ),
        python=parts.interpreter(reading, keys.get("python"), f"{what}.python"),
        pass_environment=parts.variables(reading, keys.get("pass-environment"), f"{what}.pass-environment"),
        inherit=reading.truth(keys["inherit"], f"{what}.inherit") if "inherit" in keys else None,
        writes=reading.texts(keys.get("writes"), f"{what}.writes"),
        stop_timeout=parts.stop_timeout(reading, keys.get("stop-timeout"), f"{what}.stop-timeout"),
        where=node.where,
    )


def resource(reading: ReadingContext, name: str, node: Node, known: Mapping[str, str]) -> Resource | None:
    """One entry of `[resources]`."""
    what = f"resources.{name}"
    keys = reading.table(node, what, RESOURCE_KEYS)
    kind = _kind(reading, keys.get("kind"), f"{what}.kind", node)
    if kind is None:
        return None
    _check_start(reading, node, what)
    main = kind.endpoints[0][0] if kind.endpoints else "tcp"
    ports = parts.endpoints(reading, keys.get("port"), keys.get("endpoints"), what, main) or kind.endpoints
    _check_resource(reading, node, what, kind)
    environment = reading.pairs(keys.get("environment"), f"{what}.environment", settled=True)
    user = reading.filled_text(keys.get("user"), f"{what}.user", "app")
    database = reading.filled_text(keys.get("database"), f"{what}.database", "app")
    built = parts.build(reading, keys.get("build"), f"{what}.build")
    image = reading.filled_text(keys.get("image"), f"{what}.image")
    command = reading.words(keys.get("command"), f"{what}.command")
    directory = reading.existing(keys.get("directory"), f"{what}.directory", "folder")
    ready = parts.ready(reading, keys.get("ready"), f"{what}.ready", ports)
    if kind.ready and "ready" not in keys:
        ready = _usual_ready(kind.ready, user, database, ports)
    return Resource(
        name=name,
        kind=kind,
        image=image or ("" if built else reading.settled(kind.image, node, what)),
        build=built,
        command=command or kind.command,
        directory=directory or (built.context if built else reading.root),
        container_command=reading.words(keys.get("container-command"), f"{what}.container-command"),
        container=container(reading, keys.get("container"), f"{what}.container"),
        endpoints=ports,
        ready=ready,
        environment=environment,
        database=database,
        user=user,
        password=reading.text(keys.get("password"), f"{what}.password", "app", secret=True),
        needs=_needs(reading, keys, what, (*(value for _, value in environment), *command), known),
        stop_timeout=parts.stop_timeout(reading, keys.get("stop-timeout"), f"{what}.stop-timeout"),
        where=node.where,
    )


def pacticipants_by_key(reading: ReadingContext, services: Table, resources: Table) -> dict[str, str]:
    """Every key of the manifest with whom it means: the pacticipant of a service that says one, else itself."""
    found = {name: name for name in (*services, *resources)}
    for name, node in services.items():
        written = node.at("pacticipant")
        what = f"services.{name}.pacticipant"
        text = reading.filled_text(written, what)
        if written is None or not text or not reading.pacticipant(text, written, what):
            continue
        owner = next((key for key, whom in found.items() if text in (key, whom) and key != name), "")
        if owner:
            reading.wrong(
                f"{what}: {display_value(text)} is already '{owner}'", written, "each pacticipant is one service"
            )
        else:
            found[name] = text
    return found


def one_or_many(reading: ReadingContext, node: Node | None, what: str) -> tuple[Node, ...]:
    """The nodes of a list of texts; one text alone is a list of one."""
    if node is None or node.value == ():
        return ()
    if isinstance(node.value, str):
        return (node,)
    if not node.items:
        reading.expected(node, what, "a list of texts")
    return node.items


def pact_places(reading: ReadingContext, node: Node | None, what: str) -> tuple[str, ...]:
    """Files, folders and globs, absolute; a glob may match nothing yet, a suite writes there."""
    return tuple(str(reading.path(text)) for text in reading.texts(node, what))


def _kind(reading: ReadingContext, node: Node | None, what: str, entry: Node) -> ResourceKind | None:
    built_in = {kind.key: kind for kind in contract_harness_resource_kinds()}
    if node is None:
        if isinstance(entry.value, dict):
            reading.wrong(f"{what}: 'kind' is missing", entry, f"one of: {', '.join(built_in)}")
        return None
    text = reading.text(node, what)
    if not isinstance(node.value, str) or text in built_in:
        return built_in.get(text)
    brought = reading.resource_kinds()
    if text not in brought.kinds:
        reading.unknown(f"{what}: unknown kind", text, node, (*built_in, *brought.kinds))
        for each in brought.failed:
            reading.wrong(each, node)
    return brought.kinds.get(text)


def _check_resource(reading: ReadingContext, node: Node, what: str, kind: ResourceKind) -> None:
    """What a kind has no use for is a mistake, and so is one that nothing starts."""
    keys = node.table
    ways = ("image", "build", "command") if kind.takes_command else ("image", "build")
    if not kind.image and not kind.command and not set(ways) & keys.keys():
        reading.wrong(f"{what}: there is no way to start it", node, f"give it {' or '.join(map(repr, ways))}")
    for key in ("command", "directory"):
        if key in keys and not kind.as_program and kind is not ResourceKind.POSTGRES:
            reading.wrong(f"{what}: '{key}' is only for kind \"job\"", keys[key], "use 'container-command'")
    for key in ("database", "user", "password"):
        if key in keys and not kind.login:
            reading.wrong(f"{what}: '{key}' is only for kind \"postgres\"", keys[key], "use 'environment'")


def _usual_ready(ready: Ready, user: str, database: str, ports: tuple[tuple[str, int], ...]) -> Ready:
    if ready.kind is not ReadyKind.EXEC:
        return ready
    port = ports[0][1] if ports else 0
    return replace(ready, target=ready.target.format(user=user, database=database, port=port))


def _check_start(reading: ReadingContext, node: Node, what: str) -> None:
    keys = node.table
    if "image" in keys and "build" in keys:
        hint = "keep one; another version can have the other under 'versions'"
        reading.wrong(f"{what}: 'image' and 'build' are both given", keys["build"], hint)
    if what.startswith("services.") and not keys.keys() & set(WAYS_TO_START):
        for key in sorted(keys.keys() & set(_NEEDS_A_START)):
            reading.wrong(
                f"{what}: '{key}' is given, but there is no way to start the service",
                keys[key],
                f"give it one of {', '.join(WAYS_TO_START)}; without any it is a consumer only",
            )


def _check_number(reading: ReadingContext, number: str, node: Node, what: str) -> None:
    if not number or not number.isprintable() or any(c.isspace() or c in "=," for c in number):
        reading.wrong(
            f"{what}: {display_value(number)} is not a version",
            node,
            "use printable characters without spaces, '=' and ','",
        )


def _needs(
    reading: ReadingContext, keys: Table, what: str, values: Iterable[str], known: Mapping[str, str]
) -> tuple[str, ...]:
    """The needs that are written, then those that references imply."""
    needs = list(reading.texts(keys.get("needs"), f"{what}.needs"))
    for value in values:
        try:
            needs.extend(references(value, known))
        except ManifestError:
            continue  # this mistake was kept where the value was read
    return tuple(dict.fromkeys(known.get(need, need) for need in needs))
