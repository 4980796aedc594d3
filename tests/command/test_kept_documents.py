"""What is kept of YAML documents, so that they are read once."""

from __future__ import annotations

import hashlib
import json
import os
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import harness

from harness.app.kept_documents import WORTH_IT, KeptDocuments, keeping_reader
from harness.comparison.diff import read_document
from harness.contracts.openapi_source import _yaml, parse
from harness.contracts.yaml_text import Unsure, load_yaml
from harness.errors import ContractError

LONG = f"# {'a comment ' * (WORTH_IT // 10)}\n"
YAML = (
    f"{LONG}openapi: 3.1.0\ninfo: {{title: things, on: 2026-11-23}}\npaths: {{}}\nx-floats: [1.0, 1e3, .5, 0x1F]\n"
)


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


def texts(folder: Path) -> list[Path]:
    """Without what is kept of whole documents, which waits until their files are some seconds old."""
    return [path for path in kept(folder) if ".whole." not in path.name]


def test_a_document_is_read_from_what_was_kept_and_means_the_same(tmp_path: Path) -> None:
    reader = KeptDocuments(tmp_path / "cache")
    first = reader(YAML, "openapi.yaml")
    [path] = kept(tmp_path / "cache")
    body = path.read_bytes().partition(b"\n")[2]
    assert reader(YAML.encode(), "elsewhere.yaml") == first == parse(YAML, "openapi.yaml") == json.loads(body)
    assert kept(tmp_path / "cache") == [path]
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "spoiled",
    [b"", b"\n", b"{}", b"0" * 64 + b"\n{}", b"\xff\xfe\n\x00", b"[" * 100_000],
    ids=["empty", "a line", "no sum", "a wrong sum", "bytes", "deep"],
)
def test_what_is_spoiled_is_read_anew_and_mended(tmp_path: Path, spoiled: bytes) -> None:
    reader = KeptDocuments(tmp_path)
    reader(YAML, "openapi.yaml")
    [path] = kept(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(spoiled)
    assert reader(YAML, "openapi.yaml") == parse(YAML, "openapi.yaml")
    assert path.read_bytes() == whole


def in_two_files(folder: Path, limit: int) -> Path:
    """A document whose operation is in a file of its own; both are old enough to be kept."""
    place = folder / "openapi.yaml"
    place.write_text("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/a: {get: {$ref: get.yaml}}}\n")
    header = f"{{schema: {{type: string, maxLength: {limit}}}}}"
    (folder / "get.yaml").write_text(f"responses: {{200: {{description: ok, headers: {{x-a: {header}}}}}}}\n")
    return place


def test_a_document_in_many_files_is_read_once_while_none_of_them_changes(tmp_path: Path) -> None:
    reader = KeptDocuments(tmp_path / "cache", young=-(10**18))  # no test waits for a clock
    place = in_two_files(tmp_path, 5)
    first = read_document(place.read_text(), str(place), reader)
    (entry,) = kept(tmp_path / "cache")
    changed = entry.read_bytes().partition(b"\n")[2].replace(b'"maxLength": 5', b'"maxLength": 6')
    entry.write_bytes(hashlib.sha256(changed).hexdigest().encode() + b"\n" + changed)
    again = read_document(place.read_text(), str(place), reader)
    assert "'maxLength': 6" in repr(again.value)  # so it came from there
    assert (first.problems, first.remarks) == (again.problems, again.remarks)
    in_two_files(tmp_path, 77)
    assert "'maxLength': 77" in repr(read_document(place.read_text(), str(place), reader).value)


def test_files_that_are_young_are_not_kept(tmp_path: Path) -> None:
    place = in_two_files(tmp_path, 5)
    read_document(place.read_text(), str(place), KeptDocuments(tmp_path / "cache", young=10**18))
    assert kept(tmp_path / "cache") == []


@given(
    st.recursive(
        st.one_of(
            st.sampled_from(["0o17", "017", "1_000", "0x1F", "1e3", ".5", "-.5", "yes", "~", "2024-01-01", "on"]),
            st.integers().map(str),
            st.floats(allow_nan=False, allow_infinity=False).map(repr),
            st.sampled_from(["'a: b'", '"x\\ty"', "Null", "TRUE", "a b"]).map(lambda each: each.strip()),
        ),
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]")
            | st.dictionaries(st.sampled_from(["a", "200", "1.5", "true"]), inner, max_size=3).map(
                lambda each: "{" + ", ".join(f"{name}: {value}" for name, value in each.items()) + "}"
            )
        ),
        max_leaves=8,
    )
)
def test_both_readers_of_yaml_read_the_same(text: str) -> None:
    try:
        value, _ = load_yaml(f"x: {text}\n")
    except Unsure:
        return
    assert repr(value) == repr(_yaml(f"x: {text}\n", "openapi.yaml"))


def test_a_part_of_what_was_written_is_not_believed(tmp_path: Path) -> None:
    reader = KeptDocuments(tmp_path)
    reader(YAML, "openapi.yaml")
    [path] = kept(tmp_path)
    changed = path.read_bytes().replace(b'"title": "things"', b'"title": "spoilt"')
    path.write_bytes(changed)
    assert reader(YAML, "openapi.yaml")["info"]["title"] == "things"


def test_an_error_is_told_each_time_and_nothing_is_kept(tmp_path: Path) -> None:
    reader = KeptDocuments(tmp_path)
    for _ in range(2):
        with pytest.raises(ContractError, match="not YAML"):
            reader(f"{LONG}a: [1\n", "openapi.yaml")
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "place"), [(json.dumps({"x": "y" * WORTH_IT}), "openapi.json"), ("openapi: 3.1.0", "openapi.yaml")]
)
def test_what_is_read_quickly_is_not_kept(tmp_path: Path, text: str, place: str) -> None:
    assert KeptDocuments(tmp_path)(text, place) == parse(text, place)
    assert kept(tmp_path) == []


def test_a_text_that_is_json_and_yaml_is_read_as_its_name_says(tmp_path: Path) -> None:
    reader = KeptDocuments(tmp_path)
    text = json.dumps({"x": "y" * WORTH_IT})[:-1] + ', "on": 0x1F}'
    assert reader(text, "openapi.yaml")["on"] == 31
    with pytest.raises(ContractError, match="not JSON"):
        reader(text, "openapi.json")


def test_the_oldest_make_room_and_what_was_read_again_is_not_old(tmp_path: Path) -> None:
    texts = [f"{LONG}number: {number}\nlist: [{'1, ' * 300}1]\n" for number in range(4)]
    reader = KeptDocuments(tmp_path, most=3_500)  # bytes: room for three
    clock = count(1_000_000)
    names: dict[int, Path] = {}
    for number, text in enumerate(texts[:3]):
        reader(text, "o.yaml")
        [names[number]] = [path for path in kept(tmp_path) if path not in names.values()]
        now = next(clock)
        os.utime(names[number], (now, now))
    reader(texts[0], "o.yaml")
    reader(texts[3], "o.yaml")
    assert names[0].exists()
    assert not names[1].exists()
    assert len(kept(tmp_path)) == 3


def test_what_was_killed_leaves_nothing_for_ever_and_other_files_stay(tmp_path: Path) -> None:
    left_over = tmp_path / f"{'a' * 64}.{'b' * 32}.part"
    others = [tmp_path / "mine.json", tmp_path / "notes.part"]
    for path in (left_over, *others):
        path.write_text("x" * 10_000)
        os.utime(path, (1_000_000, 1_000_000))
    KeptDocuments(tmp_path, most=9_000)(YAML, "openapi.yaml")
    assert not left_over.exists()
    assert all(path.exists() for path in others)
    assert len(kept(tmp_path)) == 3


def test_a_folder_that_cannot_be_written_to_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert KeptDocuments(tmp_path / "file" / "cache")(YAML, "openapi.yaml") == parse(YAML, "openapi.yaml")


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    folder = tmp_path_factory.mktemp("cache")
    reader, text = KeptDocuments(folder), f"{LONG}value: {json.dumps(value)}\n"
    try:
        wanted = parse(text, "o.yaml")
    except ContractError:
        return  # YAML has fewer characters than JSON
    reader(text, "o.yaml")
    assert len(kept(folder)) == 1
    assert json.dumps(reader(text, "o.yaml")) == json.dumps(wanted)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "/home/ann"}, "/home/ann/.cache/contract-harness/documents"),
        ({"HOME": "/home/ann", "XDG_CACHE_HOME": "/caches"}, "/caches/contract-harness/documents"),
        ({"HOME": "/home/ann", "HARNESS_CACHE_DIR": "/mine"}, "/mine/documents"),
        ({"HOME": "/home/ann", "HARNESS_CACHE_DIR": ""}, None),
    ],
)
def test_the_environment_says_where_it_is_kept(environ: dict[str, str], folder: str | None) -> None:
    reader = keeping_reader(environ)
    assert reader is parse if folder is None else reader == KeptDocuments(Path(folder))


def test_the_commands_keep_what_they_read_with_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "schemas.yaml").write_text(f"{LONG}Order: {{type: object}}\n")
    content = "{application/json: {schema: {$ref: 'schemas.yaml#/Order'}}}"
    responses = f"{{200: {{description: ok, content: {content}}}}}"
    paths = f"{{/orders: {{get: {{responses: {responses}}}}}}}"
    (tmp_path / "openapi.yaml").write_text(
        f"{LONG}openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {paths}\n"
    )
    cache = tmp_path / "cache"
    for _ in range(2):
        told = harness(
            "diff", "openapi.yaml", "openapi.yaml", cwd=tmp_path, environment={"HARNESS_CACHE_DIR": str(cache)}
        )
        assert (told.returncode, told.stderr) == (0, "")
        assert len(texts(cache / "documents")) == 2
    (tmp_path / "schemas.yaml").write_text(f"{LONG}Order: {{type: array}}\n")
    told = harness(
        "diff", "openapi.yaml", "openapi.yaml", cwd=tmp_path, environment={"HARNESS_CACHE_DIR": str(cache)}
    )
    assert (told.returncode, len(texts(cache / "documents"))) == (0, 3)
