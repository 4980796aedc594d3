"""The Docker engine: images, networks and containers by label. Its errors become ours here."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentProblem, ServiceDidNotStart
from harness.ports import Tell, silent
from harness.runtime import engine_address
from harness.runtime.addressing import listeners, tail
from harness.runtime.container_orders import Order, creation, folder_archive, single_files
from harness.runtime.engine_errors import map_engine_errors
from harness.runtime.image_builds import LABEL, build_image
from harness.runtime.interrupts import asked_again
from harness.runtime.readiness import NotReady

if TYPE_CHECKING:
    from collections.abc import Callable

    import docker

    from harness.services.system import ImageBuild

RUN = LABEL
HOST = "contract-harness.host"
LOCK = "contract-harness.lock"
ROOT = "contract-harness.root"
_KILLED = 137  # how the engine tells SIGKILL


@dataclass(slots=False)
class Engine:
    """One engine; everything that talks to it goes through here."""

    environ: Mapping[str, str] = field(repr=False)
    killed: dict[str, float] = field(default_factory=dict, repr=False)  # containers that did not go when asked

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

        with map_engine_errors():
            return docker.from_env(**self.settings)

    @cached_property
    def host(self) -> str:
        """The host name under which published ports are reached from here."""
        return engine_address.reachable_host(self.address, self._gateway())

    def _gateway(self) -> str:
        with map_engine_errors():
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

    def image_id(self, name: str, service: str, platform: str = "", tell: Tell = silent) -> str:
        """The digest of an image, pulled when it is not here. Raises ServiceDidNotStart when it cannot be."""
        if found := self._image_id(name):
            return found
        why = self._pull(name, platform, tell)
        found = "" if why else self._image_id(name)
        if not found:
            text = f"the image '{name}' is not here and cannot be pulled: {why}"
            raise ServiceDidNotStart(service, text, resolve=shlex.join(("docker", "pull", name)))
        return found

    def _pull(self, name: str, platform: str, tell: Tell) -> str:
        """Fetch an image; "" or why that failed."""
        import docker.errors

        repository, tag = _repository_and_tag(name)
        try:
            with map_engine_errors():
                kind = platform or None
                for told in self.client.api.pull(repository, tag=tag, stream=True, decode=True, platform=kind):
                    if "error" in told:
                        return str(told["error"])
                    tell(f"pulling {name}: {told.get('status', '')}")
        except docker.errors.APIError as error:
            return str(error.explanation or error)
        return ""

    def _image_id(self, name: str) -> str:
        import docker.errors

        try:
            with map_engine_errors():
                return str(self.client.images.get(name).id)
        except docker.errors.APIError as error:
            if error.status_code in {400, 404}:  # a name that is none is not here either; pulling it says why
                return ""
            raise

    def build(
        self, service: str, build: ImageBuild, name: str, tell: Tell = silent, *, anew: bool = False
    ) -> None:
        """Build an image, from exactly what its identity was taken of. Raises ServiceDidNotStart."""
        environ = {**self.environ, "DOCKER_HOST": self.address}
        with map_engine_errors():
            failure = build_image(self.client, environ, build, name, tell, anew=anew)
        if failure:
            raise ServiceDidNotStart(service, f"its image could not be built: {failure.why}", tail(failure.said))

    def network(self, run: str, labels: Mapping[str, str]) -> None:
        """The run's private network, made when it is not there."""
        import docker.errors

        with map_engine_errors():
            try:
                self.client.api.create_network(
                    network_name(run), driver="bridge", labels=dict(labels), check_duplicate=True
                )
            except docker.errors.APIError as error:
                if error.status_code != 409:
                    raise

    def volume(self, name: str, labels: Mapping[str, str]) -> None:
        """A volume of a run, made when it is not there."""
        with map_engine_errors():
            self.client.api.create_volume(name, labels=dict(labels))

    def fill(self, name: str, source: str, image: str, labels: Mapping[str, str]) -> None:
        """Put a folder of this machine into a volume, wherever the engine is."""
        from docker.types import Mount

        inside = "/contract-harness"
        host = self.client.api.create_host_config(mounts=[Mount(inside, name, type="volume", no_copy=True)])
        with map_engine_errors(), folder_archive(source) as archive:
            # Never started: a container is only the way by which an engine takes files.
            made = self.client.api.create_container(image, ["true"], host_config=host, labels=dict(labels))["Id"]
            try:
                self.client.api.put_archive(made, inside, archive)
            finally:
                self.client.api.remove_container(made, force=True)

    def start(self, order: Order) -> str:
        """Create and start a container; its id. Raises NotReady with what the engine says against it."""
        import docker.errors

        container = ""
        try:
            with map_engine_errors():
                # Nobody else is to reach a service under test; only an engine elsewhere must open its ports to us.
                local = self.host == "127.0.0.1"
                told = creation(self.client, order, network=network_name(order.run), local=local)
                container = str(self.client.api.create_container(**told)["Id"])
                if archive := single_files(order.settings):
                    with archive as content:
                        self.client.api.put_archive(container, "/", content)
                self.client.api.start(container)
        except BaseException as error:
            if container:
                self.remove_container(container)
            if isinstance(error, docker.errors.APIError):
                raise NotReady(f"the engine refuses: {error.explanation or error}") from error
            raise
        return container

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

    def exit_code(self, container: str) -> int | None:
        """With what a container ended; None while it runs, or when it is gone."""
        import docker.errors

        try:
            state = self._inspect(container)["State"]
        except docker.errors.NotFound:
            return None
        return None if state["Running"] else int(state["ExitCode"])

    def log(self, container: str, lines: int, since: float | None = None, until: float | None = None) -> str:
        """The last lines that a container wrote, between two moments where they are given; "" when it is gone."""
        import docker.errors

        try:
            with map_engine_errors():
                written: bytes = self.client.api.logs(container, tail=lines, since=since, until=until)
        except docker.errors.APIError:
            return ""
        return written.decode("utf-8", "replace")

    def run_inside(self, container: str, command: str) -> int:
        """Run a shell command in a container; its exit code."""
        import docker.errors

        try:
            with map_engine_errors():
                made = self.client.api.exec_create(container, ["/bin/sh", "-c", command])["Id"]
                self.client.api.exec_start(made)
                code = self.client.api.exec_inspect(made)["ExitCode"]
        except docker.errors.APIError:
            return 126  # as a shell says it: it was found and could not be run
        return 126 if code is None else int(code)

    def listening(self, container: str) -> tuple[str, ...]:
        """Where something in a container accepts connections; empty where that cannot be seen."""
        import docker.errors

        try:
            with map_engine_errors():
                words = ["cat", "/proc/net/tcp", "/proc/net/tcp6"]
                made = self.client.api.exec_create(container, words)["Id"]
                told: bytes = self.client.api.exec_start(made)
        except docker.errors.APIError:
            return ()
        return listeners(told.decode("ascii", "replace"))

    def _inspect(self, container: str) -> dict[str, Any]:
        with map_engine_errors():
            seen: dict[str, Any] = self.client.api.inspect_container(container)
        return seen

    def remove_run(self, run: str) -> int:
        """Remove a run's containers, networks and volumes; how many there were."""
        return self._remove(self.labelled(f"{RUN}={run}"))

    def remove_unless(self, host: str, left_alone: Callable[[str], bool]) -> int:
        """Remove what is of this host and of no run that is to be left alone; how many things."""
        return self._remove([thing for thing in self.labelled(f"{HOST}={host}") if not left_alone(thing.run)])

    def labelled(self, label: str) -> list[Thing]:
        """The containers, networks and volumes with a label."""
        with map_engine_errors():
            containers = self.client.api.containers(all=True, filters={"label": [label]})
            networks = self.client.api.networks(filters={"label": [label]})
            volumes = self.client.api.volumes(filters={"label": [label]})["Volumes"] or ()
        found = [Thing(each["Id"], each["Labels"].get(RUN, "")) for each in containers]
        found += [Thing(each["Id"], each["Labels"].get(RUN, ""), "network") for each in networks]
        return found + [Thing(each["Name"], each["Labels"].get(RUN, ""), "volume") for each in volumes]

    def _remove(self, things: list[Thing]) -> int:
        containers = [each.id for each in things if each.kind == "container"]
        if containers:
            with ThreadPoolExecutor(max_workers=min(8, len(containers)), thread_name_prefix="remove") as pool:
                list(pool.map(self.remove_container, containers))
        api = self.client.api
        removals: dict[str, Callable[[str], object]] = {"network": api.remove_network, "volume": api.remove_volume}
        for each in things:
            if each.kind in removals:
                _retry_removal(partial(removals[each.kind], each.id))
        return len(things)

    def remove_container(self, container: str) -> None:
        """Remove a container with its volumes, whatever state it is in; one that is gone is fine."""
        import docker.errors

        self._ask_to_go(container)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with map_engine_errors():
                    self.client.api.remove_container(container, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if error.status_code != 409:
                    raise EnvironmentProblem(f"a container cannot be removed: {error.explanation}") from error
            time.sleep(0.02)  # another removal is on its way

    def _ask_to_go(self, container: str) -> None:
        """Give one that was made with a time to stop that time, unless whoever interrupted asks again."""
        import docker.errors

        with suppress(docker.errors.APIError), map_engine_errors():  # gone, or about to
            seen = self.client.api.inspect_container(container)
            grace = seen["Config"].get("StopTimeout")
            if grace is None or not seen["State"]["Running"]:
                return
            asking = threading.Thread(target=self._stop, args=(container, grace), name="stop", daemon=True)
            asking.start()
            while asking.is_alive() and not asked_again():
                asking.join(0.1)
            if self._inspect(container)["State"]["ExitCode"] == _KILLED:
                self.killed[container] = float(grace)

    def _stop(self, container: str, grace: int) -> None:
        import docker.errors

        with (
            suppress(docker.errors.APIError, EnvironmentProblem),
            map_engine_errors(),
        ):  # it is removed in any case
            self.client.api.stop(container, timeout=grace)


def _retry_removal(remove: Callable[[], object]) -> None:
    """Remove what containers use; what one that is just leaving holds cannot go yet, and is swept later."""
    import docker.errors

    for _ in range(50):
        try:
            with map_engine_errors():
                remove()
        except docker.errors.NotFound:
            return
        except docker.errors.APIError:
            time.sleep(0.05)
            continue
        return


@dataclass(frozen=True, slots=True)
class Thing:
    """A container, a network or a volume, and whose it is."""

    id: str
    run: str
    kind: str = "container"


def network_name(run: str) -> str:
    """What a run's private network is called."""
    return f"contract-harness-{run}"


def _repository_and_tag(name: str) -> tuple[str, str]:
    if "@" in name:
        repository, _, reference = name.partition("@")
        return repository, reference
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")
