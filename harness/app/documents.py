"""Where an OpenAPI document may come from: a file, a git revision, a URL, a version in the ledger."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.contracts.document import ContractKind
from harness.contracts.openapi_bundle import Beside
from harness.errors import UnknownName, UsageError, did_you_mean, otherwise
from harness.gate import commands
from harness.identity import Version
from harness.services.proxies import is_here

if TYPE_CHECKING:
    from harness.app.opened import OpenLedger
    from harness.ports import Ledger
    from harness.services.system import System

FORMS = "a file, a URL, a file at a git revision (main:openapi.yaml), or a version in the ledger (orders@1.4)"
_VERSION = re.compile(r"([^@\s/:]+)@([^@\s]+)")
_LARGEST = 64 * 1024 * 1024  # bytes of a document that is fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSource:
    """The text of a document, and where it was found."""

    text: bytes | str
    place: str
    service: str = ""  # whose it is, where that is told by its name
    beside: Beside | None = None  # the files around it, where they are not on this disk


def document_source(given: str, open_ledger: OpenLedger) -> DocumentSource:
    """The document that a person means. Raises UsageError, UnknownName."""
    path = Path(given)
    if path.is_file():
        return DocumentSource(text=path.read_bytes(), place=given)
    if given.startswith(("http://", "https://")):
        return DocumentSource(text=fetch_document(given), place=given)
    named = version_named(given)
    if named is not None:
        with open_ledger() as ledger:
            return DocumentSource(text=_published_document(ledger, named), place=given, service=named.pacticipant)
    if ":" in given:
        return _at_revision(given)
    problem = "it is a folder" if path.is_dir() else "no such file"
    raise UsageError(f"cannot read the document: {problem}", where=given, hint=f"give {FORMS}")


def version_named(given: str) -> Version | None:
    """`orders@1.4` as a version; None when it is not written so."""
    match = _VERSION.fullmatch(given)
    return Version(match.group(1), match.group(2)) if match else None


def fetch_document(url: str) -> bytes:
    """What an address answers. Raises UsageError."""
    import httpx

    taken = bytearray()
    try:
        with httpx.stream("GET", url, timeout=15, follow_redirects=True, trust_env=not is_here(url)) as response:
            response.raise_for_status()
            for part in response.iter_bytes():
                taken += part
                if len(taken) > _LARGEST:
                    raise UsageError("the document is larger than 64 MiB", where=url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        told = str(error).partition("\n")[0] or type(error).__name__
        raise UsageError(f"the document cannot be fetched: {told}", where=url, hint=f"give {FORMS}") from error
    return bytes(taken)


def _published_document(ledger: Ledger, version: Version) -> str:
    facts = ledger.facts_about([version], [])
    known = facts.versions.get(version)
    if known is None:
        mine = [each.number for each in facts.versions if each.pacticipant == version.pacticipant]
        what = f"no version {version.number} of '{version.pacticipant}'" if mine else f"no version {version}"
        raise UnknownName(what, hint=otherwise(did_you_mean(version.number, mine), commands.first_known(version)))
    contract = ledger.contract(known.openapi) if known.openapi else None
    if contract is None or contract.kind is not ContractKind.OPENAPI:
        named = ("--provider", version.pacticipant, "--version", version.number)
        hint = shlex.join(("harness", "publish", "openapi.yaml", *named))
        raise UnknownName(f"{version} has published no OpenAPI document", hint=hint)
    return contract.text


def _at_revision(given: str) -> DocumentSource:
    revision, _, path = given.partition(":")
    try:
        text = _git("show", "--end-of-options", given)
        inside = _git("rev-parse", "--show-prefix").decode().strip() if path.startswith(("./", "../")) else ""
    except OSError as error:
        hint = "git show REVISION:PATH has to show it; the path is from the root of the repository"
        raise UsageError("there is no such file, nor one at a git revision", where=given, hint=hint) from error
    root = Path(os.path.normpath(_TOP / inside / path))
    return DocumentSource(text=text, place=given, beside=Beside(root, partial(_file_at_revision, revision)))


_TOP = Path("/git-revision")  # no path of this disk: links here say nothing of a revision


def _file_at_revision(revision: str, file: Path) -> bytes:
    if not file.is_relative_to(_TOP):
        raise OSError("it is outside of the repository")
    return _git("show", "--end-of-options", f"{revision}:{file.relative_to(_TOP).as_posix()}")


def _git(*arguments: str) -> bytes:
    """What git answers. Raises OSError."""
    try:
        return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout
    except subprocess.CalledProcessError as error:
        raise OSError(error.stderr.decode(errors="replace").strip() or "git refuses") from error


def service_of(system: System | None, given: str) -> str:
    """The system's service whose document a path is, at whatever revision; "" when there is none."""
    if system is None:
        return ""
    path = Path(given) if Path(given).exists() else Path(given.rpartition(":")[2])
    wanted = path.resolve()
    named = [each.name for each in system.services if each.openapi and Path(each.openapi).resolve() == wanted]
    return named[0] if len(named) == 1 else ""
