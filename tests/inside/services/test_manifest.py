"""The manifest as a system: what each key becomes, and how entries are laid over each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ManifestError, UsageError
from harness.services.manifest.file import find, load, parse
from harness.services.system import AuthKind, ReadyKind, ResourceKind, StatesKind, System

WHOLE = """
pacts = ["contracts/pacts", "other/*.json"]
seed = 7
[broker]
url = "sqlite:///ledger/x.db"
[gate]
require = ["properties"]
[environments.production]
require = ["integration"]
[environments.staging]
[suites]
consumer = "suites/consumer"
[suites.integration]
path = "suites/integration"
inputs = ["shared"]
timeout = 30
[services.catalog]
version = "1"
build = { context = "catalog", args = { BASE = "${env.BASE:-python:3.12}", DEBUG = true, LEVEL = 3 } }
command = "python -m catalog --port ${self.port} --peer '${orders.admin.url}'"
inputs = ["shared"]
port = 8000
ready = { http = "/health", within = 30 }
environment = { DB = "${db.url}", LEVEL = 3, LITERAL = "$${x}", HOME = "${env.HOME_OF_TEST}" }
openapi = "catalog/openapi.yaml"
pacts = "catalog/pacts"
states = { callable = "suites.states:STATES", names = ["an order exists"] }
auth = { header = { name = "X-Api-Key", value = "${env.KEY:-k}" } }
headers = { X-Tenant = "t1" }
budget = { examples = 3, seconds = 2.5, request-timeout = 1 }
ignore = ["openapi.undocumented-status"]
[services.catalog.versions."2a"]
build = { args = { BASE = "other", FAULTS = "2a" } }
environment = { FAULTS = "2a", LEVEL = "4" }
[services.catalog.versions.old]
image = "registry/catalog:old"
endpoints = { grpc = 9 }
ready = { within = 5 }
[services.orders]
image = "registry/orders:{version}"
endpoints = { http = 8000, admin = 9000 }
openapi = "/openapi.json"
states = "/_harness/states"
needs = ["db"]
auth = { basic = "user:password" }
[services.web]
[services.away]
url = "http://127.0.0.1:9000/"
openapi = { url = "/docs/openapi.json" }
[resources.db]
kind = "postgres"
user = "me"
[resources.cache]
kind = "container"
image = "redis:7"
port = 6379
container-command = "redis-server --save ''"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for each in ("catalog", "shared", "suites/consumer", "suites/integration"):
        (tmp_path / each).mkdir(parents=True)
    for each in ("catalog/Dockerfile", "catalog/openapi.yaml"):
        (tmp_path / each).touch()
    return tmp_path


@pytest.fixture
def system(folder: Path) -> System:
    (folder / "harness.toml").write_text(WHOLE)
    return load(folder / "harness.toml", {"HOME_OF_TEST": "/home/${x}"})


def test_every_path_is_absolute_and_relative_to_the_manifest(system: System, folder: Path) -> None:
    catalog = system.service("catalog")
    assert catalog.build is not None
    assert (catalog.build.context, catalog.build.dockerfile) == (folder / "catalog", folder / "catalog/Dockerfile")
    assert catalog.openapi == str(folder / "catalog/openapi.yaml")
    assert catalog.pacts == (str(folder / "catalog/pacts"),)
    assert catalog.inputs == (folder / "shared",)
    assert system.pacts == (str(folder / "contracts/pacts"), str(folder / "other/*.json"))
    assert system.broker == f"sqlite:///{folder}/ledger/x.db"


def test_the_directory_is_the_build_context_or_the_manifests_own_folder(system: System, folder: Path) -> None:
    assert system.service("catalog").directory == folder / "catalog"
    assert system.service("orders").directory == folder


def test_build_arguments_and_environment_take_variables_numbers_and_truth_values(system: System) -> None:
    catalog = system.service("catalog")
    assert catalog.build is not None
    assert dict(catalog.build.args) == {"BASE": "python:3.12", "DEBUG": "true", "LEVEL": "3"}
    assert dict(catalog.environment) == {
        "DB": "${db.url}",
        "LEVEL": "3",
        "LITERAL": "$${x}",
        "HOME": "/home/$${x}",
    }


def test_a_command_in_one_text_is_split_as_a_shell_does(system: System) -> None:
    command = ("python", "-m", "catalog", "--port", "${self.port}", "--peer", "${orders.admin.url}")
    assert system.service("catalog").command == command
    cache = system.unit("cache")
    assert cache.container_command == ("redis-server", "--save", "")


def test_a_reference_implies_the_need(system: System) -> None:
    assert system.service("catalog").needs == ("db", "orders")


def test_a_version_is_laid_over_its_service(system: System) -> None:
    variant = system.service("catalog").at("2a")
    assert variant.build is not None
    assert dict(variant.build.args) == {"BASE": "other", "DEBUG": "true", "LEVEL": "3", "FAULTS": "2a"}
    assert dict(variant.environment)["FAULTS"] == "2a"
    assert dict(variant.environment)["LEVEL"] == "4"
    assert (variant.version, variant.ready.target, variant.needs) == ("2a", "/health", ("db", "orders"))
    assert variant.auth == system.service("catalog").auth


def test_a_version_with_an_image_is_not_built(system: System) -> None:
    old = system.service("catalog").at("old")
    assert (old.image, old.build, old.endpoints) == ("registry/catalog:old", None, (("grpc", 9),))
    assert (old.ready.target, old.ready.within) == ("/health", 5.0)


def test_the_short_forms_mean_what_the_long_forms_mean(system: System) -> None:
    orders, catalog = system.service("orders"), system.service("catalog")
    assert (orders.ready.kind, orders.ready.target) == (ReadyKind.HTTP, "")  # nobody named a path
    assert orders.openapi == "/openapi.json"
    assert system.service("away").openapi == "/docs/openapi.json"
    assert system.service("away").url == "http://127.0.0.1:9000"
    assert orders.states is not None
    assert orders.states.kind is StatesKind.HTTP
    assert catalog.states is not None
    assert (catalog.states.kind, catalog.states.names) == (StatesKind.CALLABLE, ("an order exists",))
    assert orders.auth is not None
    assert (orders.auth.kind, orders.auth.value) == (AuthKind.BASIC, "user:password")
    assert catalog.auth is not None
    assert (catalog.auth.header, catalog.auth.value) == ("X-Api-Key", "k")


def test_a_service_without_endpoints_is_ready_as_soon_as_it_runs(system: System) -> None:
    web = system.service("web")
    assert not web.startable
    assert (web.ready.kind, web.ready.target) == (ReadyKind.LOG, "")


def test_resources_have_the_defaults_of_their_kind(system: System) -> None:
    db, cache = system.resources
    assert (db.kind, db.image) == (ResourceKind.POSTGRES, "postgres:17-alpine")
    assert (db.user, db.password, db.database) == ("me", "app", "app")
    assert db.endpoints == (("postgres", 5432),)
    assert db.ready.target == "pg_isready -h 127.0.0.1 -p 5432 -U me -d app"
    assert (cache.endpoints, cache.ready.kind) == ((("tcp", 6379),), ReadyKind.TCP)


def test_the_image_of_postgres_can_be_chosen_by_the_environment(folder: Path) -> None:
    text = '[resources.db]\nkind = "postgres"'
    system = parse(text, folder / "harness.toml", {"HARNESS_POSTGRES_IMAGE": "local/postgres"})
    assert system.resources[0].image == "local/postgres"


def test_pacts_are_required_even_when_left_out(system: System) -> None:
    assert system.require == ("pacts", "properties")
    assert {e.name: e.require for e in system.environments} == {
        "production": ("pacts", "integration"),
        "staging": ("pacts",),
    }


def test_suites_are_folders_or_tables(system: System, folder: Path) -> None:
    assert system.consumer_suite is not None
    assert system.consumer_suite.path == folder / "suites/consumer"
    assert system.integration_suite is not None
    assert (system.integration_suite.timeout, system.integration_suite.inputs) == (30.0, (folder / "shared",))


def test_places_are_kept_for_later_messages(system: System) -> None:
    line = WHOLE.split("\n").index("[services.orders]") + 1
    assert system.service("orders").where == f"harness.toml:{line}"


def test_an_empty_manifest_is_a_system_of_nothing(tmp_path: Path) -> None:
    system = parse("", tmp_path / "harness.toml", {})
    assert (system.services, system.require, system.seed) == ((), ("pacts", "properties"), 20)


def test_a_manifest_can_be_a_section_of_a_python_project(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "x"\n\n[tool.harness.services.a]\nimage = "a:1"\n')
    system = load(project, {})
    assert (system.service("a").where, system.manifest) == ("pyproject.toml:4", project)
    project.write_text("[tool.harness]\nsead = 1\n")
    with pytest.raises(ManifestError, match=r"pyproject\.toml:2: unknown key 'sead'"):
        load(project, {})


def test_the_nearest_manifest_above_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "a/b/c"
    deep.mkdir(parents=True)
    (tmp_path / "harness.toml").touch()
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n")
    assert find(deep) == tmp_path / "harness.toml"
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.harness]\n")
    assert find(deep) == tmp_path / "a/pyproject.toml"
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.harness]\nbroken =\n")
    assert find(deep) == tmp_path / "a/pyproject.toml"
    (tmp_path / "a" / "harness.toml").touch()
    assert find(deep) == tmp_path / "a/harness.toml"


def test_no_manifest_anywhere_names_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="harness init"):
        find(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    manifest = tmp_path / "harness.toml"
    manifest.write_bytes(b'\xef\xbb\xbfseed = 3\r\n[services.a]\r\nimage = "a"\r\n')
    system = load(manifest, {})
    assert (system.seed, system.service("a").where) == (3, "harness.toml:2")
