"""The system that a manifest describes, as frozen values; nothing here has been started."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from harness.errors import Problem, UnknownName, did_you_mean
from harness.identity import Version
from harness.services.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """How an image is built: paths are absolute."""

    context: Path
    dockerfile: Path
    args: tuple[tuple[str, str], ...] = ()
    target: str = ""  # the stage that is built; "" is the last one
    inline: str = ""  # the Dockerfile's own text, where it is no file
    platform: str = ""  # "linux/amd64"; "" is the engine's own


class MountKind(StrEnum):
    """What a container finds at a path that its image does not bring."""

    COPY = "copy"  # source: a file or folder here; each run has a copy of its own
    TEXT = "text"  # a file with that text
    VOLUME = "volume"  # source: a name for storage of the run, empty at its start; "" is the container's alone
    HOST = "host"  # source: a path of the engine's machine, as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One file or folder that is put into a container."""

    target: str  # an absolute path inside
    kind: MountKind
    source: str = ""
    text: str = field(default="", repr=False)
    read_only: bool = False
    mode: int = 0  # permissions of a file; 0 are its own, or those that everybody may read
    owner: tuple[int, int] = (0, 0)  # of a file with a text: user and group


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSettings:
    """How a container is made, beside its image, command and environment; processes know nothing of it."""

    entrypoint: tuple[str, ...] | None = None  # None leaves what the image says
    working_dir: str = ""
    user: str = ""
    hostname: str = ""
    platform: str = ""
    names: tuple[str, ...] = ()  # by which the others reach it, beside its own
    hosts: tuple[str, ...] = ()  # "name:address" that only it knows
    tmpfs: tuple[str, ...] = ()  # "/run", "/tmp:size=64m"
    mounts: tuple[Mount, ...] = ()
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()  # of the engine, called as compose calls them


class ReadyKind(StrEnum):
    """What tells that a service is ready."""

    HTTP = "http"  # target: a path; ready when GET answers below 400; "": nobody named one, any answer below 500
    TCP = "tcp"  # target: an endpoint's name; ready when a connection is accepted and kept open
    LOG = "log"  # target: a regular expression found in the log
    EXEC = "exec"  # target: a command run inside; ready when it exits with 0
    EXIT = "exit"  # target: an exit code; ready when it has ended with it, as a job does


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """When a service counts as started, and how long it may take."""

    kind: ReadyKind = ReadyKind.HTTP
    target: str = ""
    within: float = 60.0  # seconds from its start


class StatesKind(StrEnum):
    """Where a provider's states are set up."""

    HTTP = "http"  # target: a path on the service; POST sets up, GET lists
    CALLABLE = "callable"  # target: "package.module:name" in the user's suite


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """How a provider is put into the states that its consumers name."""

    kind: StatesKind
    target: str
    names: tuple[str, ...] = ()  # listed in the manifest, when the service cannot list them itself


class AuthKind(StrEnum):
    """How a service wants its callers to prove who they are."""

    BEARER = "bearer"
    BASIC = "basic"
    HEADER = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Credentials for the checks; the value may be `${env.NAME}` and is never recorded."""

    kind: AuthKind
    value: str = field(repr=False)
    header: str = "Authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much the property checks may spend on one service."""

    examples: int = 30  # generated cases per operation
    seconds: float = 120.0  # a brake: what it cuts is UNKNOWN
    request_timeout: float = 10.0  # seconds


CheckTable = tuple[tuple[str, str | int | bool | tuple[str, ...]], ...]  # key to value, as they are written


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One pacticipant, and how to start one version of it."""

    name: str  # what pacts call it
    written: str = ""  # its key in the manifest, where that is another
    version: str = ""  # "" until it has been asked of git
    image: str = ""
    build: ImageBuild | None = None
    build_command: tuple[str, ...] = ()  # makes what runs of its sources, in `directory`; before it starts
    command: tuple[str, ...] = ()  # for the process runtime
    container_command: tuple[str, ...] = ()  # for the container runtime; () leaves what the image says
    container: ContainerSettings = field(default_factory=ContainerSettings)
    directory: Path = Path()  # where that command runs, and whose content is its identity
    endpoints: tuple[tuple[str, int], ...] = ()  # name to port inside the container; first is the main one
    url: str = ""  # already running elsewhere: attach, do not start
    trust: Trust = field(default_factory=Trust)  # which certificate of its own is believed, where it speaks HTTPS
    ready: Ready = field(default_factory=Ready)
    environment: tuple[tuple[str, str], ...] = ()  # values may hold ${NAME.url}; see services/environment.py
    needs: tuple[str, ...] = ()  # services and resources
    openapi: str = ""  # an absolute file path, or a URL path on the running service ("/openapi.json")
    pacts: tuple[str, ...] = ()  # where its own pacts (as a consumer) are: files, folders, globs; absolute
    states: States | None = None
    auth: Auth | None = None
    budget: Budget = field(default_factory=Budget)
    headers: tuple[tuple[str, str], ...] = ()  # sent with every request of a check
    ignore: tuple[str, ...] = ()  # finding codes that this service accepts, each reported as accepted
    variants: tuple[Service, ...] = ()  # other versions that the manifest can start
    inputs: tuple[Path, ...] = ()  # files beside `directory` whose content is part of the identity
    python: str = ""  # the interpreter of its process, absolute; "" is what the command finds
    pass_environment: tuple[str, ...] = ()  # variables that its process gets from the harness's own; `*` fits
    inherit: bool | None = None  # True: its process gets all of them; None: also what its own files name
    writes: tuple[str, ...] = ()  # patterns below `directory`: what it writes itself is no part of what it is
    stop_timeout: float | None = None  # seconds between being asked to go and being made to; None is the usual
    checks: tuple[tuple[str, CheckTable], ...] = ()  # kind of a plug-in to what its table says
    where: str = ""  # "harness.toml:12"

    def table_of(self, kind: str) -> CheckTable | None:
        """What the manifest says for a plug-in's kind of check; None where it is not to be checked so."""
        return dict(self.checks).get(kind)

    @property
    def identity(self) -> Version:
        """Name and version together."""
        return Version(self.name, self.version)

    @property
    def called(self) -> str:
        """What the manifest calls it."""
        return self.written or self.name

    @property
    def startable(self) -> bool:
        """A pacticipant without any way to start it is a consumer only."""
        return bool(self.image or self.build or self.command or self.url)

    @property
    def tells_document(self) -> bool:
        """Whether only the running service knows its OpenAPI document: there is no file of it."""
        return bool(self.openapi) and not Path(self.openapi).is_file()

    def at(self, number: str) -> Service:
        """This service in another version that the manifest knows how to start."""
        if number == self.version:
            return self
        for variant in self.variants:
            if variant.version == number:
                return replace(variant, variants=self.variants)
        if "{version}" in self.image:
            return replace(self, version=number)
        known = [self.version, *(v.version for v in self.variants)]
        raise UnknownName(
            f"the manifest does not know how to start {self.name} {number}",
            where=self.where,
            hint=did_you_mean(number, known),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceKind:
    """What a resource is: all that the manifest need not say of one, and how it runs in each runtime."""

    key: str  # `kind = "KEY"`
    endpoints: tuple[tuple[str, int], ...] = ()  # where it listens, when the manifest does not say
    image: str = ""  # of its container, when the manifest names none; may hold `${env.NAME:-default}`
    command: tuple[str, ...] = ()  # of its process, when the manifest names none; may hold `${self.port}`
    takes_command: bool = False  # whether the manifest may name a `command`
    login: tuple[tuple[str, str], ...] = ()  # variables of its container that hold {user}, {password}, {database}
    url: str = ""  # may hold {host}, {port}, {user}, {password}, {database}; "": the endpoint's name is its scheme
    ready: Ready | None = None  # when the manifest says nothing; a command may hold {user}, {database}, {port}
    postgres: bool = False  # it speaks as PostgreSQL does: a server of this machine, seeds and a query as probe

    POSTGRES: ClassVar[ResourceKind]
    CONTAINER: ClassVar[ResourceKind]
    JOB: ClassVar[ResourceKind]

    def __post_init__(self) -> None:
        """What cannot be filled in is told now, not in the middle of a run."""
        if not self.key.strip():
            raise ValueError("a kind of resource without a key")
        said = dict.fromkeys(("user", "password", "database", "host", "port"), "")
        target = self.ready.target if self.ready and self.ready.kind is ReadyKind.EXEC else ""
        for text in (self.url, target, *(value for _, value in self.login)):
            text.format(**said)

    @property
    def as_program(self) -> bool:
        """Whether the process runtime runs a command for it, as it does for a service."""
        return self.takes_command or bool(self.command)


ResourceKind.POSTGRES = ResourceKind(
    key="postgres",
    endpoints=(("postgres", 5432),),
    image="${env.HARNESS_POSTGRES_IMAGE:-postgres:17-alpine}",
    login=(("POSTGRES_USER", "{user}"), ("POSTGRES_PASSWORD", "{password}"), ("POSTGRES_DB", "{database}")),
    url="postgresql://{user}:{password}@{host}:{port}/{database}",
    # Over TCP, not the socket: while the image initialises, a temporary server answers on the socket only.
    ready=Ready(kind=ReadyKind.EXEC, target="pg_isready -h 127.0.0.1 -p {port} -U {user} -d {database}"),
    postgres=True,
)
ResourceKind.CONTAINER = ResourceKind(key="container")
ResourceKind.JOB = ResourceKind(  # work that is done once, before what needs it starts
    key="job", takes_command=True, ready=Ready(kind=ReadyKind.EXIT, target="0", within=600.0)
)


def contract_harness_resource_kinds() -> Iterable[ResourceKind]:
    """A database, whatever an image has, and work that is done once."""
    return (ResourceKind.POSTGRES, ResourceKind.CONTAINER, ResourceKind.JOB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A database or other backing service; it belongs to the system, not to one service."""

    name: str
    kind: ResourceKind
    image: str = ""
    build: ImageBuild | None = None
    command: tuple[str, ...] = ()  # of a job, for the process runtime
    directory: Path = Path()  # where that command runs
    container_command: tuple[str, ...] = ()  # () leaves what the image says
    container: ContainerSettings = field(default_factory=ContainerSettings)
    endpoints: tuple[tuple[str, int], ...] = ()
    ready: Ready = field(default_factory=Ready)
    environment: tuple[tuple[str, str], ...] = ()
    database: str = "app"
    user: str = "app"
    password: str = field(default="app", repr=False)
    needs: tuple[str, ...] = ()
    stop_timeout: float | None = None
    where: str = ""

    @property
    def called(self) -> str:
        """What the manifest calls it."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A folder of the user's pytest tests that the harness runs."""

    path: Path  # absolute
    inputs: tuple[Path, ...] = ()  # what else decides its outcome, beside the folder itself
    timeout: float = 600.0  # seconds
    writes: Path | None = None  # where a consumer suite puts its pacts; None is the plugin's own default
    reads: Path | None = None  # where it is to be written down what a session of it loaded
    root: Path | None = None  # the project whose files are told there
    record_https: bool = True  # whether it reaches what speaks HTTPS through the recorder, over plain HTTP
    trusts: tuple[tuple[str, Trust], ...] = ()  # which certificates of the services are believed then, by service


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPolicy:
    """An environment, and which kinds of evidence a yes requires there."""

    name: str
    require: tuple[str, ...] = ("pacts",)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Everything that the manifest says, ready to be planned."""

    root: Path  # the folder of the manifest
    manifest: Path
    services: tuple[Service, ...] = ()
    resources: tuple[Resource, ...] = ()
    broker: str = ""  # "" is the embedded file `.harness/ledger.db` below root
    pacts: tuple[str, ...] = ()  # files, folders, globs with pacts of any pacticipant; absolute
    consumer_suite: Suite | None = None  # writes pacts
    integration_suite: Suite | None = None  # gets the `system` fixture
    require: tuple[str, ...] = ("pacts", "properties")  # the policy of `harness run` itself
    trust_claims: bool = False  # whether a provider's word on its own document counts as evidence
    environments: tuple[EnvironmentPolicy, ...] = ()
    seed: int = 20
    remarks: tuple[Problem, ...] = ()  # what was read and has no effect here, each with its place

    def service(self, name: str) -> Service:
        """The service of that name, as pacts or as the manifest call it; an unknown name is an error."""
        for service in self.services:
            if name in (service.name, service.called):
                return service
        raise UnknownName(
            f"no service '{name}' in {self.manifest.name}",
            hint=did_you_mean(name, (s.name for s in self.services)),
        )

    def unit(self, name: str) -> Service | Resource:
        """The service or resource of that name; they share one name space."""
        for resource in self.resources:
            if resource.name == name:
                return resource
        return self.service(name)

    def pacticipants(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """What was chosen, by the names that pacts use. Raises UnknownName."""
        return {self.service(name).name: number for name, number in chosen.items()}

    def renamed(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """The same, but that a name which no service here has stays as it is."""
        names = {service.called: service.name for service in self.services}
        return {names.get(name, name): number for name, number in chosen.items()}

    def with_versions(self, chosen: Mapping[str, str]) -> System:
        """The same system with other versions of some services."""
        for name in chosen:
            self.service(name)
        services = (s.at(chosen[s.name]) if s.name in chosen else s for s in self.services)
        return replace(self, services=tuple(services))

    def replaced(self, services: Iterable[Service]) -> System:
        """The same system with some services said anew."""
        new = {service.name: service for service in services}
        return replace(self, services=tuple(new.get(s.name, s) for s in self.services))
