"""What a process is: every kind of change that can change what it does shows, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.errors import ServiceDidNotStart
from harness.runtime.process_environment import inherited_environment
from harness.runtime.process_identity import ProcessIdentity, Surroundings, changed_files, identify
from harness.services.system import Service


@dataclass
class Place:
    """A project with one service, and the environment that it is looked at in."""

    root: Path
    environ: dict[str, str]

    def identity(self, *command: str, **more: object) -> ProcessIdentity:
        service = Service(name="svc", command=command, directory=self.root / "svc", **more)  # type: ignore[arg-type]
        return identify(service, Surroundings(root=self.root, environ=self.environ))

    def key(self, *command: str, **more: object) -> str:
        return self.identity(*command, **more).key

    def write(self, name: str, text: str, *, program: bool = False) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if program else 0o644)
        return path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "project", {"PATH": f"{tmp_path}/project/bin:/usr/bin:/bin", "HOME": str(tmp_path)})
    made.write("svc/server", "1")
    return made


PLAIN = "#!/nowhere/interpreter\n"


def _script(name: str) -> Callable[[Place, str], Path]:
    return lambda place, text: place.write(name, f"{PLAIN}{text}", program=True)


def _file(name: str) -> Callable[[Place, str], Path]:
    return lambda place, text: place.write(name, text)


def _linked_package(place: Place, text: str) -> Path:
    link = place.root / "svc" / "node_modules" / "lib"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../packages/lib")
    return place.write("packages/lib/index.js", text)


def _jar(name: str) -> Callable[[Place, str], Path]:
    def write(place: Place, text: str) -> Path:
        path = place.write(name, "")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nclass-path: lib/a.\n jar classes/\n")
            archive.writestr("Main.class", text)
        return path

    return write


# (what is written, the command that it decides)
KINDS: dict[str, tuple[Callable[[Place, str], Path], tuple[str, ...]]] = {
    "a file of its folder": (_file("svc/deep/file"), ("run",)),
    "a program beside its folder": (_script("out/server"), ("../out/server",)),
    "an argument beside its folder": (_script("out/server"), ("run", "../out/server")),
    "the value of an option": (_file("conf/settings.yaml"), ("run", "--config=../conf/settings.yaml")),
    "a settings file with a mark": (_file("conf/args"), ("run", "@../conf/args")),
    "a folder of the class path": (_file("classes/A.class"), ("run", "-cp", "lib/*:../classes")),
    "a folder of libraries": (_jar("libs/b.jar"), ("run", "-cp", "../libs/*:x.jar")),
    "an agent": (_jar("agents/a.jar"), ("run", "-javaagent:../agents/a.jar=on")),
    "a program on the PATH": (_script("bin/server"), ("server",)),
    "a program behind another": (_script("bin/server"), ("env", "A=1", "server")),
    "what a shell starts": (_script("bin/server"), ("sh", "-c", "exec server --port 1")),
    "what a shell starts by a path": (_script("out/server"), ("sh", "-c", "cd . && ../out/server")),
    "what a script of a shell starts": (_script("out/server"), ("./start.sh",)),
    "a module beside a script elsewhere": (_file("tools/other.py"), ("run", "../tools/main.py")),
    "a jar": (_jar("lib/app.jar"), ("run", "-jar", "../lib/app.jar")),
    "what a jar names beside it": (_jar("jars/lib/a.jar"), ("run", "-jar", "../jars/app.jar")),
    "a folder that a jar names beside it": (_file("jars/classes/A.class"), ("run", "-jar", "../jars/app.jar")),
    "a package of node": (_file("svc/node_modules/a/index.js"), ("run",)),
    "a package of node above": (_file("node_modules/a/index.js"), ("node", "server.js")),
    "a workspace's package": (_linked_package, ("run",)),
    "a lock file above": (_file("package-lock.json"), ("node", "server.js")),
    "the program node": (_script("bin/node"), ("node", "server.js")),
    "a module of go": (_file("lib/lib.go"), ("go", "run", ".")),
    "the version of go": (_file("goroot/VERSION"), ("go", "run", ".")),
    "the JDK": (_file("jdk/release"), ("../jdk/bin/java", "-jar", "a.jar")),
    "the script of package.json": (_script("out/server"), ("npm", "start")),
    "an input": (_file("more/data"), ("run",)),
}


def prepare(place: Place) -> None:
    place.write("svc/start.sh", "#!/bin/sh\n# a comment\nexec ../out/server\n", program=True)
    place.write("tools/main.py", "")
    place.write("more/data", "")
    _jar("jars/app.jar")(place, "")
    _jar("jars/lib/a.jar")(place, "0")
    for name in ("bin/node", "bin/npm", "goroot/bin/go", "jdk/bin/java", "bin/run"):
        place.write(name, f"{PLAIN}{name}", program=True)
    (place.root / "bin" / "go").symlink_to("../goroot/bin/go")
    place.write("svc/go.mod", "module svc\nrequire lib v1\nreplace lib => ../lib\n")
    place.write("svc/package.json", '{"scripts": {"start": "../out/server"}}')


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_change_shows(place: Place, kind: str) -> None:
    prepare(place)
    write, command = KINDS[kind]
    more: dict[str, object] = {"inputs": (place.root / "more",)} if kind == "an input" else {}
    seen = []
    for text in ("one", "two", "one"):
        write(place, text)
        seen.append(place.key(*command, **more))
    assert seen[0] != seen[1]
    assert seen[0] == seen[2] != ""


def test_what_is_told_to_it_shows(place: Place) -> None:
    seen = {
        place.key("run"),
        place.key("run", "-v"),
        place.key("run", environment=(("A", "${b.url}"),)),
        place.key("run", environment=(("A", "1"),)),
        place.key("run", endpoints=(("http", 1),)),
    }
    assert len(seen) == 5
    assert place.key("run", version="2", where="elsewhere", needs=("b",)) == place.key("run")


VARIABLES: dict[str, tuple[str, dict[str, object]]] = {
    "one that it always gets": ("LANG", {}),
    "one that is let through": ("SPRING_PROFILES_ACTIVE", {"pass_environment": ("SPRING_*",)}),
    "one of all": ("NODE_OPTIONS", {"inherit": True}),
    "one that its files name": ("FEATURE_SWITCH", {}),
    "a secret": ("API_TOKEN", {"pass_environment": ("API_TOKEN",)}),
}


@pytest.mark.parametrize("kind", VARIABLES)
def test_every_variable_that_it_gets_shows_with_its_value(place: Place, kind: str) -> None:
    place.write("svc/settings.py", "import os\nSWITCH = os.environ.get('FEATURE_SWITCH')\n")
    name, more = VARIABLES[kind]
    seen = []
    for value in ("on", "off", "on", ""):
        place.environ[name] = value
        seen.append(place.key("run", **more))
    assert len(set(seen)) == 3
    assert seen[0] == seen[2]


def test_what_a_variable_names_shows(place: Place) -> None:
    place.write("svc/hook.js", "1")
    place.write("hooks/hook.js", "1")
    place.environ["NODE_OPTIONS"] = f"--require {place.root}/hooks/hook.js"
    more = {"pass_environment": ("NODE_OPTIONS",)}
    before = place.key("run", **more), place.key("run", environment=(("CONFIG", "../hooks/hook.js"),))
    place.write("hooks/hook.js", "2")
    after = place.key("run", **more), place.key("run", environment=(("CONFIG", "../hooks/hook.js"),))
    assert not set(before) & set(after)


def test_no_other_variable_is_passed_or_shows(place: Place) -> None:
    place.write("svc/README.md", "set DATABASE_SECRET first")
    place.write("svc/.github/ci.yml", "$GITHUB_RUN_ID")
    service = Service(name="svc", command=("run",), directory=place.root / "svc")
    before = place.key("run")
    place.environ |= {"DATABASE_SECRET": "1", "GITHUB_RUN_ID": "7", "PWD": "/", "OTHER": "x"}
    assert place.key("run") == before
    assert inherited_environment(service, place.environ).keys() == {"PATH", "HOME"}


def test_what_its_files_name_is_not_passed_where_the_manifest_says_so(place: Place) -> None:
    place.write("svc/settings.py", "FEATURE_SWITCH")
    place.environ["FEATURE_SWITCH"] = "on"
    assert "FEATURE_SWITCH" in place.identity("run").environment
    assert "FEATURE_SWITCH" not in place.identity("run", inherit=False).environment


def test_no_secret_can_be_read_from_what_it_is_made_of(place: Place) -> None:
    place.environ["API_TOKEN"] = "hunter2"
    from harness.runtime.process_environment import environment_key

    service = Service(name="svc", pass_environment=("API_TOKEN",), environment=(("DB", "postgres://u:p4ss@db"),))
    written = environment_key(service, inherited_environment(service, place.environ))
    assert "hunter2" not in written
    assert "p4ss" not in written


def test_what_cannot_be_known_has_no_identity_until_it_is_said_what_decides(place: Place) -> None:
    for name in ("ruby", "gradle", "uv"):
        place.write(f"bin/{name}", PLAIN, program=True)
    for command in (("ruby", "app.rb"), ("gradle", "bootRun"), ("uv", "run", "app"), ("sh", "-c", "$HOME2/x/run")):
        identity = place.identity(*command)
        assert (identity.key, bool(identity.unknown)) == ("", True), command
        assert place.key(*command, inputs=(place.root / "svc",)) != ""


def test_an_interpreter_that_does_not_say_what_it_is_has_no_identity(place: Place) -> None:
    place.write("bin/python3", "#!/bin/sh\nexit 1\n", program=True)
    assert place.key("python3", "app.py") == ""


def test_what_it_left_in_its_folder_is_no_change_until_somebody_edits_it(place: Place) -> None:
    before = place.identity("run")
    service = Service(name="svc", command=("run",), directory=place.root / "svc")
    log = place.write("svc/app.log", "started")
    around = Surroundings(root=place.root, environ=place.environ)
    assert changed_files(service, before, around) == (before.folder / "app.log",)
    left = replace(around, written={"svc/app.log": around.contents.file(log)})
    assert identify(service, left).key == before.key
    log.write_text("edited")
    assert identify(service, replace(left, contents=type(around.contents)())).key != before.key


def test_what_the_manifest_says_it_writes_and_pacts_do_not_show(place: Place) -> None:
    more = {"writes": ("*.log", "data/")}
    before = place.key("run", **more)
    place.write("svc/app.log", "1")
    place.write("svc/data/app.db", "1")
    assert place.key("run", **more) == before
    service = Service(name="svc", command=("run",), directory=place.root / "svc")
    around = Surroundings(root=place.root, environ=place.environ, apart=(place.root / "svc" / "pacts",))
    clean = identify(service, around).key
    place.write("svc/pacts/a.json", "1")
    assert identify(service, around).key == clean


def test_what_an_identity_is_made_of_must_be_there(place: Place) -> None:
    around = Surroundings(root=place.root, environ=place.environ)
    with pytest.raises(ServiceDidNotStart, match="nowhere does not exist"):
        identify(Service(name="a", command=("run",), directory=place.root / "nowhere"), around)
    with pytest.raises(ServiceDidNotStart, match="its input"):
        place.key("run", inputs=(place.root / "gone",))


def test_hostile_words_break_nothing(place: Place) -> None:
    for word in ("", "\0", "x" * 10_000, "/", "..", "=:,;@", "~", "/dev/zero", "/proc/self", "\ud800", "a\nb"):
        place.identity("run", word)


# Python, as it really is


def environment(folder: Path) -> tuple[Path, Path]:
    """A virtual environment, and the folder that its packages lie in."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python", next(folder.glob("lib/python*/site-packages"))


PYTHON_COMMANDS: Mapping[str, Callable[[Place], dict[str, object]]] = {
    "by its path": lambda place: {"command": (f"{place.root}/env/bin/python", "app.py")},
    "a script of it": lambda place: {"command": (f"{place.root}/env/bin/tool",)},
    "a script on the PATH": lambda _: {"command": ("tool",)},
    "the manifest's": lambda place: {
        "command": ("python", "-m", "app"),
        "python": f"{place.root}/env/bin/python",
    },
    "through a shell": lambda _: {"command": ("sh", "-c", "exec ../env/bin/python app.py")},
    "through uv": lambda _: {"command": ("uv", "run", "app.py")},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", PYTHON_COMMANDS)
def test_the_packages_of_an_environment_show_whatever_names_it(place: Place, kind: str) -> None:
    python, site = environment(place.root / "env")
    (place.root / ".venv").symlink_to("env")
    place.write("env/bin/tool", f"#!{python}\n", program=True)
    place.write("bin/uv", PLAIN, program=True)
    place.environ["PATH"] = f"{place.root}/env/bin:{place.environ['PATH']}"
    elsewhere = place.write("library/src/package/__init__.py", "1").parents[1]
    (site / "linked.pth").write_text(f"{elsewhere}\n")
    service = Service(name="svc", directory=place.root / "svc", **PYTHON_COMMANDS[kind](place))  # type: ignore[arg-type]

    def key() -> str:
        return identify(service, Surroundings(root=place.root, environ=place.environ)).key

    seen = [key()]
    for change in (
        lambda: (site / "module.py").write_text("1"),
        lambda: (site / "module.py").write_text("2"),
        lambda: place.write(f"{site.relative_to(place.root)}/module-2.0.dist-info/METADATA", ""),
        lambda: place.write("library/src/package/__init__.py", "2"),
        lambda: place.write("library/src/package/data.json", "{}"),
    ):
        change()
        seen.append(key())
    assert "" not in seen
    assert len(set(seen)) == len(seen)
    place.write("library/README.md", "")
    os.utime(site / "module.py", (1, 1))
    assert key() == seen[-1]
