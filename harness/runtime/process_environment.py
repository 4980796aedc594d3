"""The environment of a process: what the manifest names, what it lets through, and a short list; nothing else."""

from __future__ import annotations

import hashlib
import os
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.identity import canonical_json
from harness.runtime import redaction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from harness.services.system import Service

# Without these hardly a program finds its files, its words and its clock (docs/explanation/runtimes.md).
ALWAYS = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TMPDIR",
    "TMP",
    "TEMP",
)

_OF_A_TERMINAL = {"PWD", "OLDPWD", "SHLVL", "TERM", "COLUMNS", "LINES", "EDITOR", "PAGER", "PS1", "HISTFILE"}
_LOADING = (
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "CLASSPATH",
    "PYTHONSTARTUP",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "RUBYOPT",
    "PERL5LIB",
)


def inherited_environment(
    service: Service, environ: Mapping[str, str], named: Collection[str] = ()
) -> dict[str, str]:
    """What a service's process gets of the harness's own environment; `named` are the words of its own files.

    What its own files name is passed as well, unless the manifest says `inherit = false`: such a variable decides
    what it does, so it counts.
    """
    own = () if service.inherit is False else (set(named) & set(environ)) - _OF_A_TERMINAL
    wanted = ("*",) if service.inherit else (*ALWAYS, *service.pass_environment, *own)
    told = {name: value for name, value in environ.items() if any(fnmatchcase(name, each) for each in wanted)}
    if service.python:
        # As an activated environment: the programs that it has installed are found first.
        folder = Path(service.python).parent
        told["PATH"] = os.pathsep.join([str(folder), told.get("PATH", os.defpath)])
        told["VIRTUAL_ENV"] = str(folder.parent)
    return told


def named_values(service: Service, told: Mapping[str, str]) -> list[str]:
    """The values of those variables that may name files which a program loads."""
    wanted = (*_LOADING, *service.pass_environment)
    return [value for name, value in told.items() if any(fnmatchcase(name, each) for each in wanted)]


def environment_key(service: Service, told: Mapping[str, str]) -> str:
    """All that a process is told, values included; of a secret only what proves that it is the same."""
    whole = {**told, **dict(service.environment)}
    hidden = redaction.pairs(tuple(whole.items()))
    return canonical_json(
        {name: value if hidden[name] == value else _proof(name, value) for name, value in whole.items()}
    )


@cache
def _proof(name: str, secret: str) -> str:
    # Slow on purpose: a build's key is published, and a short secret must not be found by trying.
    salt = f"contract-harness {name}".encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, n=1 << 13, r=8, p=1).hex()
