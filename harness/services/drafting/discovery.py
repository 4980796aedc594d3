"""What a folder shows of a system: compose file, Dockerfiles, documents, pacts, Python web services."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ManifestError
from harness.services.compose import COMPOSE_FILES, chosen_files
from harness.services.exposed import exposed_by

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

DOCUMENTS = ("openapi.yaml", "openapi.yml", "openapi.json")
FRAMEWORKS = ("fastapi", "flask", "django")

_SKIPPED = frozenset(
    ("node_modules", "venv", "env", "__pycache__", "dist", "build", "site-packages", "target", "vendor")
)
_DEEPEST = 5  # folders below the one that is looked at
_MOST_FILES = 20_000
_LARGEST = 2_000_000  # bytes
_APPLICATION = re.compile(
    r"^(?P<name>[A-Za-z_]\w*)(?:\s*:[^=\n]+)?\s*=\s*(?P<framework>FastAPI|Flask)\(", re.MULTILINE
)
_HEALTH = re.compile(
    r"""^[ \t]*["']?(/(?:health|healthz|ready|readyz|livez|status|ping))["']?\s*:""", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonApplication:
    """A Python web application in a folder."""

    framework: str  # one of FRAMEWORKS
    module: str = ""  # "main:app"; "" when the application object was not found
    source: str = ""  # the folder below the service's own in which modules are found, like "src"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPact:
    """A pact file, as far as a draft needs it."""

    path: Path
    consumer: str
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that was found in a folder, in a stable order."""

    root: Path
    compose: Path | None = None
    dockerfiles: tuple[Path, ...] = ()
    documents: tuple[Path, ...] = ()
    pacts: tuple[DraftPact, ...] = ()
    applications: tuple[tuple[Path, PythonApplication], ...] = ()  # folder and what is in it
    suites: tuple[tuple[str, Path], ...] = ()  # "consumer" or "integration", and its folder


def _compose_file(root: Path, files: Collection[Path], environ: Mapping[str, str]) -> Path | None:
    """The file of a usual name, else the first that COMPOSE_FILE names here."""
    usual = next((root / name for name in COMPOSE_FILES if root / name in files), None)
    if usual is not None:
        return usual
    with contextlib.suppress(ManifestError):  # told when the file is read
        return next((path for path in chosen_files(root, environ) if path in files), None)
    return None


def discover(root: Path, environ: Mapping[str, str]) -> Findings:
    """Look into a folder and what is below it; nothing is run, nothing is written."""
    files = tuple(_files(root))
    by_folder: dict[Path, list[Path]] = {}
    for path in files:
        by_folder.setdefault(path.parent, []).append(path)
    applications = ((folder, _application(folder, own)) for folder, own in by_folder.items())
    suites = (
        (kind, next((root / top / kind for top in ("suites", "tests") if root / top / kind in by_folder), None))
        for kind in ("consumer", "integration")
    )
    return Findings(
        root=root,
        compose=_compose_file(root, files, environ),
        dockerfiles=tuple(path for path in files if path.name == "Dockerfile"),
        documents=tuple(path for path in files if path.name in DOCUMENTS and _is_openapi(path)),
        pacts=tuple(pact for path in files if path.suffix == ".json" and (pact := _pact(path))),
        applications=tuple((folder, found) for folder, found in applications if found),
        suites=tuple((kind, path) for kind, path in suites if path),
    )


def exposed_port(dockerfile: Path) -> int:
    """The first port that the last stage of a Dockerfile exposes; 0 when it names none."""
    return exposed_by(_read_text(dockerfile))


def health_path(document: Path) -> str:
    """The path on which a document promises to say that the service is well; "" when it has none."""
    match = _HEALTH.search(_read_text(document))
    return match[1] if match else ""


def _files(root: Path) -> Iterator[Path]:
    count = 0
    for folder, folders, names in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        kept = (name for name in sorted(folders) if _is_looked_into(Path(folder), name))
        folders[:] = kept if depth < _DEEPEST else ()
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                return
            if _is_writable_text(os.path.join(folder, name)):
                yield Path(folder, name)


def _is_looked_into(folder: Path, name: str) -> bool:
    hidden = name.startswith(".") or name in _SKIPPED
    return not hidden and not (folder / name / "pyvenv.cfg").exists()


def _is_writable_text(path: str) -> bool:
    """A name that is not UTF-8 cannot stand in a manifest."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return path.isprintable()


def _read_text(path: Path) -> str:
    """A file's text; "" for what cannot be read, for a draft goes on with what it can."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_openapi(path: Path) -> bool:
    return bool(re.search(r"""^[ \t]*\{?[ \t]*["']?openapi["']?\s*:\s*["']?3""", _read_text(path), re.MULTILINE))


def _pact(path: Path) -> DraftPact | None:
    text = _read_text(path)
    if '"consumer"' not in text or '"provider"' not in text:
        return None
    try:
        document = json.loads(text)
        consumer, provider = document["consumer"]["name"], document["provider"]["name"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(consumer, str) or not isinstance(provider, str):
        return None
    return DraftPact(path=path, consumer=consumer, provider=provider)


def _application(folder: Path, files: list[Path]) -> PythonApplication | None:
    """A folder that names a framework among its requirements, and where its application object is."""
    named = "\n".join(_read_text(path) for path in files if _names_requirements(path)).lower()
    framework = next((each for each in FRAMEWORKS if re.search(rf"(?<![\w-]){each}(?![\w-])", named)), "")
    if not framework:
        return None
    if framework == "django":
        managed = folder / "manage.py" in files
        return PythonApplication(framework=framework, module="manage" if managed else "")
    for source in ("", "src"):
        for path in _sources(folder / source):
            match = _APPLICATION.search(_read_text(path))
            if match and match["framework"].lower() == framework:
                module = ".".join(path.relative_to(folder / source).with_suffix("").parts)
                module = module.removesuffix(".__init__")
                return PythonApplication(framework=framework, module=f"{module}:{match['name']}", source=source)
    return PythonApplication(framework=framework)


def _names_requirements(path: Path) -> bool:
    if path.name in {"pyproject.toml", "Dockerfile"}:
        return True
    return path.name.startswith("requirements") and path.suffix == ".txt"


def _sources(folder: Path) -> Iterator[Path]:
    """Modules in which an application object may be, the likely ones first."""
    likely = ("main.py", "app.py", "asgi.py", "wsgi.py", "api.py", "server.py", "__init__.py")
    if not folder.is_dir():
        return
    places = [folder, *sorted(each for each in folder.iterdir() if each.is_dir() and each.name.isidentifier())]
    for place in places:
        if place.name not in {"src", "tests"} or place == folder:
            yield from (place / name for name in likely if (place / name).is_file())
