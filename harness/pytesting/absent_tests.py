"""Which of the tests that a pact names are gone, and which were only left out of this session.

A test is gone when its file is, or when its file was collected whole and no longer has it. One that an option, a
hook or an environment variable leaves out is not gone: what it promises stays.
"""

from __future__ import annotations

import ast
import contextlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.pytesting.test_names import TestNames

if TYPE_CHECKING:
    from collections.abc import Iterator

# They give the same for the same arguments, whatever the options and the environment.
_PURE_CALLS = {"range", "list", "tuple", "set", "dict", "sorted", "zip", "enumerate", "str", "int", "len"}
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class CollectedTests:
    """What a session collected, and where it looked."""

    names: TestNames
    tests: frozenset[str] = frozenset()  # every test that was collected, deselected ones too
    driven: frozenset[str] = frozenset()  # those that hooks or fixtures gave parameters, beside their marks
    whole: bool = False  # each file was collected whole
    searched: tuple[Path, ...] = ()  # the folders that were looked through

    def gone(self, test: str) -> bool:
        """Whether a test of that name is known not to exist any more."""
        file = self.names.file(test)
        if not self.whole or test in self.tests:
            return False
        if not file.exists():
            return any(file.is_relative_to(folder) for folder in self.searched)
        return file in self._files and not self._may_be_left_out(file, test)

    def left_out(self, test: str) -> bool:
        """Whether it was not collected although its file was, and may be there all the same."""
        missing = self.whole and test not in self.tests and self.names.file(test) in self._files
        return missing and not self.gone(test)

    @cached_property
    def _files(self) -> frozenset[Path]:
        return frozenset(self.names.file(test) for test in self.tests)

    @cached_property
    def _functions(self) -> frozenset[str]:
        """The functions of the tests that were collected, without parameters."""
        return frozenset(_function(test) for test in self.tests)

    @cached_property
    def _driven_functions(self) -> frozenset[str]:
        return frozenset(_function(test) for test in self.driven)

    def _may_be_left_out(self, file: Path, test: str) -> bool:
        """Whether its file still defines it, or might under other circumstances."""
        function = _function(test)
        module = _parse_module(file)
        path = function.split("::")[1:]
        defined = _definitions(module, path) if module else ()
        if not module or not defined:
            return not module
        if function in self.tests:
            return False  # it has no parameters any more
        if function not in self._functions or function in self._driven_functions:
            return True
        parameters = tuple(_parameters(module, defined))
        return not parameters or not all(_is_fixed(each, module) for each in parameters)


def _function(test: str) -> str:
    return test.partition("[")[0]


def _parse_module(file: Path) -> ast.Module | None:
    with contextlib.suppress(OSError, SyntaxError, ValueError):
        return ast.parse(file.read_bytes())
    return None


def _definitions(module: ast.Module, path: list[str]) -> tuple[_Definition, ...]:
    """The classes and the function that a name leads through, wherever in a file they stand; empty for none."""
    found: list[_Definition] = []
    inside: ast.AST = module
    for name in path:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        inner = next((n for n in ast.walk(inside) if isinstance(n, kinds) and n.name == name), None)
        if inner is None:
            return ()
        found.append(inner)
        inside = inner
    return tuple(found)


def _parameters(module: ast.Module, defined: tuple[_Definition, ...]) -> Iterator[ast.expr]:
    """What the marks of a test, of its classes and of its module parametrize it with."""
    marks = [mark for each in defined for mark in each.decorator_list]
    for node in module.body:
        if isinstance(node, ast.Assign) and any(_is_name(target, "pytestmark") for target in node.targets):
            marks.append(node.value)
    for call in (node for mark in marks for node in ast.walk(mark) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "parametrize":
            yield from (*call.args, *(keyword.value for keyword in call.keywords))


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_fixed(node: ast.expr, module: ast.Module, seen: frozenset[str] = frozenset()) -> bool:
    """Whether an expression has one value as long as its file stays as it is."""
    bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
    functions = {id(part) for call in calls for part in ast.walk(call.func)}
    if not all(_is_pure_call(call) for call in calls):
        return False
    for part in ast.walk(node):
        if id(part) in functions or not isinstance(part, ast.Name) or part.id in bound | seen:
            continue
        value = _assigned_once(module, part.id)
        if value is None or not _is_fixed(value, module, seen | {part.id}):
            return False
    return True


def _is_pure_call(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id in _PURE_CALLS
    called = call.func
    return isinstance(called, ast.Attribute) and called.attr == "param" and _is_name(called.value, "pytest")


def _assigned_once(module: ast.Module, name: str) -> ast.expr | None:
    """The value of a constant of a module; None for a name that is imported or assigned twice."""
    values: list[ast.expr | None] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and any(_is_name(target, name) for target in node.targets):
            values.append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and _is_name(node.target, name):
            values += [node.value, *([None] if isinstance(node, ast.AugAssign) else ())]
    return values[0] if len(values) == 1 else None
