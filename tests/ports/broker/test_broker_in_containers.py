"""The broker as it is deployed: its image, its compose file with PostgreSQL, its Kubernetes manifest."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import kubernetes_validate
import pytest
from ruamel.yaml import YAML
from served import free_port

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy" / "broker"
PYTHON_IMAGE = os.environ.get("HARNESS_PYTHON_IMAGE", "python:3.12-slim")
POSTGRES_IMAGE = os.environ.get("HARNESS_POSTGRES_IMAGE", "postgres:16")
USER = ("admin", "s3cret")


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image; where the base has the dependencies already, nothing is downloaded."""
    folder = tmp_path_factory.mktemp("context")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "harness", folder / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(DEPLOY / "Dockerfile", folder / "Dockerfile")
    tag = f"contract-harness-test:{uuid4().hex[:12]}"
    docker(
        "build", "-q", "--network", "host", "--build-arg", f"PYTHON_IMAGE={PYTHON_IMAGE}", "-t", tag, str(folder)
    )
    yield tag
    docker("rmi", "-f", tag)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/diagnostic/status/heartbeat", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"nothing answers at {url}")


_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """The services of the compose file, with its variables filled in as compose fills them in."""

    def value(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        assert name in variables or kind == "-", f"{name} has to be given"
        return variables.get(name) or default

    text = _VARIABLE.sub(value, (DEPLOY / "compose.yaml").read_text())
    services: dict[str, Any] = YAML(typ="safe").load(text)["services"]
    return services


def run_arguments(service: Mapping[str, Any]) -> list[str]:
    """What `docker run` is told of a service of the file."""
    told = ["--restart", service["restart"]]
    told += [part for name, value in service["environment"].items() for part in ("-e", f"{name}={value}")]
    told += [part for each in service.get("ports", ()) for part in ("-p", f"127.0.0.1:{each}")]
    told += [part for each in service.get("volumes", ()) for part in ("-v", each.partition(":")[2])]
    health = service.get("healthcheck")
    if health:
        assert health["test"][0] == "CMD-SHELL"
        told += ["--health-cmd", health["test"][1], "--health-interval", health["interval"]]
        told += ["--health-timeout", health["timeout"], "--health-retries", str(health["retries"])]
    return [*told, service["image"], *service.get("command", ())]


def wait_until_healthy(container: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if docker("inspect", "--format", "{{.State.Health.Status}}", container) == "healthy":
            return
        time.sleep(0.2)
    raise AssertionError(f"{container} did not become healthy")


@pytest.mark.docker
def test_what_the_compose_file_says_runs_and_outlives_a_restart(image: str) -> None:
    """Started service by service as the file says: an engine may be there without the compose plugin."""
    port = free_port()
    given = {"POSTGRES_PASSWORD": "p", "BROKER_PASSWORD": USER[1], "BROKER_PORT": str(port), "BROKER_IMAGE": image}
    services = compose({**given, "HARNESS_POSTGRES_IMAGE": POSTGRES_IMAGE})
    project = f"broker-{uuid4().hex[:8]}"
    docker("network", "create", project)
    try:
        for name in sorted(services, key=lambda each: len(services[each].get("depends_on", {}))):
            for needed, wanted in services[name].get("depends_on", {}).items():
                assert wanted == {"condition": "service_healthy"}
                wait_until_healthy(f"{project}-{needed}")
            place = ["--name", f"{project}-{name}", "--network", project, "--network-alias", name]
            docker("run", "-d", *place, *run_arguments(services[name]))
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        assert httpx.get(url).status_code == 401
        assert httpx.post(f"{url}/pacticipants", json={"name": "web"}, auth=USER).status_code == 201
        docker("restart", f"{project}-broker")
        wait_for(url)
        assert httpx.get(f"{url}/pacticipants/web", auth=USER).json()["name"] == "web"
    finally:
        docker("rm", "-fv", *(f"{project}-{name}" for name in services))
        docker("network", "rm", project)


def test_the_compose_file_asks_for_what_it_cannot_know() -> None:
    with pytest.raises(AssertionError, match="POSTGRES_PASSWORD has to be given"):
        compose({"BROKER_PASSWORD": "p"})
    services = compose({"BROKER_PASSWORD": "p", "POSTGRES_PASSWORD": "q"})
    broker, database = services["broker"], services["database"]
    assert broker["environment"]["PACT_BROKER_DATABASE_URL"] == "postgresql://broker:q@database/broker"
    assert database["environment"]["POSTGRES_PASSWORD"] == "q"
    assert (DEPLOY / broker["build"]["context"] / broker["build"]["dockerfile"]).exists()


@pytest.fixture
def manifest() -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load_all((DEPLOY / "kubernetes.yaml").read_text()))


@pytest.mark.parametrize("release", ["1.25", "1.31"])
def test_kubernetes_knows_every_field_of_the_manifest(release: str, manifest: list[dict[str, Any]]) -> None:
    for document in manifest:
        kubernetes_validate.validate(document, release, strict=True)
    container = manifest[0]["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"]["httpGet"]["route"] = "/"
    with pytest.raises(kubernetes_validate.ValidationError, match="route"):
        kubernetes_validate.validate(manifest[0], release, strict=True)


def test_the_parts_of_the_kubernetes_manifest_fit(manifest: list[dict[str, Any]]) -> None:
    deployment, service = manifest
    spec = deployment["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    container = spec["template"]["spec"]["containers"][0]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] == "/diagnostic/status/heartbeat"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert service["spec"]["selector"].items() <= labels.items()
    assert service["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
