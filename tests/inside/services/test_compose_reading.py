"""A compose file as part of a system."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ManifestError, Problem
from harness.services.compose.addresses import rewritten
from harness.services.compose.interpolation import interpolate, variables
from harness.services.environment import resolve
from harness.services.manifest.file import parse
from harness.services.system import ReadyKind, Resource, ResourceKind, System
from harness.services.yaml_source import parse_yaml

COMPOSE = """\
x-env: &env {LOG: debug, LEVEL: 1}
services:
  catalog:
    build: ./catalog
    ports: ["127.0.0.1:18000:8000", {target: 9000, name: admin}, "5000:5000/udp"]
    environment:
      <<: *env
      LEVEL: 2
      TOKEN: ${TOKEN:-abc}
      NOTHING: ~
      LITERAL: "$${x}"
      PEER: http://orders:8000/api
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8000/health"]
    depends_on: {db: {condition: service_healthy}}
    volumes: ["./x:/y"]
  orders:
    build: {context: orders, dockerfile: ../Other, args: [BASE=x, "FROM_OUTSIDE"]}
    expose: ["8000"]
    env_file: orders.env
    environment:
      - DATABASE_URL=postgresql://u:p@db:5432/shop
      - CATALOG=http://catalog:8000
      - ADMIN=catalog:9000
      - REDIS=redis://cache
      - DB_HOST=db
      - DB_PORT=5432
      - BROKERS=cache:6379,db:5432
      - UNTOUCHED=http://catalog:1234 mycatalog:8000 catalog
      - FROM_OUTSIDE
    command: python -m orders --flag "a b"
    depends_on: [db, cache]
  db:
    image: docker.io/library/postgres:16
    environment: {POSTGRES_USER: u, POSTGRES_PASSWORD: p, POSTGRES_DB: shop}
  cache:
    image: redis:7
    command: [redis-server, --save, ""]
    ports: [6379]
    healthcheck: {test: redis-cli ping}
  debug:
    image: busybox
    profiles: [debug]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for each in ("catalog", "orders"):
        (tmp_path / each).mkdir()
        (tmp_path / each / "Dockerfile").touch()
    (tmp_path / "Other").touch()
    (tmp_path / "orders/openapi.yaml").touch()
    (tmp_path / "orders.env").write_text("# c\nexport A='1 2' # x\nB=2 # y\nDB_PORT=1\n")
    return tmp_path


def load(folder: Path, compose: str = COMPOSE, more: str = "", environ: dict[str, str] | None = None) -> System:
    (folder / "compose.yaml").write_text(compose)
    return parse(f'compose = "compose.yaml"\n{more}', folder / "harness.toml", environ or {})


def mistakes(folder: Path, compose: str, more: str = "") -> tuple[Problem, ...]:
    with pytest.raises(ManifestError) as caught:
        load(folder, compose, more)
    return caught.value.problems


def test_what_is_built_is_a_service_and_what_is_pulled_a_resource(folder: Path) -> None:
    system = load(folder)
    assert [s.name for s in system.services] == ["catalog", "orders"]
    assert {r.name: r.kind for r in system.resources} == {
        "db": ResourceKind.POSTGRES,
        "cache": ResourceKind.CONTAINER,
    }


def test_the_manifest_decides_what_is_a_service(folder: Path) -> None:
    system = load(folder, more="[services.cache]\nport = 6379\n[services.debug]\n")
    assert system.service("cache").image == "redis:7"
    assert system.service("cache").endpoints == (("http", 6379),)
    assert system.service("debug").image == "busybox"


def test_builds_ports_and_places_are_read(folder: Path) -> None:
    system = load(folder, environ={"FROM_OUTSIDE": "yes"})
    catalog, orders = system.services
    assert catalog.build is not None
    assert catalog.build.dockerfile == folder / "catalog/Dockerfile"
    assert catalog.endpoints == (("http", 8000), ("admin", 9000))
    assert orders.build is not None
    assert orders.build.dockerfile == folder / "Other"
    assert orders.build.args == (("BASE", "x"), ("FROM_OUTSIDE", "yes"))
    assert (orders.directory, orders.where) == (folder / "orders", "compose.yaml:17")


def test_the_command_of_a_container_is_not_the_command_of_a_process(folder: Path) -> None:
    orders = load(folder).service("orders")
    assert orders.container_command == ("python", "-m", "orders", "--flag", "a b")
    assert orders.command == ()


def test_a_health_check_that_asks_the_main_port_is_asked_from_outside(folder: Path) -> None:
    system = load(folder)
    assert (system.service("catalog").ready.kind, system.service("catalog").ready.target) == (
        ReadyKind.HTTP,
        "/health",
    )
    assert system.service("orders").ready.kind is ReadyKind.TCP
    cache = system.unit("cache")
    assert (cache.ready.kind, cache.ready.target) == (ReadyKind.EXEC, "redis-cli ping")


def test_postgres_has_the_credentials_of_its_environment(folder: Path) -> None:
    db = load(folder).unit("db")
    assert isinstance(db, Resource)
    assert (db.user, db.password, db.database, db.endpoints) == ("u", "p", "shop", (("postgres", 5432),))


def test_environment_comes_from_anchors_files_variables_and_outside(folder: Path) -> None:
    (folder / ".env").write_text("TOKEN=from-dotenv\n")
    catalog, orders = load(folder, environ={"FROM_OUTSIDE": "yes"}).services
    assert dict(catalog.environment) == {
        "LOG": "debug",
        "LEVEL": "2",
        "TOKEN": "from-dotenv",
        "LITERAL": "$${x}",
        "PEER": "http://${orders.host}:${orders.port}/api",
    }
    assert dict(orders.environment)["A"] == "1 2"
    assert dict(orders.environment)["B"] == "2"
    assert dict(orders.environment)["FROM_OUTSIDE"] == "yes"


def test_addresses_become_references_unless_they_close_a_circle(folder: Path) -> None:
    # catalog would call orders, which calls catalog: without a written need, the first address wins.
    catalog, orders = load(folder, more='[services.orders]\nneeds = ["catalog"]\n').services
    assert dict(catalog.environment)["PEER"] == "http://orders:8000/api"
    found = dict(orders.environment)
    assert found["DATABASE_URL"] == "postgresql://u:p@${db.host}:${db.port}/shop"
    assert found["CATALOG"] == "http://${catalog.host}:${catalog.port}"
    assert found["ADMIN"] == "${catalog.admin.host}:${catalog.admin.port}"
    assert found["REDIS"] == "redis://${cache.host}:${cache.port}"
    assert (found["DB_HOST"], found["DB_PORT"]) == ("${db.host}", "${db.port}")
    assert found["BROKERS"] == "${cache.host}:${cache.port},${db.host}:${db.port}"
    assert found["UNTOUCHED"] == "http://catalog:1234 mycatalog:8000 catalog"
    assert set(orders.needs) == {"db", "cache", "catalog"}


def test_the_manifest_adds_to_what_compose_says(folder: Path) -> None:
    more = """
[services.orders]
openapi = "orders/openapi.yaml"
environment = { EXTRA = "1", BASE_URL = "${catalog.url}" }
ready = { http = "/ready", within = 5 }
[services.orders.versions.2]
build = { args = { FAULTS = "2" } }
"""
    orders = load(folder, more=more).service("orders")
    assert orders.openapi == str(folder / "orders/openapi.yaml")
    assert dict(orders.environment).keys() >= {"EXTRA", "DATABASE_URL"}
    assert orders.needs[:2] == ("db", "cache")
    assert orders.ready.target == "/ready"
    variant = orders.at("2")
    assert variant.build is not None
    assert dict(variant.build.args) == {"BASE": "x", "FAULTS": "2"}


@pytest.mark.parametrize(
    ("compose", "line", "said"),
    [
        ("services:\n  a:\n    imag: x", 3, "unknown key 'imag'"),
        ("services:\n  a:\n    image: x\n    ports: [99999]", 4, "a port from 1 to 65535 is needed"),
        ("services:\n  a:\n    image: x\n    ports:\n      - 1\n      - x:y", 6, "a port like '8000'"),
        ("services:\n  a:\n    image: x\n    ports: 80", 4, "a list of ports is needed, not '80'"),
        ("services:\n  a: {image: x, ports: ['80:80']}\n  b: {image: x, ports: ['80:81']}", 3, "host port 80 is"),
        ("services:\n  a:\n    image: x\n    depends_on: [b]", 4, "nothing is called 'b'"),
        ("services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}", 3, "a → b → a"),
        ("services:\n  a:\n    build: nowhere", 3, "no folder "),
        ("services:\n  a: {}", 2, "neither 'image' nor 'build'"),
        ("services:\n  a:\n    image: x\n    environment: [=1]", 4, "KEY=value is needed"),
        ("services:\n  a:\n    image: ${X:?give it}", 3, "X is not set: give it"),
        ("services:\n  a:\n    image: ${X", 3, "not closed"),
        ("services:\n  a:\n    image: x\n    image: y", 4, "key 'image' stands here a second time"),
        ("services:\n  a: [1]", 2, "services.a: a table is needed"),
        ("services: [1]", 1, "services: a table is needed, not a list"),
        ("volumes: {}", 1, "no 'services' in the compose file"),
        ("services:\n\ta: 1", 2, "not YAML"),
        ("include: [x.yaml]\nservices: {}", 1, "include: no file"),
        ("services:\n  a:\n    image: x\n    env_file: no.env", 4, "cannot read"),
        ("services:\n  a:\n    image: x\n    healthcheck: {test: [curl, x]}", 4, "starts with CMD"),
        ("services:\n  a:\n    image: x\n    secrets: [no]", 4, "'no' is not among the file's own 'secrets'"),
        ("services:\n  a:\n    image: x\n    extends: b", 4, "no service 'b' in compose.yaml"),
        ("services:\n  a:\n    image: x\n    extends: a", 4, "'a' extends itself"),
        ("services:\n  a:\n    image: shop/${TAG_OF_NOBODY}", 3, "TAG_OF_NOBODY is not set, so there is no image"),
        ("services:\n  a:\n    image: x\n    volumes: ['./x:y']", 4, "an absolute path inside"),
    ],
)
def test_a_mistake_in_compose_is_told_with_its_line(compose: str, line: int, said: str, folder: Path) -> None:
    found = mistakes(folder, compose)
    assert [p for p in found if said in p.text and p.where == f"compose.yaml:{line}"], found


def test_mistakes_of_both_files_are_told_together(folder: Path) -> None:
    places = {p.where for p in mistakes(folder, "services:\n  a: {image: x, ports: [x]}", "sead = 1\n")}
    assert places == {"compose.yaml:2", "harness.toml:2"}


def test_an_unreadable_compose_file_does_not_make_its_services_unknown_names(folder: Path) -> None:
    found = mistakes(folder, "services: [", '[services.x]\nimage = "x"\nneeds = ["db"]\n')
    assert [p.text.partition(":")[0] for p in found] == ["not YAML"]


def bombs() -> dict[str, str]:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    return {
        "aliases": f"{laughs}services: *a59",
        "merges": "a0: &a0 {x: 1}\n"
        + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 60)),
        "circle": "services: &a\n  b: *a",
        "deep": "services: " + "[" * 1000,
        "NUL": "services: \0",
        "directive": "%YAML 9.9\n---\nservices: {}",
        "tag": "services: !!python/object:os.system {}\n",
        "two documents": "services: {}\n---\nservices: {}",
        "odd keys": "? [a]\n: 1\nservices: {1: 2, ~: 3}",
        "five megabytes": "#" * 5_000_000,
        "ranges": "services:\n  a:\n    image: x\n    ports: ['1-65535:1-65535', '9999999999999']",
        "nested variables": "services: {a: {image: '" + "${A:-" * 500 + "'}}",
    }


@pytest.mark.parametrize("name", bombs())
def test_hostile_compose_files_raise_nothing_but_a_manifest_error(name: str, folder: Path) -> None:
    try:
        load(folder, bombs()[name])
    except ManifestError as error:
        told = error.problems
    else:
        told = ()
    assert told or name == "tag"


YAML_TEXT = st.text(max_size=30) | st.sampled_from(
    [
        *"ab:[]{}-?!&*|>%@`\"'#,\n\t $~",
        "services:\n",
        "  a:\n",
        "    image: x\n",
        "    ports:\n",
        "&a ",
        "<<: *a\n",
    ]
)


@given(st.lists(YAML_TEXT, max_size=30).map("".join))
def test_whatever_the_yaml_is_only_a_manifest_error_is_raised(text: str) -> None:
    try:
        parse_yaml(text, "compose.yaml")
    except ManifestError as error:
        told = str(error)
    else:
        told = "fine"
    assert told


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("plain $$ and $", "plain $ and $"),
        ("$A-${A}", "1-1"),
        ("${EMPTY:-d} ${EMPTY-d} ${NO:-d} ${NO-d}", "d  d d"),
        ("${NO:-${A:-x}}", "1"),
        ("${A:+yes}${NO:+yes}${EMPTY+set}", "yesset"),
        ("$NO|${NO}", "|"),
        ("$${A}", "${A}"),
    ],
)
def test_variables_mean_what_they_mean_in_compose(text: str, meant: str) -> None:
    assert interpolate(text, {"A": "1", "EMPTY": ""}) == meant


def test_a_dotenv_file_has_comments_quotes_and_exports() -> None:
    assert variables("A=1\n#B=2\nexport C = 'x # y'\nD=\"q\" # z\nE=a # b\nnonsense\n") == {
        "A": "1",
        "C": "x # y",
        "D": "q",
        "E": "a",
    }


HOSTS = {"db": (("postgres", 5432),), "web": (("http", 8000), ("admin", 9000))}
PEERS = {
    "db": {"postgres": "postgresql://app:app@db:5432/app"},
    "web": {"http": "http://web:8000", "admin": "http://web:9000"},
}
PIECES = st.sampled_from(
    ["db:5432", "web:8000", "web:9000", "http://", "@", ",", " ", "/", "$", "${", "{", "web", "x"]
)


@given(st.lists(PIECES | st.text(max_size=4), max_size=8).map("".join))
def test_in_a_container_a_rewritten_value_means_what_was_written(value: str) -> None:
    resolved = resolve(rewritten([("K", value)], HOSTS), PEERS, {}, {})["K"]
    assert resolved == value


@pytest.mark.parametrize(
    "value", ["a" * 200_000, "a:" * 100_000, "a://" * 50_000, "x@" * 100_000, "db:5432," * 20_000]
)
def test_a_long_value_is_rewritten_in_a_moment(value: str) -> None:
    began = time.thread_time()
    rewritten([("K", value)], HOSTS)
    assert time.thread_time() - began < 5
