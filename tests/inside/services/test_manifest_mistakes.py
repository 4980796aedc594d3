"""Every mistake in a manifest: found, placed, shown with its value and a remedy, all at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.errors import ManifestError, Problem
from harness.services.manifest.file import load, parse

PLAIN = '[services.a]\nimage = "a"\n'


def mistakes(text: str, folder: Path, environ: dict[str, str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(ManifestError) as caught:
        parse(text, folder / "harness.toml", environ or {})
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ("sead = 1", 1, "unknown key 'sead'", "did you mean 'seed'?"),
        ("[services.a]\nprot = 1", 2, "services.a: unknown key 'prot'", "did you mean 'port'?"),
        (
            PLAIN + "budget = { seconds = 1, exampels = 3 }",
            3,
            "unknown key 'exampels'",
            "did you mean 'examples'?",
        ),
        ('seed = "x"', 1, "seed: a whole number from 0 to 9223372036854775807 is needed, not 'x'", ""),
        ("seed = true", 1, "not true", ""),
        ('[gate]\ntrust_claims = "yes"', 2, "gate.trust_claims: true or false is needed, not 'yes'", ""),
        ("services = 3", 1, "services: a table is needed, not 3", ""),
        ("[services]\na = 3", 2, "services.a: a table is needed, not 3", ""),
        ("[services.a]\nimage = 7", 2, "services.a.image: a text is needed, not 7", 'write "7"'),
        ("[services.a]\nimage = ''", 2, "a text that is not empty is needed", ""),
        (PLAIN + "port = 70000", 3, "a whole number from 1 to 65535 is needed, not 70000", ""),
        (PLAIN + "endpoints = { a = 1, b = 1 }", 3, "port 1 is both 'a' and 'b'", ""),
        (PLAIN + "endpoints = {}", 3, "at least one endpoint", ""),
        (PLAIN + "port = 1\nendpoints = { a = 1 }", 3, "'port' and 'endpoints' are both given", ""),
        (PLAIN + "build = 'nowhere'", 3, "services.a.build: no folder 'nowhere'", "looked for /"),
        ("[services.a]\nbuild = '.'", 2, "no file 'Dockerfile' in /", ""),
        ("[services.a]\nbuild = { context = '.', dockerfile = 'x' }", 2, "dockerfile: no file 'x'", "/x"),
        ("[services.a]\nbuild = {}", 2, "'context' is missing", ""),
        (PLAIN + "openapi = 'no.yaml'", 3, "services.a.openapi: no file 'no.yaml'", "looked for /"),
        (PLAIN + "openapi = 'http://['", 3, "a file, or a path", '"/openapi.json"'),
        (PLAIN + "openapi = 'http://x/openapi.json'", 3, "a file, or a path", '"/openapi.json"'),
        (PLAIN + "directory = 'no'", 3, "services.a.directory: no folder 'no'", ""),
        (PLAIN + "inputs = ['no']", 3, "services.a.inputs: no file or folder 'no'", ""),
        ("compose = 'no.yaml'", 1, "compose: no file 'no.yaml'", ""),
        ("[suites]\nconsumer = 'no'", 2, "suites.consumer: no file or folder 'no'", ""),
        ("[suites.consumer]\ntimeout = 1", 1, "suites.consumer: 'path' is missing", ""),
        (PLAIN + "needs = ['b']", 3, "services.a.needs: nothing is called 'b'", ""),
        (PLAIN + "needs = [\n'b',\n]", 4, "services.a.needs: nothing is called 'b'", ""),
        (PLAIN + "environment.X = '${b.url}'", 3, "${b.url}: nothing is called 'b'", ""),
        (PLAIN + "environment.X = '${a.url}'", 3, "'a' has no port", ""),
        (PLAIN + "port = 1\nenvironment.X = '${self.adm.port}'", 4, "'a' has no endpoint 'adm'", ""),
        (PLAIN + "environment.X = '${a'", 3, "${a is not closed with }", ""),
        (PLAIN + "environment.X = '${a.name}'", 3, "${a.name} is not a reference", "${NAME.url}"),
        (PLAIN + "environment.X = '${env.X}'", 3, "the environment variable X is not set", "${env.X:-VALUE}"),
        ("[services.a]\nimage = '${a.url}'", 2, "${a.url} has no meaning here", "only ${env.NAME}"),
        ("[services.a]\nports = 1\nport = 'x'", 2, "unknown key 'ports'", "did you mean 'port'?"),
        ("[services.a]\nopenapi = '/o.json'", 2, "no way to start the service", "image, build, command, url"),
        ("[services.a]\nready = '/'\nport = 1", 2, "no way to start the service", ""),
        ("[resources.'a b']\nkind = 'postgres'", 1, "'a b' is not a name", "letters, digits"),
        ("[services.' a']\nimage = 'x'", 1, "' a' is not a name", "one line without spaces around it"),
        ('[services."a\\nb"]\nimage = "x"', 1, "is not a name", ""),
        (PLAIN + "pacticipant = ' '", 3, "a text that is not empty", ""),
        (
            PLAIN + "[services.b]\npacticipant = 'a'",
            4,
            "services.b.pacticipant: 'a' is already 'a'",
            "each pacticipant",
        ),
        ("[services.self]\nimage = 'x'", 1, "'self' cannot be a name", ""),
        (PLAIN + "[resources.a]\nkind = 'postgres'", 3, "'a' is both a service and a resource", "rename"),
        ("[resources.a]\nkind = 'postgre'", 2, "unknown kind 'postgre'", "did you mean 'postgres'?"),
        ("[resources.a]\nimage = 'x'", 1, "'kind' is missing", "postgres"),
        ("[resources.a]\nkind = 'container'", 1, "no way to start it", ""),
        ("[resources.a]\nkind = 'container'\nimage = 'x'\nuser = 'u'", 4, "'user' is only for kind", ""),
        (PLAIN + "ready = { tcp = 'http' }", 3, "the name of an endpoint (there is none)", ""),
        (PLAIN + "ready = { log = '(' }", 3, "a regular expression is needed, not '('", ""),
        (PLAIN + "ready = { http = '/', tcp = 'x' }\nport = 1", 3, "'http' and 'tcp' are given", ""),
        (PLAIN + "port = 1\nready = 'health'", 4, "a URL path that starts with '/' is needed, not 'health'", ""),
        (PLAIN + "port = 1\nready = { http = '/', within = 0 }", 4, "a number of seconds above 0 is needed", ""),
        (PLAIN + "port = 1\nready = { http = '/', within = nan }", 4, "not nan", ""),
        (PLAIN + "states = 'states'", 3, "a URL path on the service", ""),
        (PLAIN + "states = 'a b:c'", 3, "a Python name", ""),
        (PLAIN + "states = { url = '/s', callable = 'a:b' }", 3, "one of 'url' and 'callable'", ""),
        (PLAIN + "headers = { 'X Y' = '1' }", 3, "'X Y' is not the name of a header", ""),
        (PLAIN + 'headers = { X = "a\\nb" }', 3, "a header is one line", ""),
        (PLAIN + 'command = "a \'b"', 3, "cannot be split into words", ""),
        (PLAIN + "command = []", 3, "a command is needed, not a list", ""),
        (PLAIN + 'version = "1 2"', 3, "'1 2' is not a version", ""),
        (
            PLAIN + 'version = "1"\n[services.a.versions.1]\nport = 1',
            4,
            "is the service's own version already",
            "",
        ),
        (PLAIN + "[services.a.versions.2]\nauth = 1", 4, "services.a.versions.2: unknown key 'auth'", ""),
        ("[services.a]\nurl = 'localhost:80'", 2, "a URL like 'http://127.0.0.1:9000' is needed", ""),
        ("[services.a]\nurl = 'http://x:99999'", 2, "a URL like", ""),
        ("[services.a]\nurl='http://x:1'\n[services.b]\nurl='http://x:1/'", 4, "already the address of 'a'", ""),
        ("[services.a]\nimage = 'x'\nbuild = '.'", 3, "'image' and 'build' are both given", "versions"),
        ("[gate]\nrequire = ['pact']", 2, "unknown kind of evidence 'pact'", "did you mean 'pacts'?"),
        ("[environments.'a b']", 1, "'a b' is not a name", ""),
        ("[broker]\nurl = 'sqlite:///:memory:'", 2, "'sqlite://…' is not a broker's address", ""),
        ("[broker]\nurl = 'ftp://u:geheim@x'", 2, "'ftp://…' is not a broker's address", "sqlite:///PATH"),
        (
            "[services.a]\nneeds = ['b']\nimage = 'x'\n[services.b]\nneeds = ['a']\nimage = 'x'",
            5,
            "a → b → a",
            "one need",
        ),
        (PLAIN + "port = 1\nneeds = ['a']", 4, "circle of needs: a → a", ""),
        (PLAIN + "port = 1\nenvironment.X = '${a.url}'", 4, "circle of needs: a → a", ""),
        ("a = 1\na = 2", 2, "not TOML: cannot overwrite a value", ""),
        ("[services.a]\nimage = x", 2, "not TOML: invalid value, in 'image = x'", ""),
        ("seed = " + "9" * 5000, 0, "a value cannot be read", ""),
    ],
)
def test_a_mistake_is_told_with_its_line_its_value_and_a_remedy(
    text: str, line: int, said: str, hint: str, tmp_path: Path
) -> None:
    where = f"harness.toml:{line}" if line else "harness.toml"
    found = [p for p in mistakes(text, tmp_path) if said in p.text and p.where == where]
    assert found, mistakes(text, tmp_path)
    assert hint in found[0].hint


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "sead = 1\n[services.a]\nprot = 2\nimage = 3\nneeds = ['x', 'y']\n[services.b]\nbuild = 'no'\n"
    places = [problem.where for problem in mistakes(text, tmp_path)]
    assert places == [f"harness.toml:{line}" for line in (1, 3, 4, 5, 5, 7)]


def test_a_mistake_that_a_version_inherits_is_told_once(tmp_path: Path) -> None:
    text = "[services.a]\nimage = 3\n[services.a.versions.2]\nport = 1\n[services.a.versions.3]\nport = 1\n"
    found = [p for p in mistakes(text, tmp_path) if p.where == "harness.toml:2"]
    assert len({p.text.rpartition(":")[2] for p in found}) == 1
    assert len(found) == 1


@pytest.mark.parametrize(
    "auth", ["'geheim'", "{ bearer = ['geheim'] }", "{ basic = 'geheim' }", '{ bearer = "geheim\\n" }']
)
def test_a_secret_is_never_shown(auth: str, tmp_path: Path) -> None:
    found = mistakes(PLAIN + f"auth = {auth}", tmp_path)
    assert "geheim" not in str(found)


def test_a_circle_that_only_another_version_makes_is_found(tmp_path: Path) -> None:
    text = PLAIN + "needs = ['b']\n[services.b]\nimage = 'b'\n[services.b.versions.2]\nneeds = ['a']\n"
    assert [p.text for p in mistakes(text, tmp_path)] == ["circle of needs: a → b → a"]


def test_a_missing_manifest_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"cannot read .*harness\.toml: no such file"):
        load(tmp_path / "harness.toml", {})


HOSTILE = {
    "not UTF-8": (b"# \xc3\xbc\n\xff = 1", "harness.toml:2: byte 0xff is not UTF-8"),
    "huge": (b"x" * 5_000_000, "more than the 1,000,000"),
    "NUL": (b"a\0b = 1", "harness.toml:1: not TOML"),
    "deep lists": (b"a = " + b"[" * 100_000, "levels inside each other"),
    "deep tables": (b"a = " + b"{a=" * 100_000, "levels inside each other"),
    "deep dotted key": (b"a." * 400_000 + b"a = 1", "levels inside each other"),
    "deep header": (b"[" + b"a." * 400_000 + b"a]", "levels inside each other"),
    "unclosed text": (b'a = "' + b"x" * 900_000, "not TOML"),
    "unclosed long text": (b'a = """' + b'"\\' * 400_000, "not TOML"),
    "many mistakes": (b"[services.a]\n" + b"".join(b"k%d=1\n" % i for i in range(60_000)), "more mistakes"),
    "many tables": (b"".join(b"[[a.b]]\n" for _ in range(100_000)), "unknown key 'a'"),
}


LARGE = [pytest.param(name, marks=pytest.mark.slow if name.startswith("many ") else ()) for name in HOSTILE]


@pytest.mark.parametrize("name", LARGE)
def test_hostile_files_are_refused_quickly(name: str, tmp_path: Path) -> None:
    data, said = HOSTILE[name]
    manifest = tmp_path / "harness.toml"
    manifest.write_bytes(data)
    began = time.thread_time()
    with pytest.raises(ManifestError) as caught:
        load(manifest, {})
    assert said in str(caught.value)
    assert time.thread_time() - began < 20
