"""The parts of a service's entry in the manifest, each read into its value."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.services.node import NOTHING, Node, display_value
from harness.services.system import Auth, AuthKind, Budget, ImageBuild, Ready, ReadyKind, States, StatesKind
from harness.services.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.services.node import Table
    from harness.services.reading import ReadingContext

Endpoints = tuple[tuple[str, int], ...]

_CALLABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VARIABLES = re.compile(r"[A-Za-z_*][A-Za-z0-9_*]*")
_READY_KINDS = tuple(kind.value for kind in ReadyKind)


def build(reading: ReadingContext, node: Node | None, what: str) -> ImageBuild | None:
    """`build = "folder"` or `build = { context, dockerfile, args, target, inline, platform }`."""
    if node is None:
        return None
    if isinstance(node.value, str):
        context, keys = reading.existing(node, what, "folder"), None
    else:
        keys = reading.table(node, what, ("context", "dockerfile", "args", "target", "inline", "platform"))
        context = reading.existing(keys.get("context"), f"{what}.context", "folder")
        if "context" not in keys and node.table == keys:
            reading.wrong(f"{what}: 'context' is missing", node, 'add context = "FOLDER"')
    if context is None:
        return None
    keys = keys or NOTHING
    inline = reading.text(keys.get("inline"), f"{what}.inline")
    dockerfile = (
        context / "Dockerfile"
        if inline
        else _dockerfile(reading, keys.get("dockerfile"), f"{what}.dockerfile", node, context)
    )
    return (
        ImageBuild(
            context=context,
            dockerfile=dockerfile,
            args=reading.pairs(keys.get("args"), f"{what}.args"),
            target=reading.text(keys.get("target"), f"{what}.target"),
            inline=inline,
            platform=reading.text(keys.get("platform"), f"{what}.platform"),
        )
        if dockerfile
        else None
    )


def interpreter(reading: ReadingContext, node: Node | None, what: str) -> str:
    """The Python of a process: a program, or the folder of a virtual environment, which may be made later."""
    written = reading.filled_text(node, what)
    if not written:
        return ""
    path = reading.path(written)
    is_program = _is_file(path) or (path.parent.name in {"bin", "Scripts"} and path.name.startswith(("py", "Py")))
    return str(path if is_program else path / "bin" / "python")


def stop_timeout(reading: ReadingContext, node: Node | None, what: str) -> float | None:
    """How long a process may take to go when it is asked to; None when nobody says."""
    return None if node is None else reading.seconds(node, what, 0.0) or None


def trust(reading: ReadingContext, keys: Table, what: str) -> Trust:
    """`ca = "ca.pem"`, or `tls-verify = false`."""
    ca = reading.existing(keys.get("ca"), f"{what}.ca", "file")
    verify = reading.truth(keys["tls-verify"], f"{what}.tls-verify") if "tls-verify" in keys else True
    if ca and not verify:
        reading.wrong(f"{what}: 'ca' has no meaning beside 'tls-verify = false'", keys["ca"], "keep one of them")
    if ca and not _holds_certificates(ca):
        reading.expected(keys["ca"], f"{what}.ca", "a file with certificates (PEM)")
        return Trust()
    return Trust(ca=str(ca) if ca else "", verify=verify)


def _holds_certificates(path: Path) -> bool:
    import ssl  # here: few services name a certificate

    try:
        ssl.create_default_context(cafile=str(path))
    except (OSError, ValueError):
        return False
    return True


def variables(reading: ReadingContext, node: Node | None, what: str) -> tuple[str, ...]:
    """Names of environment variables; `*` stands for any letters."""
    names = reading.texts(node, what)
    for name in names:
        if node is not None and not _VARIABLES.fullmatch(name):
            reading.wrong(
                f"{what}: {display_value(name)} is not the name of a variable",
                node,
                "names, like JAVA_HOME or SPRING_*",
            )
    return names


def _dockerfile(reading: ReadingContext, given: Node | None, what: str, node: Node, context: Path) -> Path | None:
    if given is None:
        path = context / "Dockerfile"
        if _is_file(path):
            return path
        reading.wrong(f"{what}: no file 'Dockerfile' in {context}", node, "name it with dockerfile = …")
        return None
    written = reading.filled_text(given, what)
    if not written:
        return None
    beside_manifest = reading.path(written)
    return beside_manifest if _is_file(beside_manifest) else reading.existing(given, what, "file", context)


def endpoints(reading: ReadingContext, port: Node | None, named: Node | None, what: str, name: str) -> Endpoints:
    """`port = 8000`, which is called `name`, or `endpoints = { http = 8000, admin = 9000 }`."""
    if port is not None and named is not None:
        reading.wrong(f"{what}: 'port' and 'endpoints' are both given", port, "put the port into 'endpoints'")
    if named is None:
        number = reading.port(port, f"{what}.port")
        return ((name, number),) if number else ()
    found: dict[int, str] = {}
    for key, node in reading.named(named, f"{what}.endpoints").items():
        number = reading.port(node, f"{what}.endpoints.{key}")
        if number in found:
            reading.wrong(f"{what}.endpoints: port {number} is both '{found[number]}' and '{key}'", node)
        elif number:
            found[number] = key
    if not named.table and named.value == {}:
        reading.expected(named, f"{what}.endpoints", "at least one endpoint")
    return tuple((key, number) for number, key in found.items())


def ready(
    reading: ReadingContext, node: Node | None, what: str, known: Endpoints, *, attached: bool = False
) -> Ready:
    """`ready = "/health"`, or one of http, tcp, log, exec, with `within`."""
    default = _ready_unsaid(known)
    if node is None:
        return default
    if isinstance(node.value, str):
        return _ready_of(reading, ReadyKind.HTTP, node, what, (default.within, known, attached))
    keys = reading.table(node, what, (*_READY_KINDS, "within"))
    within = reading.seconds(keys.get("within"), f"{what}.within", default.within)
    kinds = [kind for kind in ReadyKind if kind.value in keys]
    if len(kinds) > 1:
        reading.wrong(f"{what}: {_join_kinds(kinds)} are given, only one can decide", node)
    if not kinds:
        return Ready(kind=default.kind, target=default.target, within=within)
    kind = kinds[0]
    return _ready_of(reading, kind, keys[kind.value], f"{what}.{kind.value}", (within, known, attached))


def _ready_unsaid(known: Endpoints) -> Ready:
    names = [name for name, _ in known]
    if "http" in names or names[:1] == ["https"]:
        return Ready()
    if names:
        return Ready(kind=ReadyKind.TCP, target=names[0])
    return Ready(kind=ReadyKind.LOG, target="")  # nothing to ask: ready as soon as it runs


def _ready_of(
    reading: ReadingContext, kind: ReadyKind, node: Node, what: str, rest: tuple[float, Endpoints, bool]
) -> Ready:
    within, known, attached = rest
    if kind is ReadyKind.EXIT and isinstance(node.value, int):
        node = Node(str(node.value), node.where)
    listed = isinstance(node.value, tuple) and kind is ReadyKind.EXEC
    target = shlex.join(reading.words(node, what)) if listed else reading.filled_text(node, what)
    wrong = _ready_mistake(kind, target, known, attached=attached) if target else ""
    if wrong:
        reading.expected(node, what, wrong)
    return Ready(kind=kind, target=target, within=within)


def _ready_mistake(kind: ReadyKind, target: str, known: Endpoints, *, attached: bool) -> str:
    if kind is ReadyKind.EXIT:
        return "" if target.isdecimal() and int(target) < 256 else "an exit code from 0 to 255"
    if kind is ReadyKind.HTTP:
        if not target.startswith("/"):
            return "a URL path that starts with '/'"
        return "" if known or attached else "a 'port' to ask on"
    names = [name for name, _ in known]
    if kind is ReadyKind.TCP and target not in names:
        return f"the name of an endpoint ({', '.join(names) or 'there is none'})"
    if kind is ReadyKind.LOG and not _is_pattern(target):
        return "a regular expression"
    return ""


def states(reading: ReadingContext, node: Node | None, what: str) -> States | None:
    """`states = "/path"`, `"module:name"`, or a table with `url` or `callable` and `names`."""
    if node is None:
        return None
    if isinstance(node.value, str):
        text = reading.filled_text(node, what)
        kind = StatesKind.CALLABLE if ":" in text and not text.startswith("/") else StatesKind.HTTP
        return _states_of(reading, kind, node, what, ())
    keys = reading.table(node, what, ("url", "callable", "names"))
    names = reading.texts(keys.get("names"), f"{what}.names")
    given = [kind for kind in ("url", "callable") if kind in keys]
    if len(given) != 1:
        reading.wrong(f"{what}: one of 'url' and 'callable' is needed, not {len(given)}", node)
        return None
    kind = StatesKind.HTTP if given == ["url"] else StatesKind.CALLABLE
    return _states_of(reading, kind, keys[given[0]], f"{what}.{given[0]}", names)


def _states_of(
    reading: ReadingContext, kind: StatesKind, node: Node, what: str, names: tuple[str, ...]
) -> States | None:
    target = reading.filled_text(node, what)
    if not target:
        return None
    if kind is StatesKind.HTTP and not target.startswith("/"):
        reading.expected(node, what, "a URL path on the service, like '/_harness/states', or 'module:name'")
    if kind is StatesKind.CALLABLE and not _CALLABLE.fullmatch(target):
        reading.expected(node, what, "a Python name like 'suites.provider.orders:STATES'")
    return States(kind=kind, target=target, names=names)


def auth(reading: ReadingContext, node: Node | None, what: str) -> Auth | None:
    """`auth = { bearer = … }`, `{ basic = "user:password" }` or `{ header = { name, value } }`."""
    if node is None:
        return None
    if isinstance(node.value, str):
        reading.expected(node, what, "a table like { bearer = … }", secret=True)
        return None
    keys = reading.table(node, what, [kind.value for kind in AuthKind])
    given = [kind for kind in AuthKind if kind.value in keys]
    if len(given) != 1:
        reading.wrong(f"{what}: one of 'bearer', 'basic' and 'header' is needed, not {len(given)}", node)
        return None
    kind, inner = given[0], f"{what}.{given[0].value}"
    if kind is AuthKind.HEADER:
        return _auth_header(reading, keys["header"], inner)
    value = _secret(reading, keys[kind.value], inner)
    if kind is AuthKind.BASIC and value and ":" not in value:
        reading.expected(keys["basic"], inner, "'user:password'", secret=True)
    return Auth(kind=kind, value=value)


def _auth_header(reading: ReadingContext, node: Node, what: str) -> Auth | None:
    keys = reading.table(node, what, ("name", "value"))
    for missing in {"name", "value"} - keys.keys() if node.table == keys else ():
        reading.wrong(f"{what}: '{missing}' is missing", node)
    name = reading.filled_text(keys.get("name"), f"{what}.name")
    if name and not _HEADER.fullmatch(name):
        reading.expected(keys["name"], f"{what}.name", "the name of a header")
    return Auth(kind=AuthKind.HEADER, value=_secret(reading, keys.get("value"), f"{what}.value"), header=name)


def _secret(reading: ReadingContext, node: Node | None, what: str) -> str:
    value = reading.text(node, what, secret=True)
    if node is not None and isinstance(node.value, str) and (not value or not value.isprintable()):
        reading.expected(node, what, "one line that is not empty", secret=True)
    return value


def budget(reading: ReadingContext, node: Node | None, what: str) -> Budget:
    """`budget = { examples, seconds, request-timeout }`."""
    keys = reading.table(node, what, ("examples", "seconds", "request-timeout"))
    default = Budget()
    return Budget(
        examples=reading.whole(keys.get("examples"), f"{what}.examples", default.examples, (1, 1_000_000)),
        seconds=reading.seconds(keys.get("seconds"), f"{what}.seconds", default.seconds),
        request_timeout=reading.seconds(
            keys.get("request-timeout"), f"{what}.request-timeout", default.request_timeout
        ),
    )


def headers(reading: ReadingContext, node: Node | None, what: str) -> tuple[tuple[str, str], ...]:
    """`headers = { X-Tenant = "t1" }`."""
    found = reading.pairs(node, what)
    for name, value in found:
        written = node.table[name] if node else Node(None, "")
        if not _HEADER.fullmatch(name):
            reading.wrong(f"{what}: {display_value(name)} is not the name of a header", written)
        if value and not value.isprintable():
            reading.wrong(f"{what}.{name}: a header is one line of printable characters", written)
    return found


def openapi(reading: ReadingContext, node: Node | None, what: str) -> str:
    """Where the OpenAPI document is: an absolute file path, or a URL path on the running service."""
    if node is None:
        return ""
    if isinstance(node.value, str):
        text = reading.filled_text(node, what)
        on_service = text.startswith("/") and not _is_file(Path(text))
        return _url_path(reading, node, what) if on_service else _document(reading, node, what)
    keys = reading.table(node, what, ("file", "url"))
    if len({"file", "url"} & keys.keys()) != 1:
        reading.wrong(f"{what}: one of 'file' and 'url' is needed", node)
        return ""
    if "file" in keys:
        return _document(reading, keys["file"], f"{what}.file")
    return _url_path(reading, keys["url"], f"{what}.url")


def _document(reading: ReadingContext, node: Node, what: str) -> str:
    text = reading.filled_text(node, what)
    if "://" in text:
        rest = text.partition("://")[2].partition("/")[2] or "openapi.json"
        hint = f'a path on the running service starts with "/": "/{rest}"'
        reading.expected(node, what, "a file, or a path on the running service", hint=hint)
        return ""
    path = reading.existing(node, what, "file")
    return str(path) if path else ""


def _url_path(reading: ReadingContext, node: Node, what: str) -> str:
    text = reading.filled_text(node, what)
    if text and not text.startswith("/"):
        reading.expected(node, what, "a path on the running service, like '/openapi.json'")
        return ""
    return text


def web_address(reading: ReadingContext, node: Node | None, what: str) -> str:
    """The URL of a service that already runs."""
    text = reading.filled_text(node, what)
    if node is None or not text:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not text.isprintable():
        reading.expected(node, what, "a URL like 'http://127.0.0.1:9000'")
        return ""
    return text.rstrip("/")


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _join_kinds(kinds: Iterable[ReadyKind]) -> str:
    return " and ".join(f"'{kind.value}'" for kind in kinds)
