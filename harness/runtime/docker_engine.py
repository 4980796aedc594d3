"""The Docker engine: images, networks and containers by label. Its errors become ours here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentProblem, ServiceDidNotStart
from harness.runtime import engine_address
from harness.runtime.addressing import tail
from harness.runtime.engine_errors import mapped
from harness.runtime.image_builds import LABEL, build_image
from harness.runtime.readiness import NotReady

if TYPE_CHECKING:
    from collections.abc import Callable

    import docker
    from testcontainers.core.container import DockerContainer

    from harness.services.system import Build

RUN = LABEL
HOST = "contract-harness.host"
LOCK = "contract-harness.lock"
ROOT = "contract-harness.root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One container to start."""

    image: str
    run: str
    alias: str  # its name in the run's network
    environment: Mapping[str, str] = field(repr=False)
    ports: tuple[int, ...]
    labels: Mapping[str, str]
    command: tuple[str, ...] = ()


@dataclass(slots=False)
class Engine:
    """One engine; everything that talks to it goes through here."""

    environ: Mapping[str, str] = field(repr=False)

    @cached_property
    def address(self) -> str:
        """Where it is. Raises EnvironmentProblem when it does not answer."""
        answer = engine_address.ask(self.environ)
        if answer.why_not:
            raise EnvironmentProblem(
                f"no Docker engine answers ({answer.why_not})", hint="start one, or use --runtime process"
            )
        return answer.address

    @property
    def settings(self) -> dict[str, Any]:
        """How every client of it is made."""
        return {"environment": {**self.environ, "DOCKER_HOST": self.address}, "timeout": 120}

    @cached_property
    def client(self) -> docker.DockerClient:
        """The library's client."""
        import docker

        with mapped():
            return docker.from_env(**self.settings)

    @cached_property
    def host(self) -> str:
        """The host name under which published ports are reached from here."""
        return engine_address.reachable_host(self.address, self._gateway())

    def _gateway(self) -> str:
        with mapped():
            for network in self.client.api.networks(names=["bridge"]):
                for config in network["IPAM"]["Config"] or ():
                    return str(config.get("Gateway", ""))
        return ""

    def close(self) -> None:
        """Give its connections back."""
        if "client" in self.__dict__:
            self.client.close()
            del self.__dict__["client"]

    def has_image(self, name: str) -> bool:
        """Whether an image is here."""
        return bool(self._image_id(name))

    def image_id(self, name: str, service: str) -> str:
        """The digest of an image, pulled when it is not here. Raises ServiceDidNotStart when it cannot be."""
        if found := self._image_id(name):
            return found
        why = self._pull(name)
        found = "" if why else self._image_id(name)
        if not found:
            raise ServiceDidNotStart(service, f"the image '{name}' is not here and cannot be pulled: {why}")
        return found

    def _pull(self, name: str) -> str:
        """Fetch an image; "" or why that failed."""
        import docker.errors

        repository, tag = _repository_and_tag(name)
        try:
            with mapped():
                for told in self.client.api.pull(repository, tag=tag, stream=True, decode=True):
                    if "error" in told:
                        return str(told["error"])
        except docker.errors.APIError as error:
            return str(error.explanation or error)
        return ""

    def _image_id(self, name: str) -> str:
        import docker.errors

        try:
            with mapped():
                return str(self.client.images.get(name).id)
        except docker.errors.NotFound:
            return ""

    def build(self, service: str, build: Build, name: str) -> None:
        """Build an image, from exactly what its identity was taken of. Raises ServiceDidNotStart."""
        with mapped():
            failure = build_image(self.client, {**self.environ, "DOCKER_HOST": self.address}, build, name)
        if failure:
            raise ServiceDidNotStart(service, f"its image could not be built: {failure.why}", tail(failure.said))

    def network(self, run: str, labels: Mapping[str, str]) -> None:
        """The run's private network, made when it is not there."""
        import docker.errors

        with mapped():
            try:
                self.client.api.create_network(
                    network_name(run), driver="bridge", labels=dict(labels), check_duplicate=True
                )
            except docker.errors.APIError as error:
                if error.status_code != 409:
                    raise

    def start(self, order: Order) -> str:
        """Create and start a container; its id. Raises NotReady with what the engine says against it."""
        import docker.errors

        made = self._container(order)
        try:
            with mapped():
                made.start()
            return made.get_container_id()
        except BaseException as error:
            if made._container is not None:
                self.remove_container(str(made._container.id))
            if isinstance(error, docker.errors.APIError):
                raise NotReady(f"the engine refuses: {error.explanation or error}") from error
            raise
        finally:
            made.get_docker_client().client.close()

    def _container(self, order: Order) -> DockerContainer:
        from testcontainers.core.config import testcontainers_config
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.network import Network

        # Its own reaper would have to be pulled, and knows nothing of what is kept; ours goes by labels and locks.
        testcontainers_config.ryuk_disabled = True
        with mapped():
            network = Network(docker_client_kw=self.settings)
            network._docker.client.close()  # only the name is needed
            network.name = network_name(order.run)
            command: Any = list(order.command) or None
            made = DockerContainer(order.image, docker_client_kw=self.settings, command=command)
        made.image = order.image  # without a prefix for a mirror: what was looked at is what is started
        made.with_network(network).with_network_aliases(order.alias).with_envs(**order.environment)
        # On all addresses only where the engine is elsewhere: nobody else is to reach a service under test.
        bound: Any = ("127.0.0.1", None) if self.host == "127.0.0.1" else None
        made.ports = {f"{port}/tcp": bound for port in order.ports}
        return made.with_kwargs(labels=dict(order.labels), extra_hosts={"host.docker.internal": "host-gateway"})

    def published(self, container: str) -> dict[int, int]:
        """Each port inside with the port under which it is reached."""
        ports = self._inspect(container)["NetworkSettings"]["Ports"] or {}
        return {int(inside.split("/")[0]): int(bound[0]["HostPort"]) for inside, bound in ports.items() if bound}

    def over(self, container: str) -> str:
        """Why a container does not run any more; "" while it does."""
        import docker.errors

        try:
            state = self._inspect(container)["State"]
        except docker.errors.NotFound:
            return "its container is gone"
        if state["Running"] and not state.get("Paused"):
            return ""
        killed = ", out of memory" if state.get("OOMKilled") else ""
        return f"it ended with exit code {state['ExitCode']}{killed}"

    def log(self, container: str, lines: int) -> str:
        """The last lines that a container wrote; "" when it is gone."""
        import docker.errors

        try:
            with mapped():
                written: bytes = self.client.api.logs(container, tail=lines)
        except docker.errors.APIError:
            return ""
        return written.decode("utf-8", "replace")

    def run_inside(self, container: str, command: str) -> int:
        """Run a shell command in a container; its exit code."""
        import docker.errors

        try:
            with mapped():
                made = self.client.api.exec_create(container, ["/bin/sh", "-c", command])["Id"]
                self.client.api.exec_start(made)
                code = self.client.api.exec_inspect(made)["ExitCode"]
        except docker.errors.APIError:
            return 126  # as a shell says it: it was found and could not be run
        return 126 if code is None else int(code)

    def _inspect(self, container: str) -> dict[str, Any]:
        with mapped():
            seen: dict[str, Any] = self.client.api.inspect_container(container)
        return seen

    def remove_run(self, run: str) -> int:
        """Remove a run's containers and networks; how many there were."""
        return self._remove(self.labelled(f"{RUN}={run}"))

    def remove_unless(self, host: str, left_alone: Callable[[str], bool]) -> int:
        """Remove containers and networks of this host whose run is not to be left alone; how many."""
        return self._remove([thing for thing in self.labelled(f"{HOST}={host}") if not left_alone(thing.run)])

    def labelled(self, label: str) -> list[Thing]:
        """The containers and networks with a label."""
        with mapped():
            containers = self.client.api.containers(all=True, filters={"label": [label]})
            networks = self.client.api.networks(filters={"label": [label]})
        found = [Thing(each["Id"], each["Labels"].get(RUN, "")) for each in containers]
        return found + [Thing(each["Id"], each["Labels"].get(RUN, ""), network=True) for each in networks]

    def _remove(self, things: list[Thing]) -> int:
        containers = [each.id for each in things if not each.network]
        if containers:
            with ThreadPoolExecutor(max_workers=min(8, len(containers)), thread_name_prefix="remove") as pool:
                list(pool.map(self.remove_container, containers))
        for each in things:
            if each.network:
                self._remove_network(each.id)
        return len(things)

    def remove_container(self, container: str) -> None:
        """Remove a container with its volumes, whatever state it is in; one that is gone is fine."""
        import docker.errors

        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with mapped():
                    self.client.api.remove_container(container, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if error.status_code != 409:
                    raise EnvironmentProblem(f"a container cannot be removed: {error.explanation}") from error
            time.sleep(0.02)  # another removal is on its way

    def _remove_network(self, network: str) -> None:
        import docker.errors

        for _ in range(50):
            try:
                with mapped():
                    self.client.api.remove_network(network)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError:
                time.sleep(0.05)  # a container is just leaving it; what cannot go now is swept later
                continue
            return


@dataclass(frozen=True, slots=True)
class Thing:
    """A container or a network, and whose it is."""

    id: str
    run: str
    network: bool = False


def network_name(run: str) -> str:
    """What a run's private network is called."""
    return f"contract-harness-{run}"


def _repository_and_tag(name: str) -> tuple[str, str]:
    if "@" in name:
        repository, _, reference = name.partition("@")
        return repository, reference
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")
