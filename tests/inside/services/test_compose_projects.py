"""Several compose files as one project, and every key of a service accounted for."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ManifestError
from harness.services.compose.interpolation import interpolate, variables
from harness.services.compose.keys import HARMLESS, READ, TOLD
from harness.services.compose.merging import merge_services, normal
from harness.services.manifest.file import parse
from harness.services.node import Node
from harness.services.system import MountKind, ReadyKind, ResourceKind, System
from harness.services.yaml_source import parse_yaml

# Every key that the Compose specification gives a service (docs.docker.com/reference/compose-file/services).
_SPECIFIED = """annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
    container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares
    cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns dns_opt
    dns_search domainname entrypoint env_file environment expose extends external_links extra_hosts gpus
    group_add healthcheck hostname image init ipc isolation label_file labels links logging mac_address
    mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable
    oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles provider
    pull_policy read_only restart runtime scale secrets security_opt shm_size stdin_open
    stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode
    uts volumes volumes_from working_dir"""
SPECIFIED = _SPECIFIED.split()
FILES = {
    "api/Dockerfile": "FROM x\n",
    "app.json": "{}",
    "token.txt": "t",
    "seed/1.sql": "select 1",
    "more/Dockerfile": "FROM x\n",
}


def load(folder: Path, files: dict[str, str], more: str = "", environ: dict[str, str] | None = None) -> System:
    for name, text in {**FILES, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    head = "" if more.startswith("compose") else 'compose = "compose.yaml"\n'
    return parse(head + more, folder / "harness.toml", environ or {})


def one(folder: Path, keys: str, **files: str) -> System:
    return load(folder, {"compose.yaml": f"services:\n  api:\n    image: x\n{keys}", **files})


def test_every_key_of_a_service_is_read_changes_no_answer_or_is_named() -> None:
    kinds = [READ, HARMLESS, TOLD.keys()]
    assert {key: sum(key in kind for kind in kinds) for key in SPECIFIED} == dict.fromkeys(SPECIFIED, 1)


@pytest.mark.parametrize("key", sorted(TOLD))
def test_a_key_that_could_change_an_answer_is_named_with_its_service(key: str, tmp_path: Path) -> None:
    system = one(tmp_path, f"    {key}: something\n")
    assert [r.text for r in system.remarks] == [f"services.api: '{key}' is not read"]
    assert system.remarks[0].where == "compose.yaml:4"


def test_a_key_that_nobody_knows_is_named_too(tmp_path: Path) -> None:
    assert [r.text for r in one(tmp_path, "    frobnicate: 1\n    x-mine: 2\n").remarks] == [
        "services.api: 'frobnicate' is not read"
    ]


def test_the_override_file_is_read_as_docker_compose_up_reads_it(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  api: {image: x, environment: {A: base, B: base}, command: [one, two]}\n",
        "compose.override.yaml": "services:\n  api: {environment: [A=over], command: [three]}\n"
        "  db: {image: redis}\n",
    }
    system = load(tmp_path, files, "[services.api]\n")
    assert dict(system.service("api").environment) == {"A": "over", "B": "base"}
    assert system.service("api").container_command == ("three",)
    assert [r.name for r in system.resources] == ["db"]


def test_a_list_means_just_these_files_in_that_order(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services: {api: {image: x}}",
        "compose.override.yaml": "services: {api: {image: over}}",
        "ci.yaml": "services: {api: {image: ci}}",
    }
    alone = load(tmp_path, files, 'compose = ["compose.yaml"]\n')
    both = load(tmp_path, files, 'compose = ["compose.yaml", "ci.yaml"]\n')
    assert (alone.resources[0].image, both.resources[0].image) == ("x", "ci")


NAMED = {
    "compose.yaml": "services: {api: {image: usual}}",
    "compose.override.yaml": "services: {api: {image: over}}",
    "ci/base.yaml": "services: {api: {image: base, environment: {A: base, B: base}}}",
    "more.yaml": "services: {api: {environment: {B: more}}}",
}


@pytest.mark.parametrize(
    ("said", "environ"),
    [
        ("COMPOSE_FILE=ci/base.yaml:more.yaml\n", {}),
        ("COMPOSE_FILE=ci/base.yaml;more.yaml\nCOMPOSE_PATH_SEPARATOR=;\n", {}),
        ("", {"COMPOSE_FILE": "ci/base.yaml:more.yaml"}),
        ("COMPOSE_FILE=none.yaml\n", {"COMPOSE_FILE": "ci/base.yaml:more.yaml"}),
    ],
)
def test_what_compose_file_names_is_read_instead_of_the_usual_files(
    said: str, environ: dict[str, str], tmp_path: Path
) -> None:
    api = load(tmp_path, {**NAMED, ".env": said}, environ=environ).unit("api")
    assert (api.image, dict(api.environment)) == ("base", {"A": "base", "B": "more"})


def test_a_list_in_the_manifest_means_just_these_files_whatever_compose_file_says(tmp_path: Path) -> None:
    files = {**NAMED, ".env": "COMPOSE_FILE=ci/base.yaml\n"}
    assert load(tmp_path, files, more='compose = ["compose.yaml"]').unit("api").image == "usual"


def test_a_file_that_compose_file_names_and_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"none\.yaml"):
        load(tmp_path, {**NAMED, ".env": "COMPOSE_FILE=none.yaml\n"})


def test_an_override_can_take_away_and_replace(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  api: {image: x, environment: {A: 1, B: 2}, ports: ['80:80'], user: a}\n",
        "compose.override.yaml": "services:\n  api:\n    environment: {A: !reset null}\n"
        "    ports: !override ['81']\n    user: !reset null\n",
    }
    system = load(tmp_path, files, "[services.api]\n")
    api = system.service("api")
    assert (api.environment, api.endpoints, api.container.user) == ((("B", "2"),), (("http", 81),), "")


def test_what_is_mounted_at_one_place_is_replaced_by_the_override(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  api: {image: x, volumes: ['./seed:/a', './app.json:/b']}\n",
        "compose.override.yaml": "services:\n  api:\n    volumes:\n"
        "      - {type: bind, source: ./token.txt, target: /b}\n",
    }
    mounts = load(tmp_path, files).resources[0].container.mounts
    assert [(m.target, Path(m.source).name) for m in mounts] == [("/a", "seed"), ("/b", "token.txt")]


def test_paths_count_from_the_file_that_says_them(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  api:\n    extends: {file: more/base.yaml, service: web}\n"
        "    environment: {B: mine}\n",
        "more/base.yaml": "services:\n  web:\n    extends: other\n    build: .\n    env_file: own.env\n"
        "  other:\n    image: x\n    environment: {A: base, B: base}\n    volumes: ['./own.env:/e']\n",
        "more/own.env": "C=3\n",
    }
    api = load(tmp_path, files).service("api")
    assert api.build is not None
    assert api.build.context == tmp_path / "more"
    assert dict(api.environment) == {"A": "base", "B": "mine", "C": "3"}
    assert api.container.mounts[0].source == str(tmp_path / "more/own.env")


def test_included_files_stand_on_their_own(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "include: [more/compose.yaml]\nservices: {api: {image: 'api:${TAG}', depends_on: [db]}}\n",
        ".env": "TAG=outer\n",
        "more/compose.yaml": "services:\n  db: {image: 'db:${TAG}-${OWN}', volumes: ['./x:/x']}\n",
        "more/.env": "TAG=inner\nOWN=own\n",
        "more/x": "1",
    }
    system = load(tmp_path, files)
    images = {r.name: r.image for r in system.resources}
    assert images == {"api": "api:outer", "db": "db:outer-own"}
    db = system.unit("db")
    assert db.container.mounts[0].source == str(tmp_path / "more/x")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"compose.yaml": "include: [compose.yaml]\nservices: {}"}, "includes itself"),
        (
            {"compose.yaml": "include: [a.yaml]\nservices: {}", "a.yaml": "include: [compose.yaml]"},
            "includes itself",
        ),
        (
            {
                "compose.yaml": "include: [a.yaml]\nservices: {db: {image: x}}",
                "a.yaml": "services: {db: {image: y}}",
            },
            "an included file has a service of that name",
        ),
        (
            {"compose.yaml": "services: {a: {extends: b}, b: {extends: {file: compose.yaml, service: a}}}"},
            "extends itself",
        ),
        ({"compose.yaml": "services: {a: {extends: {file: no.yaml, service: a}}}"}, "cannot read"),
    ],
)
def test_files_that_lead_nowhere_are_told(files: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=said):
        load(tmp_path, files)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("10s", 10.0), ("1m30s", 90.0), ("500ms", 0.5), ("1.5h", 5400.0), ("0", None), ("0s", None)],
)
def test_the_time_that_compose_gives_to_go_is_the_services_own(
    written: str, seconds: float | None, tmp_path: Path
) -> None:
    system = load(tmp_path, {"compose.yaml": f"services: {{a: {{image: x, stop_grace_period: {written}}}}}"})
    assert system.unit("a").stop_timeout == seconds


@pytest.mark.parametrize("written", ["soon", "10", "1x", "-1s", "s"])
def test_a_time_that_is_none_is_a_mistake(written: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="a time like '1m30s' is needed"):
        load(tmp_path, {"compose.yaml": f"services: {{a: {{image: x, stop_grace_period: '{written}'}}}}"})


PROFILES = """services:
  shop: {image: x}
  stock: {image: x, profiles: [full]}
  price: {image: x, profiles: []}
  debug: {image: '${NOT_SET_FOR_DEBUG:?}', profiles: [debug]}
"""


@pytest.mark.parametrize(
    ("environ", "there"),
    [
        ({}, ["price", "shop"]),
        ({"COMPOSE_PROFILES": "full, other"}, ["price", "shop", "stock"]),
        ({"COMPOSE_PROFILES": "*", "NOT_SET_FOR_DEBUG": "y"}, ["debug", "price", "shop", "stock"]),
    ],
)
def test_active_profiles_start_their_services_and_the_others_are_named(
    environ: dict[str, str], there: list[str], tmp_path: Path
) -> None:
    system = load(tmp_path, {"compose.yaml": PROFILES}, environ=environ)
    assert sorted(r.name for r in system.resources) == there
    left_out = {"debug", "price", "shop", "stock"} - set(there)
    assert {r.text.split(":")[0] for r in system.remarks} == {f"services.{name}" for name in left_out}


def test_the_env_file_beside_the_compose_file_says_profiles_as_well(tmp_path: Path) -> None:
    system = load(tmp_path, {"compose.yaml": PROFILES, ".env": "COMPOSE_PROFILES=full"})
    assert "stock" in [r.name for r in system.resources]


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    system = one(tmp_path, "    environment: {A: 'x${NOBODY_SET_THIS}'}\n")
    assert [(r.text, r.where) for r in system.remarks] == [
        ("services.api.environment.A: NOBODY_SET_THIS is not set; nothing stands in its place", "compose.yaml:4")
    ]


@pytest.mark.parametrize(
    ("keys", "kind", "source", "text"),
    [
        ("    volumes: ['./seed:/t']\n", MountKind.COPY, "seed", ""),
        ("    volumes: ['./app.json:/t:ro']\n", MountKind.COPY, "app.json", ""),
        ("    volumes: [{type: bind, source: ./seed, target: /t}]\n", MountKind.COPY, "seed", ""),
        ("    volumes: ['data:/t']\n", MountKind.VOLUME, "data", ""),
        ("    volumes: [/t]\n", MountKind.VOLUME, "", ""),
        ("    volumes: ['/dev/null:/t']\n", MountKind.HOST, "/dev/null", ""),
        (
            "    volumes: ['local:/t']\nvolumes:\n  local: {driver_opts: {type: none, o: bind, device: ./seed}}\n",
            MountKind.COPY,
            "seed",
            "",
        ),
        (
            "    configs: [{source: c, target: /t}]\nconfigs: {c: {file: app.json}}\n",
            MountKind.COPY,
            "app.json",
            "",
        ),
        ("    configs: [{source: c, target: /t}]\nconfigs: {c: {content: 'a $$b'}}\n", MountKind.TEXT, "", "a $b"),
        (
            "    secrets: [{source: c, target: /t}]\nsecrets: {c: {file: token.txt}}\n",
            MountKind.COPY,
            "token.txt",
            "",
        ),
    ],
)
def test_what_is_mounted_is_a_copy_a_text_storage_or_the_machines_own(
    keys: str, kind: MountKind, source: str, text: str, tmp_path: Path
) -> None:
    (mount,) = one(tmp_path, keys).resources[0].container.mounts
    expected = str(tmp_path / source) if kind is MountKind.COPY else source
    assert (mount.target, mount.kind, mount.source, mount.text) == ("/t", kind, expected, text)


def test_configs_and_secrets_have_their_usual_places(tmp_path: Path) -> None:
    keys = "    configs: [c]\n    secrets: [s, {source: s, target: other, mode: '0440', uid: '7'}]\n"
    more = "configs: {c: {file: app.json}}\nsecrets: {s: {file: token.txt}}\n"
    mounts = one(tmp_path, keys + more).resources[0].container.mounts
    assert [m.target for m in mounts] == ["/c", "/run/secrets/s", "/run/secrets/other"]
    assert (mounts[2].mode, mounts[2].owner) == (0o440, (7, 0))


def test_the_container_is_made_as_compose_makes_it(tmp_path: Path) -> None:
    keys = """\
    entrypoint: python -m "a b"
    working_dir: /w
    user: "1000:1000"
    hostname: h
    container_name: c
    platform: linux/amd64
    networks: {default: {aliases: [one, two]}}
    extra_hosts: ["a:1.2.3.4", "b=::1"]
    tmpfs: /run
    cap_add: [NET_ADMIN]
    init: true
    ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}
    sysctls: [net.core.somaxconn=1024]
"""
    made = one(tmp_path, keys).resources[0].container
    assert made.entrypoint == ("python", "-m", "a b")
    assert (made.working_dir, made.user, made.hostname, made.platform) == ("/w", "1000:1000", "h", "linux/amd64")
    assert (made.names, made.hosts) == (("c", "h", "one", "two"), ("a:1.2.3.4", "b:::1"))
    assert made.tmpfs == ("/run",)
    assert dict(made.options) == {
        "cap_add": ("NET_ADMIN",),
        "init": ("true",),
        "sysctls": ("net.core.somaxconn=1024",),
        "ulimits": ("nofile=1:2", "nproc=3"),
    }


NAMES = ("container_name: other", "hostname: other", "networks: {default: {aliases: [other]}}")


@pytest.mark.parametrize("named", NAMES)
def test_an_address_by_another_name_of_a_service_is_a_reference(named: str, tmp_path: Path) -> None:
    compose = (
        "services:\n  api:\n    build: api\n    environment: {URL: 'http://other:8000/x', OTHER_HOST: other}\n"
        f"  catalog:\n    build: api\n    expose: [8000]\n    {named}\n"
    )
    system = load(tmp_path, {"compose.yaml": compose})
    api = system.service("api")
    assert dict(api.environment)["URL"] == "http://${catalog.host}:${catalog.port}/x"
    assert dict(api.environment)["OTHER_HOST"] == "${catalog.host}"
    assert api.needs == ("catalog",)
    assert "other" in system.service("catalog").container.names


def test_a_link_gives_its_target_a_name_and_is_a_need(tmp_path: Path) -> None:
    compose = (
        "services:\n  api: {build: api, links: ['catalog:other'], environment: {URL: 'http://other:8000'}}\n"
        "  catalog: {build: api, expose: [8000]}\n"
    )
    system = load(tmp_path, {"compose.yaml": compose})
    assert system.service("api").needs == ("catalog",)
    assert dict(system.service("api").environment)["URL"] == "http://${catalog.host}:${catalog.port}"
    assert system.service("catalog").container.names == ("other",)


JOBS = """services:
  db: {image: 'postgres:16'}
  migrate: {build: api, command: [migrate], depends_on: {db: {condition: service_healthy}}}
  api:
    build: api
    depends_on:
      migrate: {condition: service_completed_successfully}
      absent: {condition: service_started, required: false}
"""


def test_a_job_is_a_resource_that_is_ready_when_it_has_ended_well(tmp_path: Path) -> None:
    system = load(tmp_path, {"compose.yaml": JOBS})
    migrate = system.unit("migrate")
    assert [s.name for s in system.services] == ["api"]
    assert migrate in system.resources
    assert (migrate.ready.kind, migrate.ready.target, migrate.needs) == (ReadyKind.EXIT, "0", ("db",))
    assert next(r.kind for r in system.resources if r.name == "migrate") is ResourceKind.JOB
    assert system.service("api").needs == ("migrate",)


def test_a_job_has_a_command_for_local_processes(tmp_path: Path) -> None:
    more = '[resources.migrate]\ncommand = ["python", "migrate.py"]\ndirectory = "more"\n'
    migrate = next(r for r in load(tmp_path, {"compose.yaml": JOBS}, more).resources if r.name == "migrate")
    assert (migrate.command, migrate.directory) == (("python", "migrate.py"), tmp_path / "more")


def test_a_build_has_its_target_and_its_text(tmp_path: Path) -> None:
    compose = (
        "services:\n  a: {build: {context: api, target: prod}}\n  b: {build: {dockerfile_inline: 'FROM y'}}\n"
    )
    first, second = load(tmp_path, {"compose.yaml": compose}).services
    assert first.build is not None
    assert second.build is not None
    assert (first.build.target, second.build.inline, second.build.context) == ("prod", "FROM y", tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SIZE=large\nLABEL=tea-${SIZE}", {"SIZE": "large", "LABEL": "tea-large"}),
        ("A='${B}'", {"A": "${B}"}),
        ('A="x\\ny $B"\nC=${A:-z}', {"A": "x\ny out", "C": "x\ny out"}),
        ('A="two\nlines" # c\nB=1', {"A": "two\nlines", "B": "1"}),
        ("A=p$$w#1\nB=${NO-d} # c", {"A": "p$w#1", "B": "d"}),
        ("A=${B}\nB=in", {"A": "out", "B": "in"}),
        ("A=it's\nB=\nC", {"A": "it's", "B": ""}),
        ("A=p${\nB=1", {"A": "p${", "B": "1"}),
    ],
)
def test_a_dotenv_file_may_use_its_own_variables(text: str, found: dict[str, str]) -> None:
    assert variables(text, {"B": "out"}) == found


WORDS = st.text("ab{}$:-/ ", max_size=8)


@given(st.dictionaries(st.sampled_from("ABC"), WORDS, max_size=3), WORDS)
def test_a_dotenv_value_means_what_the_same_text_means_in_a_compose_file(known: dict[str, str], text: str) -> None:
    try:
        meant = interpolate(text, known)
    except ManifestError:
        meant = text
    found = variables(f"V={text}\n", known)["V"]
    assert found.strip() == meant.strip() or text.strip()[:1] in {'"', "'"}


VALUES = st.sampled_from(["x", "y"])
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "image": VALUES,
        "command": st.lists(VALUES, min_size=1, max_size=2),
        "environment": st.dictionaries(st.sampled_from("ABC"), VALUES, max_size=2)
        | st.lists(st.sampled_from(["A=1", "B=2", "C"]), unique=True, max_size=2),
        "depends_on": st.lists(VALUES, unique=True, max_size=2),
        "volumes": st.lists(st.sampled_from(["./a:/t", "./b:/t", "v:/u", "/u"]), max_size=2),
        "profiles": st.lists(VALUES, unique=True, max_size=2),
        "healthcheck": st.fixed_dictionaries({"test": st.lists(VALUES, max_size=2)}),
    },
)


def node(value: object) -> Node:
    if isinstance(value, dict):
        return Node({key: node(each) for key, each in value.items()}, "f")
    return Node(tuple(map(node, value)), "f") if isinstance(value, list) else Node(value, "f")


@given(ENTRIES, ENTRIES, ENTRIES)
def test_laying_over_is_associative_and_twice_is_once(
    low: dict[str, object], middle: dict[str, object], high: dict[str, object]
) -> None:
    a, b, c = (normal(node(each)) for each in (low, middle, high))
    assert merge_services(merge_services(a, b), c) == merge_services(a, merge_services(b, c))
    assert merge_services(merge_services(a, b), b) == merge_services(a, b)
    assert merge_services(a, Node({}, "f")) == a


def test_marks_of_merging_are_kept_with_the_values_that_they_stand_before() -> None:
    read = parse_yaml("a: !reset null\nb: !override [1]\nc: !other 1\n", "f")
    assert [read.table[key].mark for key in "abc"] == ["!reset", "!override", ""]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("    ulimits: {nofile: {soft: x}}\n", "a limit like 'nofile=1024:2048' is needed"),
        ("    sysctls: {a b: 1}\n", "a setting like"),
        ("    shm_size: much\n", "a size like '64m' is needed, not 'much'"),
    ],
)
def test_an_option_that_the_engine_could_not_read_is_a_mistake(keys: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=said):
        one(tmp_path, keys)


ODD = st.sampled_from(
    [
        "x",
        "./a",
        "a:b",
        "./a:/b",
        "${X}",
        "1",
        "true",
        "",
        None,
        [],
        {},
        ["x"],
        ["a=b", "c"],
        {"a": "b"},
        {"a": None},
    ]
) | st.sampled_from(
    [
        [{"source": "s", "target": "t"}],
        {"a": {"condition": "service_completed_successfully"}},
        [["x"]],
        {"a": ["x"]},
        [{"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1"}}],
        {"test": ["CMD", "x"]},
        {"file": "compose.yaml", "service": "a"},
        [None],
        {"context": ".", "target": "t", "args": ["A"]},
        "/",
        "~",
    ]
)
ODD_SERVICES = st.dictionaries(st.sampled_from([*SPECIFIED, "image", "build"]), ODD, max_size=4)


@given(ODD_SERVICES, ODD_SERVICES, ODD, ODD)
def test_whatever_a_service_says_only_a_manifest_error_is_raised(
    service: object, over: object, config: object, volume: object
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        compose = {
            "services": {"a": service, "b": {"image": "x"}},
            "configs": {"s": config},
            "volumes": {"a": volume},
        }
        files = {"compose.yaml": compose, "compose.override.yaml": {"services": {"a": over}}}
        with suppress(ManifestError):
            assert load(folder, {name: json.dumps(text) for name, text in files.items()}).root == folder


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("127.0.0.1:8080:80", "127.0.0.2:8080:80", False),
        ("127.0.0.1:8080:80", "127.0.0.1:8080:80", True),
        ("127.0.0.1:8080:80", "8080:80", True),
        ("0.0.0.0:8080:80", "[::1]:8080:80", True),
        ("8080:80", "8081:80", False),
    ],
)
def test_one_port_of_the_host_is_for_one_service_at_each_address(
    one: str, other: str, clash: bool, tmp_path: Path
) -> None:
    text = f"services: {{a: {{image: x, command: [], ports: ['{one}']}}, b: {{image: x, ports: ['{other}']}}}}"
    if clash:
        with pytest.raises(ManifestError, match="host port 8080 is already that of 'a'"):
            load(tmp_path, {"compose.yaml": text})
    else:
        assert len(load(tmp_path, {"compose.yaml": text}).resources) == 2


@pytest.mark.parametrize(
    ("keys", "port"),
    [("", 8000), ("    ports: ['9000']\n", 9000), ("    expose: [7000]\n", 7000)],
)
def test_a_service_without_ports_listens_where_its_dockerfile_says(keys: str, port: int, tmp_path: Path) -> None:
    files = {
        "compose.yaml": f"services:\n  api:\n    build: ./src\n{keys}",
        "src/Dockerfile": "FROM a AS b\nEXPOSE 1\nFROM c\nEXPOSE 8000/tcp\n",
    }
    api = load(tmp_path, files).unit("api")
    assert api.endpoints == (("http", port),)
    assert load(tmp_path, files, more="[services.api]\nport = 5000\n").unit("api").endpoints == (("http", 5000),)
