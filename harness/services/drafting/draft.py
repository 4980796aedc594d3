"""A first manifest for a folder, with a comment beside everything that was guessed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.errors import ManifestError
from harness.services.drafting import clues
from harness.services.drafting.discovery import Findings, PythonApplication, discover, exposed_port, health_path
from harness.services.environment import escape
from harness.services.manifest.file import MANIFEST, parse
from harness.services.spelling import heading
from harness.services.system import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.services.system import System

_HEAD = """\
# What the system is made of, for the contract harness.
# Guesses are marked; every key is explained in docs/reference/manifest.md.
"""
_SKELETON = """
# Nothing was found here to start: no compose file, no Dockerfile, no Python web service.
# Describe your services like this, one table for each:
#
# [services.orders]
# build = "services/orders"        # a folder with a Dockerfile; or image = "registry/orders:1.4"
# port = 8000                      # the port inside the container
# ready = "/health"                # answers below 400 when the service is ready
# openapi = "/openapi.json"        # on the running service; or a file: "openapi.yaml"
# states = "/_harness/states"      # where its provider states are set up
# needs = ["orders-db"]
# environment = { DATABASE_URL = "${orders-db.url}" }
#
# [resources.orders-db]
# kind = "postgres"
"""
_MODULE = "MODULE:NAME"
_COMMANDS = {
    "fastapi": ("python", "-m", "uvicorn", _MODULE, "--host", "127.0.0.1", "--port", "${self.port}"),
    "flask": ("python", "-m", "flask", "--app", _MODULE, "run", "--port", "${self.port}"),
    "django": ("python", "manage.py", "runserver", "--noreload", "127.0.0.1:${self.port}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One service of the draft."""

    name: str
    folder: Path
    dockerfile: Path | None = None
    application: PythonApplication | None = None
    document: Path | None = None
    composed: bool = False  # the compose file says how it starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A first manifest, and what its reader should know of what was found."""

    text: str
    remarks: tuple[str, ...] = ()


def draft(folder: Path, environ: Mapping[str, str] = MappingProxyType({})) -> Draft:
    """A `harness.toml` made from what is found in a folder; it loads without problems."""
    findings = discover(folder.absolute(), environ)
    if findings.compose is None:
        return Draft(text=_text(findings, _from_folders(findings), "", frozenset()))
    line = f"compose = {_quote_toml(_relative(findings.compose, findings.root))}"
    try:
        system = parse(f"{line}\n", findings.root / MANIFEST, environ)
    except ManifestError as error:
        problem = error.problems[0]
        because = f"{problem.where}: {problem.text}" if problem.where else problem.text
        unused = f"# {line}  # cannot be used: {_one_line(because)}"
        told = (
            f"{findings.compose.name} is not used, and what was written is a guess without it: {problem.sentence}"
        )
        return Draft(text=_text(findings, _from_folders(findings), unused, frozenset()), remarks=(told,))
    resources = frozenset(resource.name for resource in system.resources)
    return Draft(
        text=_text(findings, _from_compose(findings, system), line, resources),
        remarks=(*(remark.sentence for remark in system.remarks), *_only_pulled(system)),
    )


def _only_pulled(system: System) -> tuple[str, ...]:
    """Where nothing is a service: what there is, and what makes one of it."""
    containers = [each.name for each in system.resources if each.kind is ResourceKind.CONTAINER]
    if system.services or not containers:
        return ()
    return (
        f"{', '.join(containers)}: the compose file only pulls these images, so they are taken for resources; "
        f"{heading(containers[0])} in the manifest makes a service of one, whose promises are checked",
    )


def _from_compose(findings: Findings, system: System) -> tuple[_Part, ...]:
    applications = dict(findings.applications)
    parts = tuple(
        _Part(
            name=service.name,
            folder=service.directory,
            dockerfile=service.build.dockerfile if service.build else None,
            application=applications.get(service.directory),
            composed=True,
        )
        for service in system.services
    )
    return _with_documents(parts, findings)


def _from_folders(findings: Findings) -> tuple[_Part, ...]:
    applications = dict(findings.applications)
    dockerfiles = {path.parent: path for path in findings.dockerfiles}
    names: dict[str, None] = {}
    parts = []
    for folder in sorted(dockerfiles.keys() | applications.keys()):
        application = applications.get(folder)
        if folder not in dockerfiles and (application is None or not application.module):
            continue
        name = _name(folder, findings.root, names)
        names[name] = None
        parts.append(_Part(name=name, folder=folder, dockerfile=dockerfiles.get(folder), application=application))
    return _with_documents(tuple(parts), findings)


def _name(folder: Path, root: Path, taken: Iterable[str]) -> str:
    """The folder's own name; with its parents' when another service has that name already."""
    parts = folder.relative_to(root).parts or (folder.name,)
    for count in range(1, len(parts) + 1):
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts[-count:])).strip("-._") or "service"
        if name not in taken and name not in {"self", "env"}:
            return name
    stem, number = f"{name}-service", 1
    while (candidate := f"{stem}-{number}") in taken:
        number += 1
    return candidate


def _with_documents(parts: tuple[_Part, ...], findings: Findings) -> tuple[_Part, ...]:
    """Each service with the document in its folder, or in a folder of its name."""
    found = []
    for part in parts:
        inside = [d for d in findings.documents if d.is_relative_to(part.folder) and _owner(d, parts) is part]
        named = [d for d in findings.documents if d.parent.name == part.name]
        only = findings.documents if len(parts) == len(findings.documents) == 1 else ()
        document = next(iter((*named, *inside, *only)), None)
        found.append(replace(part, document=document))
    return tuple(found)


def _owner(document: Path, parts: tuple[_Part, ...]) -> _Part | None:
    around = [part for part in parts if document.is_relative_to(part.folder)]
    deepest = max((len(part.folder.parts) for part in around), default=0)
    nearest = [part for part in around if len(part.folder.parts) == deepest]
    return nearest[0] if len(nearest) == 1 else None


def _text(findings: Findings, parts: tuple[_Part, ...], compose: str, resources: frozenset[str]) -> str:
    lines = [_HEAD, *([compose, ""] if compose else [])]
    if folders := sorted({_relative(pact.path.parent, findings.root) for pact in findings.pacts}):
        lines += [f"pacts = {_list(folders)}", ""]
    elif any(kind == "consumer" for kind, _ in findings.suites):
        lines += ['pacts = ["contracts/pacts"]  # where the consumer suite writes them', ""]
    for kind, path in findings.suites:
        lines += [f"[suites.{kind}]", f"path = {_quote_toml(_relative(path, findings.root))}", ""]
    for part in parts:
        lines += [*_service(part, parts, findings.root), ""]
    lines += _consumers(findings, {part.name for part in parts} | resources)
    lines += _unclaimed_documents(findings, parts)
    text = "\n".join(lines)
    return (text if parts or resources else text + _SKELETON).rstrip("\n") + "\n"


def _service(part: _Part, parts: tuple[_Part, ...], root: Path) -> Iterator[str]:
    sources = tuple(clues.texts(part.folder)) if _alone(part, parts) else ()
    yield heading(part.name)
    if not part.composed:
        yield from _start(part, root, sources)
    yield from _command(part, root)
    if not part.composed:
        yield from _peers(part, parts, sources)
    yield from _promise(part, root, sources)


def _alone(part: _Part, parts: tuple[_Part, ...]) -> bool:
    """Whether what is below its folder is its own."""
    return not any(other is not part and other.folder.is_relative_to(part.folder) for other in parts)


def _peers(part: _Part, parts: tuple[_Part, ...], sources: tuple[str, ...]) -> Iterator[str]:
    others = [other.name for other in parts if other is not part]
    found = clues.peers_in(sources, others)
    if found:
        pairs = ", ".join(f'{variable} = "${{{name}.url}}"' for variable, name in found.items())
        yield f"environment = {{ {pairs} }}  # a guess from the names in its source"


def _build(part: _Part, root: Path, dockerfile: Path) -> Iterator[str]:
    context = _quote_toml(_relative(part.folder, root))
    yield f"build = {context}"
    wanted = clues.arguments_wanted(dockerfile)
    if wanted:
        values = ", ".join(f'{name} = "…"' for name in wanted)
        yield f"# its Dockerfile wants more: build = {{ context = {context}, args = {{ {values} }} }}"


def _start(part: _Part, root: Path, sources: tuple[str, ...]) -> Iterator[str]:
    if part.dockerfile:
        yield from _build(part, root, part.dockerfile)
    port = exposed_port(part.dockerfile) if part.dockerfile else 0
    if port:
        yield f"port = {port}  # from EXPOSE in the Dockerfile"
    else:
        yield "port = 8000  # a guess: nothing here says which port it listens on"
    path = health_path(part.document) if part.document else ""
    if path:
        yield f"ready = {_quote_toml(path)}  # from its OpenAPI document"
    elif said := clues.health_in(sources):
        yield f"ready = {_quote_toml(said)}  # from its source"
    elif part.application and part.application.framework == "fastapi":
        yield 'ready = "/openapi.json"  # a guess: FastAPI answers there unless told otherwise'
    else:
        yield 'ready = { tcp = "http" }  # better a path that answers when it is really ready: "/health"'


def _command(part: _Part, root: Path) -> Iterator[str]:
    application = part.application
    if application is None or not application.module:
        yield from _image_command(part)
        return
    module, source = application.module, application.source
    if application.framework == "flask" and source:
        path, _, name = module.partition(":")
        module = f"{source}/{path.replace('.', '/')}:{name}"  # as `flask --app` finds what is not in its folder
    words = [module if word == _MODULE else word for word in _COMMANDS[application.framework]]
    if application.framework == "fastapi" and source:
        words += ["--app-dir", source]
    yield f"command = {json.dumps(words)}  # a guess, for running it as a process"
    if not part.dockerfile:
        yield f"directory = {_quote_toml(_relative(part.folder, root))}"


def _image_command(part: _Part) -> Iterator[str]:
    if part.dockerfile is None or part.composed:
        return
    words = clues.command_of(part.dockerfile, exposed_port(part.dockerfile))
    if words:
        yield f"command = {json.dumps(words, ensure_ascii=False)}  # from CMD, for running it as a process"


def _promise(part: _Part, root: Path, sources: tuple[str, ...]) -> Iterator[str]:
    if part.document:
        yield f"openapi = {_quote_toml(_relative(part.document, root))}"
    elif part.application and part.application.framework == "fastapi":
        yield 'openapi = "/openapi.json"  # a guess: FastAPI serves it there unless told otherwise'
    else:
        yield '# openapi = "openapi.yaml"  # the document that it keeps to, or "/openapi.json" on the service'
    if states := clues.states_in(sources):
        yield f"states = {_quote_toml(states)}  # from its source"
        return
    yield '# states = "/_harness/states"  # where provider states are set up; or "module:name" in your suite'


def _consumers(findings: Findings, known: set[str]) -> list[str]:
    """Pacticipants that only the pacts name: they can be consumers without being started."""
    lines: list[str] = []
    for name in sorted({pact.consumer for pact in findings.pacts} - known):
        if name.strip() == name and name.isprintable() and name not in {"", "self", "env"}:
            lines += [f"{heading(name)}  # a consumer, named in pacts; nothing was found to start it", ""]
        else:
            lines += [
                f"# consumer {_comment(name)} is named in pacts, but that is not a name a manifest can have",
                "",
            ]
    providers = {pact.provider for pact in findings.pacts} - known
    for name in sorted(providers - {pact.consumer for pact in findings.pacts}):
        lines += [f"# provider {_comment(name)} is named in pacts; nothing was found to start it", ""]
    return lines


def _unclaimed_documents(findings: Findings, parts: tuple[_Part, ...]) -> list[str]:
    claimed = {part.document for part in parts}
    left = [_relative(path, findings.root) for path in findings.documents if path not in claimed]
    return [f"# found, but it is not clear whose it is: openapi = {_quote_toml(path)}" for path in left]


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quote_toml, texts))}]"


def _quote_toml(text: str) -> str:
    """A TOML text that means just these characters."""
    return json.dumps(escape(text), ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:200]


def _comment(text: str) -> str:
    """A name in one line, whatever is in it."""
    return json.dumps(text[:80])
