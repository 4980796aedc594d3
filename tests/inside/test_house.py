"""The budgets of CONTRIBUTING.md, held by tests; an exception stands here with its reason."""

from __future__ import annotations

import ast
import re
import statistics
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "harness").rglob("*.py"))

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50
MEDIAN_FUNCTION_LINES = 8

# function to the reason why it may be longer
LONGER_FUNCTIONS = {
    "harness/cli/run.py:command": "one argument per option of the command",
    "harness/cli/verify.py:command": "one argument per option of the command",
}


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


@cache
def nodes(module: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(module)))


def functions() -> Iterator[tuple[str, int]]:
    for module in MODULES:
        for node in nodes(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{module.relative_to(ROOT)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_no_module_is_longer_than_its_budget() -> None:
    lengths = {str(m.relative_to(ROOT)): len(m.read_text(encoding="utf-8").splitlines()) for m in MODULES}
    assert {name: count for name, count in lengths.items() if count > MAX_MODULE_LINES} == {}


def test_no_function_is_longer_than_its_budget() -> None:
    too_long = {name: count for name, count in functions() if count > MAX_FUNCTION_LINES}
    assert too_long.keys() - LONGER_FUNCTIONS.keys() == set()


def test_functions_are_short() -> None:
    assert statistics.median(count for _, count in functions()) <= MEDIAN_FUNCTION_LINES


def test_no_name_speaks_of_patterns_instead_of_the_domain() -> None:
    forbidden = {"utils", "util", "helpers", "helper", "managers", "manager", "common", "base", "misc"}
    assert [m for m in MODULES if m.stem in forbidden] == []


def test_no_two_classes_bear_one_name() -> None:
    places: dict[str, list[str]] = {}
    for module in MODULES:
        for node in tree(module).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(str(module.relative_to(ROOT)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


# Participles that end otherwise than in -ed; a helper that is called by one alone does not say what it makes.
IRREGULAR = set(
    [
        "told",
        "read",
        "found",
        "kept",
        "given",
        "made",
        "said",
        "written",
        "seen",
        "known",
        "sent",
        "held",
        "put",
        "shown",
        "taken",
        "left",
        "met",
        "built",
        "spelt",
        "lost",
        "drawn",
        "bound",
        "set",
        "cut",
        "gone",
        "run",
        "done",
        "broken",
        "chosen",
        "hidden",
        "hit",
        "meant",
        "spent",
        "split",
        "stood",
        "thrown",
        "understood",
    ]
)
# name to the reason why it may stay: the participle is the field's own word
PARTICIPLES = {
    "created": "HTTP's 201 Created",
    "accepted": "HTTP's Accept",
    "run": "the command `harness run`",
}


def test_no_helper_is_called_by_a_bare_participle() -> None:
    bare = [
        f"{module.relative_to(ROOT)}:{node.name}"
        for module in MODULES
        for node in tree(module).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_participle(node.name.strip("_"))
    ]
    assert [each for each in bare if each.rpartition(":")[2] not in PARTICIPLES] == []


def _is_participle(name: str) -> bool:
    return name in IRREGULAR or ("_" not in name and name.endswith("ed") and name not in {"need", "feed", "seed"})


def test_nothing_of_our_own_is_patched_in_tests() -> None:
    patching = re.compile(r"mock\.patch|mocker\.|monkeypatch\.setattr\(\s*[\"']?harness")
    own = Path(__file__)
    tests = [t for t in (ROOT / "tests").rglob("*.py") if t != own]
    assert [t for t in tests if patching.search(t.read_text(encoding="utf-8"))] == []


def test_a_place_that_catches_every_exception_says_why_or_only_cleans_up_and_raises_again() -> None:
    silent = []
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        for node in nodes(module):
            if isinstance(node, ast.ExceptHandler) and _catches_everything(node):
                explained = "noqa: BLE001 - " in text.splitlines()[node.lineno - 1]
                if not explained and not isinstance(node.body[-1], ast.Raise):
                    silent.append(f"{module.relative_to(ROOT)}:{node.lineno}")
    assert silent == []


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or getattr(handler.type, "id", "") in ("Exception", "BaseException")


def test_every_module_says_what_it_is_for() -> None:
    assert [m for m in MODULES if not ast.get_docstring(tree(m))] == []


HOMES = {
    "docker": "harness/runtime/",
    "sqlalchemy": ("harness/ledger/", "harness/broker/", "harness/transfer/"),
    "alembic": "harness/ledger/",
    "pact": "harness/checks/engines/",
    "schemathesis": "harness/checks/engines/",
    "click": "harness/cli/",
}


@pytest.mark.parametrize(("library", "home"), HOMES.items())
def test_each_foreign_library_has_one_home(library: str, home: str | tuple[str, ...]) -> None:
    strangers = [
        str(module.relative_to(ROOT))
        for module in MODULES
        if not str(module.relative_to(ROOT)).startswith(home) and library in _imports(module)
    ]
    # The plugin hands pact-python's own objects to the user's tests: that is what the fixture is for.
    assert [s for s in strangers if not (library == "pact" and s.startswith("harness/pytest"))] == []


@cache
def _imports(module: Path) -> frozenset[str]:
    """Top-level packages that a module imports, lazily or not; what only annotations need does not count."""
    annotations = {
        id(child)
        for node in nodes(module)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    found = set()
    for node in nodes(module):
        if id(node) in annotations:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return frozenset(found)


def test_the_architecture_page_shows_the_layers_that_are_enforced() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [line.replace("(", "").replace(")", "") for line in contracts[0]["layers"]]
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = page.partition("```layers\n")[2].partition("```")[0]
    shown = [line.split("  ")[0].strip() for line in block.strip().splitlines()]
    assert shown == layers
    assert len(page.splitlines()) <= 80


def test_the_architecture_page_names_files_that_are_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z0-9_]+/)+[a-z0-9_]*(?:\.[a-z]+)?)`", page))
    missing = [each for each in named if not any((folder / each).exists() for folder in (ROOT, ROOT / "harness"))]
    assert len(named) > 20
    assert missing == []
