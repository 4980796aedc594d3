"""The broker as it is deployed: its image, its compose file with PostgreSQL, its Kubernetes manifest."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ruamel.yaml import YAML
from served import free_port

ROOT = Path(__file__).parents[2]
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


@pytest.mark.docker
def test_the_image_serves_postgresql_with_access_control(image: str) -> None:
    name, port = f"broker-{uuid4().hex[:8]}", free_port()
    password = {"POSTGRES_PASSWORD": "p", "POSTGRES_USER": "broker", "POSTGRES_DB": "broker"}
    settings = [part for key, value in password.items() for part in ("-e", f"{key}={value}")]
    docker("network", "create", name)
    try:
        docker(
            "run",
            "-d",
            "--name",
            f"{name}-db",
            "--network",
            name,
            "--network-alias",
            "database",
            *settings,
            POSTGRES_IMAGE,
        )
        docker(
            *(
                "run",
                "-d",
                "--name",
                name,
                "--network",
                name,
                "-p",
                f"127.0.0.1:{port}:9292",
                "--restart",
                "on-failure",
            ),
            *("-e", "PACT_BROKER_DATABASE_URL=postgresql://broker:p@database/broker"),
            *(
                "-e",
                f"PACT_BROKER_BASIC_AUTH_USERNAME={USER[0]}",
                "-e",
                f"PACT_BROKER_BASIC_AUTH_PASSWORD={USER[1]}",
            ),
            *("-e", "PACT_BROKER_PUBLIC_HEARTBEAT=true", image),
        )
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        assert httpx.get(url).status_code == 401
        assert httpx.post(f"{url}/pacticipants", json={"name": "web"}, auth=USER).status_code == 201
        docker("restart", name)
        wait_for(url)
        assert httpx.get(f"{url}/pacticipants/web", auth=USER).json()["name"] == "web"
    finally:
        docker("rm", "-fv", name, f"{name}-db")
        docker("network", "rm", name)


def test_the_compose_file_says_what_the_image_needs() -> None:
    compose = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text())
    broker = compose["services"]["broker"]
    assert broker["environment"]["PACT_BROKER_DATABASE_URL"].startswith("postgresql://")
    assert broker["depends_on"]["database"]["condition"] == "service_healthy"
    assert (DEPLOY / broker["build"]["context"] / broker["build"]["dockerfile"]).exists()


def test_the_kubernetes_manifest_is_whole() -> None:
    deployment, service = YAML(typ="safe").load_all((DEPLOY / "kubernetes.yaml").read_text())
    assert (deployment["apiVersion"], deployment["kind"]) == ("apps/v1", "Deployment")
    spec = deployment["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    container: dict[str, Any] = spec["template"]["spec"]["containers"][0]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] == "/diagnostic/status/heartbeat"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert service["spec"]["selector"].items() <= labels.items()
    assert service["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
