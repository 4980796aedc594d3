"""What a command names: programs, with all that they bring along, and files, wherever they lie."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.identity import digest
from harness.runtime import language_runtimes as runtimes
from harness.runtime.contents import ARCHIVE, Contents
from harness.runtime.language_runtimes import CannotBeKnown, left_by_tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
_JAVA = frozenset({"java", "javaw"})
_RUNNERS_OF_PYTHON = frozenset({"uv", "poetry", "pipenv", "pdm", "rye"})
_RUNNERS_OF_NODE = frozenset({"npm", "yarn", "pnpm", "bun", "npm-cli.js", "yarn.js", "pnpm.cjs"})
# Programs that find what they run in places that nobody here knows; `inputs` says where.
_OPAQUE = re.compile(
    r"(ruby|perl|php|lua|luajit|Rscript|R|elixir|erl|iex|escript|mix|bundle|rake|rails|dotnet|mvn|mvnw|mvnd|gradle"
    r"|gradlew|sbt|lein|clojure|clj|scala|kotlin|groovy|deno|cargo|swift|ghc|stack|cabal|make|just|task|bazel|docker"
    r"|podman|kubectl|ssh|uvx|pipx|npx|pnpx|hatch|conda|mamba|nix|direnv|asdf|mise|tilt|foreman|honcho)[0-9.]*"
)
_SEPARATORS = re.compile(r"[=:,;@]")
_SHELL_TOKEN = re.compile(r"[^\s;|&()<>\"'`{}]+")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_MOST_OF_A_SCRIPT = 1_000_000  # bytes


@dataclass(slots=True)
class CommandWords:
    """Reads the words of one command in its folder and environment; what it found is in the fields."""

    contents: Contents
    folder: Path
    environment: Mapping[str, str]
    too_wide: Path  # a folder that holds this one is none that a word means
    parts: set[str] = field(default_factory=set)  # the content of all that was named
    unknown: dict[str, None] = field(default_factory=dict)  # why something of it cannot be known
    artifacts: dict[Path, None] = field(default_factory=dict)  # files that are no program of this machine
    _seen: set[str] = field(default_factory=set)

    def read(self, command: Sequence[str]) -> None:
        """Follow every word of a command."""
        for index, word in enumerate(command):
            self._word(word, command[index + 1 :], first=index == 0)

    def read_values(self, values: Iterable[str]) -> None:
        """Follow what the values of variables name: settings files, agents, folders of libraries."""
        for value in values:
            for word in value.split():
                self._files(word)

    def _word(self, word: str, rest: Sequence[str], *, first: bool = False) -> None:
        program = self._which(word, first=first)
        if program is not None:
            self._program(program, rest)
        self._files(word)

    def _which(self, word: str, *, first: bool) -> str | None:
        if not word or "\0" in word:
            return None
        if "/" in word:
            path = self.folder / word
            return str(path) if path.is_file() and (first or os.access(path, os.X_OK)) else None
        return shutil.which(word, path=self.environment.get("PATH", os.defpath))

    def _files(self, word: str) -> None:
        for piece in dict.fromkeys([word, *_SEPARATORS.split(word)]):
            path = self._place(piece.removesuffix("/*"))
            if path is None:
                continue
            if path.is_file():
                self._file(path)
            elif path.is_dir():
                self._folder(path)

    def _place(self, piece: str) -> Path | None:
        if not piece or "\0" in piece or len(piece) > 4000:
            return None
        path = self.folder / piece
        try:
            there = path.exists()
        except OSError:  # a name that no file can have
            return None
        return path if there else None

    def _file(self, path: Path) -> None:
        if f"file {path}" in self._seen:
            return
        self._seen.add(f"file {path}")
        self.parts.add(digest("file", self.contents.file(path)))
        program = os.access(path, os.X_OK) and _is_known_program(path)
        if not program:
            self.artifacts[path] = None
        if ARCHIVE.fullmatch(path.name):
            for beside in runtimes.class_path(path):
                if beside.is_file():
                    self._file(beside)
                elif beside.is_dir():  # classes and resources that are not packed
                    self._folder(beside)
        self._script(path, program=program)

    def _script(self, path: Path, *, program: bool) -> None:
        """A script imports from its own folder; one that says so is run by its interpreter."""
        text = _shebang(path)
        if text:
            self._shebang(path, text)
        beside = path.resolve().parent
        imports = path.suffix in {".py", ".js", ".mjs", ".cjs", ".ts", ".pyz"} or (text and not program)
        on_path = {os.path.realpath(each) for each in self.environment.get("PATH", "").split(os.pathsep)}
        if imports and str(beside) not in on_path:
            self._folder(beside)

    def _folder(self, path: Path) -> None:
        real = Path(os.path.realpath(path))
        wide = Path(os.path.realpath(self.too_wide))
        system = real in {Path("/"), Path(tempfile.gettempdir())}
        if (
            system
            or set(real.parts[1:2]) & {"dev", "proc", "sys"}
            or (wide.is_relative_to(real) and wide != real)
            or real == Path(os.path.realpath(self.folder))
        ):
            return
        self.parts.add(digest("folder", self.contents.tree(real, left_by_tools, "tree")))

    def _program(self, path: str, rest: Sequence[str]) -> None:
        if path in self._seen:
            return
        self._seen.add(path)
        name, real = os.path.basename(path), os.path.basename(os.path.realpath(path))
        self.parts.add(digest("program", self.contents.file(path)))
        if text := _shebang(Path(path)):
            self._shebang(Path(path), text)
        try:
            self.parts.update(digest("brings", part) for part in self._brings(path, {name, real}, rest))
        except CannotBeKnown as reason:
            self.unknown[str(reason)] = None
        if any(_OPAQUE.fullmatch(each) for each in (name, real)):
            self.unknown[f"what {name} runs cannot be known"] = None

    def _brings(self, path: str, names: set[str], rest: Sequence[str]) -> Iterator[str]:
        if any(runtimes.PYTHON.fullmatch(name) for name in names):
            yield from runtimes.python_packages(path, self.environment, self.folder, self.contents)
        if names & _RUNNERS_OF_PYTHON:
            yield from self._environment_of(names & _RUNNERS_OF_PYTHON, rest)
        if names & (runtimes.NODE | _RUNNERS_OF_NODE):
            yield from runtimes.node_modules(self._folders_of_scripts(rest), self.contents)
            yield from runtimes.locks("node", self.folder, self.contents)
        if names & _RUNNERS_OF_NODE:
            self._package_scripts(rest)
        if names & _JAVA:
            yield from runtimes.java_home(path, self.contents)
            self._argument_files(rest)
        if "go" in names:
            yield from runtimes.go_modules(path, self.folder, self.contents)
        if names & _SHELLS:
            self._shell(rest)

    def _folders_of_scripts(self, rest: Sequence[str]) -> list[Path]:
        scripts = [place.resolve() for word in rest if (place := self._place(word)) and place.is_file()]
        return [Path(os.path.realpath(self.folder)), *(script.parent for script in scripts)]

    def _environment_of(self, runner: set[str], rest: Sequence[str]) -> Iterator[str]:
        """The environment that a project's runner chooses: the folder .venv of the project."""
        name = min(runner)
        if not rest or rest[0] not in {"run", "exec"} or any(word.startswith("--with") for word in rest):
            raise CannotBeKnown(f"what {name} runs cannot be known")
        yield from runtimes.locks("python", self.folder, self.contents)
        named = self.environment.get("UV_PROJECT_ENVIRONMENT", ".venv") if name == "uv" else ".venv"
        places = [above / named for above in (self.folder, *self.folder.parents)]
        found = next((place for place in places if (place / "bin" / "python").exists()), None)
        if found is None:
            raise CannotBeKnown(f"{name} run makes or finds its environment when it starts")
        yield from runtimes.python_packages(
            str(found / "bin" / "python"), self.environment, self.folder, self.contents
        )

    def _package_scripts(self, rest: Sequence[str]) -> None:
        """The script of package.json that a runner is told to start, with what surrounds it."""
        words = [word for word in rest if not word.startswith("-")]
        name = words[1] if words[:1] in (["run"], ["run-script"]) and len(words) > 1 else (words or ["start"])[0]
        try:
            scripts = json.loads((self.folder / "package.json").read_text(encoding="utf-8"))["scripts"]
            texts = [scripts[each] for each in (f"pre{name}", name, f"post{name}") if each in scripts]
        except (OSError, ValueError, KeyError, TypeError):
            return
        for text in texts:
            self._shell_text(str(text), self.folder)

    def _argument_files(self, rest: Sequence[str]) -> None:
        for word in rest:
            if word.startswith("@") and (place := self._place(word[1:])) and place.is_file():
                for inner in _split_words(place.read_text(encoding="utf-8", errors="replace")):
                    self._files(inner)

    def _shell(self, rest: Sequence[str]) -> None:
        if "-c" in rest and rest.index("-c") + 1 < len(rest):
            self._shell_text(rest[rest.index("-c") + 1], self.folder)
        script = next((word for word in rest if not word.startswith("-")), "")
        if "-c" not in rest and (place := self._place(script)) and place.is_file():
            self._shell_script(place)

    def _shell_script(self, path: Path) -> None:
        with path.open("rb") as file:
            text = file.read(_MOST_OF_A_SCRIPT).decode("utf-8", "replace")
        self._shell_text("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")), path)

    def _shell_text(self, text: str, where: Path) -> None:
        """Every word of a script that names a program or a file; one that cannot be made out is told."""
        for token in dict.fromkeys(_SHELL_TOKEN.findall(text)):
            word = _VARIABLE.sub(lambda m: self.environment.get(m[1] or m[2], m[0]), token)
            if "$" in word and "/" in word.partition("$")[2]:
                self.unknown[f"what {where.name} means by {token} cannot be known"] = None
            elif "$" not in word:
                self._word(word, ())

    def _shebang(self, path: Path, line: str) -> None:
        words = line.split()
        if os.path.basename(words[0]) == "env":
            words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        if not words:
            return
        interpreter = words[0] if "/" in words[0] else self._which(words[0], first=True)
        if interpreter is None or not os.path.exists(interpreter):
            return  # the start will say so
        if os.path.basename(interpreter) in _SHELLS:
            self._shell_script(path)
        else:
            self._program(interpreter, [str(path)])


def _is_known_program(path: Path) -> bool:
    """Whether a file is a language's own program: which one it is counts, but no commit could hold it."""
    real = os.path.basename(os.path.realpath(path))
    names = {path.name, real}
    families = runtimes.NODE | _JAVA | _SHELLS | _RUNNERS_OF_NODE | _RUNNERS_OF_PYTHON | {"go"}
    return bool(names & families) or any(runtimes.PYTHON.fullmatch(n) or _OPAQUE.fullmatch(n) for n in names)


def _shebang(path: Path) -> str:
    try:
        with path.open("rb") as file:
            line = file.readline(4096)
    except OSError:
        return ""
    return line[2:].decode("utf-8", "replace").strip() if line.startswith(b"#!") else ""


def _split_words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
