"""A drafted manifest loads without problems, whatever the folder looks like."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.services.drafting.draft import draft
from harness.services.manifest.file import load, manifest_above, parse
from harness.services.system import ReadyKind, System

PACT = {"consumer": {"name": "web"}, "provider": {"name": "orders"}, "interactions": []}
FASTAPI = "from fastapi import FastAPI\n\napi = FastAPI(title='x')\n"
DOCUMENT = 'openapi: "3.1.0"\npaths:\n  /orders: {}\n  /health:\n    get: {}\n'

Files = dict[str, str]


def lay_out(folder: Path, files: Files) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def drafted(folder: Path, files: Files) -> tuple[str, System]:
    text = draft(lay_out(folder, files)).text
    (folder / "harness.toml").write_text(text)
    return text, load(folder / "harness.toml", {})


def test_nothing_found_is_explained_by_a_commented_skeleton(tmp_path: Path) -> None:
    text, system = drafted(tmp_path, {})
    assert system.services == ()
    assert "# [services.orders]" in text


def test_the_skeleton_itself_describes_a_system_that_loads(tmp_path: Path) -> None:
    lay_out(tmp_path, {"services/orders/Dockerfile": ""})
    empty = tmp_path / "empty"
    empty.mkdir()
    lines = draft(empty).text.split("orders, one table")[0].splitlines()
    shown = [line[2:] for line in lines if line.startswith("# ") and (" = " in line or line.startswith("# ["))]
    system = parse("\n".join(shown), tmp_path / "harness.toml", {})
    assert system.service("orders").needs == ("orders-db",)


def test_each_dockerfile_is_a_service_with_its_exposed_port(tmp_path: Path) -> None:
    _, system = drafted(
        tmp_path,
        {
            "services/orders/Dockerfile": "FROM a AS build\nEXPOSE 1\nFROM b\nexpose 8080/tcp 9090\n",
            "services/orders/openapi.yaml": DOCUMENT,
            "services/web/Dockerfile": "FROM a\nEXPOSE $PORT\n",
        },
    )
    orders, web = system.services
    assert (orders.name, orders.endpoints, orders.ready.target) == ("orders", (("http", 8080),), "/health")
    assert orders.openapi == str(tmp_path / "services/orders/openapi.yaml")
    assert (web.endpoints, web.ready.kind) == ((("http", 8000),), ReadyKind.TCP)


def test_a_fastapi_service_gets_its_command_and_its_own_document(tmp_path: Path) -> None:
    text, system = drafted(
        tmp_path, {"orders/requirements.txt": "fastapi==0.1\nuvicorn\n", "orders/src/shop/main.py": FASTAPI}
    )
    orders = system.service("orders")
    assert orders.command[:4] == ("python", "-m", "uvicorn", "shop.main:api")
    assert orders.command[-2:] == ("--app-dir", "src")
    assert (orders.openapi, orders.directory) == ("/openapi.json", tmp_path / "orders")
    assert "a guess" in text


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"a/requirements.txt": "Flask>=3", "a/app.py": "app = Flask(__name__)"}, "app:app"),
        ({"a/requirements.txt": "flask", "a/src/b/app.py": "app: Flask = Flask(__name__)"}, "src/b/app:app"),
        ({"a/pyproject.toml": '[project]\ndependencies = ["django>=5"]', "a/manage.py": ""}, "manage.py"),
    ],
)
def test_other_frameworks_get_their_commands(files: Files, command: str, tmp_path: Path) -> None:
    _, system = drafted(tmp_path, files)
    assert command in system.service("a").command


def test_a_library_that_only_resembles_a_framework_is_no_service(tmp_path: Path) -> None:
    _, system = drafted(tmp_path, {"a/requirements.txt": "flask-login\nmy-fastapi", "a/app.py": "app = Flask(x)"})
    assert system.services == ()


def test_pacts_are_found_and_their_consumers_named(tmp_path: Path) -> None:
    text, system = drafted(
        tmp_path,
        {
            "contracts/pacts/a.json": json.dumps(PACT),
            "contracts/pacts/b.json": json.dumps(PACT | {"consumer": {"name": "Old \n Shop"}}),
            "other.json": '{"consumer": 1, "provider": 2}',
            "orders/Dockerfile": "FROM a\nEXPOSE 80\n",
        },
    )
    assert system.pacts == (str(tmp_path / "contracts/pacts"),)
    assert [service.name for service in system.services] == ["orders", "web"]
    assert not system.service("web").startable
    assert '"Old \\n Shop"' in text


def test_a_compose_file_is_used_and_only_added_to(tmp_path: Path) -> None:
    compose = "services:\n  orders:\n    build: orders\n    ports: ['8000']\n  db:\n    image: postgres:16\n"
    text, system = drafted(
        tmp_path,
        {
            "compose.yaml": compose,
            "orders/Dockerfile": "FROM a\n",
            "orders/openapi.yaml": DOCUMENT,
            "p/a.json": json.dumps(PACT | {"consumer": {"name": "db"}}),
        },
    )
    assert 'compose = "compose.yaml"' in text
    assert system.service("orders").openapi == str(tmp_path / "orders/openapi.yaml")
    assert system.unit("db").image == "postgres:16"
    assert "build =" not in text


def test_a_compose_file_that_cannot_be_used_is_said_so(tmp_path: Path) -> None:
    text, system = drafted(
        tmp_path,
        {"docker-compose.yml": "services:\n  a:\n    build: nowhere\n", "a/Dockerfile": "FROM a\nEXPOSE 80\n"},
    )
    assert '# compose = "docker-compose.yml"  # cannot be used: docker-compose.yml:3: ' in text
    assert system.service("a").build is not None


def test_services_of_one_folder_name_get_different_names(tmp_path: Path) -> None:
    files = {f"{place}/api/Dockerfile": "" for place in ("a", "b", "c/d")} | {
        "self/Dockerfile": "",
        "Dockerfile": "",
    }
    _, system = drafted(tmp_path, files)
    assert len({service.name for service in system.services}) == 5
    assert {"api", "b-api", "d-api"} <= {service.name for service in system.services}


def test_foreign_and_hidden_folders_are_not_looked_into(tmp_path: Path) -> None:
    names = ["node_modules/x", ".git", ".venv", "venv", "deep/" + "x/" * 8]
    _, system = drafted(tmp_path, {f"{name}/Dockerfile": "" for name in names} | {"own/pyvenv.cfg": ""})
    assert system.services == ()


def test_suites_are_found(tmp_path: Path) -> None:
    _, system = drafted(tmp_path, {"suites/consumer/test_a.py": "", "suites/integration/test_b.py": ""})
    assert system.consumer_suite is not None
    assert system.integration_suite is not None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not allow such names")
def test_names_that_are_no_text_are_left_out(tmp_path: Path) -> None:
    os.makedirs(os.fsencode(tmp_path) + b"/bad\xff")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff")) / "Dockerfile").touch()
    text, _ = drafted(
        tmp_path, {"odd \"${x}\" 'name'/Dockerfile": "", "new\nline/Dockerfile": "", "é#/Dockerfile": ""}
    )
    text.encode()
    assert "bad" not in text


FOLDER = st.sampled_from(["", "a/", "b c/", "ü/", "a.b/", "env/", "services/a/", "${x}/", "-/", '"/'])
FILES = st.sampled_from(
    [
        ("Dockerfile", "EXPOSE 99999"),
        ("Dockerfile", "FROM x\nEXPOSE 80"),
        ("openapi.yaml", DOCUMENT),
        ("openapi.json", '{"openapi": "3.0.0"}'),
        ("openapi.yml", "nonsense"),
        ("requirements.txt", "fastapi"),
        ("pyproject.toml", "flask"),
        ("main.py", FASTAPI),
        ("app.py", "app = Flask()"),
        ("p.json", json.dumps(PACT)),
        ("q.json", json.dumps(PACT | {"consumer": {"name": "a"}, "provider": {"name": "\u202e\x7f"}})),
        ("r.json", '{"consumer": {"name": "x.y"}, "provider": {"name": "env"}}'),
        ("compose.yaml", "services: {a: {build: a, ports: [80]}, 'x.y': {image: z}, 'b c': {image: z}}"),
        ("compose.yaml", "services: {a: {image: postgres, ports: [80]}, env: {image: z}}"),
        ("docker-compose.yml", "services: {web: {build: ., environment: {A: 'http://web:80'}, ports: [80, 80]}}"),
    ]
)


@given(st.lists(st.tuples(FOLDER, FILES), max_size=8))
def test_any_mixture_of_files_gives_a_manifest_that_loads(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, tuple[str, str]]]
) -> None:
    folder = tmp_path_factory.mktemp("layout")
    text, system = drafted(folder, {f"{place}{name}": text for place, (name, text) in found})
    assert text.isascii() or system.manifest == folder / "harness.toml"


def test_images_that_are_only_pulled_are_named_with_what_makes_a_service_of_one(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: x}, api: {image: y}}")
    (told,) = draft(tmp_path).remarks
    assert told.startswith("web, api: the compose file only pulls these images")
    assert "[services.web]" in told


def test_the_manifest_above_is_the_one_by_which_a_folder_goes(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "harness.toml").write_text("")
    assert manifest_above(tmp_path / "a/b") == tmp_path / "harness.toml"
    assert manifest_above(tmp_path) != tmp_path / "harness.toml"
