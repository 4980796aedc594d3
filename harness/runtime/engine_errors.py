"""What goes wrong between us and a Docker engine, as an error of ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def map_engine_errors() -> Iterator[None]:
    """An engine that cannot be reached is the machine's problem; an answer of the engine stays what it is."""
    import docker.errors
    import requests

    try:
        yield
    except docker.errors.APIError:
        raise
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise EnvironmentProblem(
            f"the Docker engine does not answer: {error}", hint="is it still running?"
        ) from error
