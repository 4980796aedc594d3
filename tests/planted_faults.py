"""The faults of `tox -e mutants`: which there are, which are taken, and a copy of the project that has them."""

from __future__ import annotations

import ast
import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import libcst as cst
from mutmut.mutation.file_mutation import (
    Mutation,
    combine_mutations_to_source,
    create_mutations,
    deep_replace,
    group_by_top_level_node,
)
from mutmut.mutation.trampoline_templates import mangle_function_name

ROOMS = ("gate", "evidence", "comparison", "checks")
_STARTED = 'if __name__ == "__main__":\n'
BESIDE = (  # what the tests look at, besides the product
    *("tests", "contracts", "docs", "fixtures", "suites", "benchmarks", "deploy"),
    *("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "pyproject.toml"),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: a function in which one place was changed."""

    name: str  # as mutmut calls it: harness.gate.order.x_order__mutmut_3
    change: str  # the lines that differ, as `- before` and `+ after`
    within: str  # which text of the function: what is known of another text says nothing

    @property
    def mangled(self) -> str:
        """The function, as the mutants of mutmut call it."""
        return self.name.rpartition("__mutmut_")[0]

    @property
    def function(self) -> str:
        """The function's dotted name."""
        return self.mangled.replace(".x_", ".").replace("xǁ", "").replace("ǁ", ".")

    @property
    def place(self) -> str:
        """The same from its module on, whichever room that is in: `order.deployment_plan`."""
        module = self.name.rpartition(".")[0]
        return self.function.removeprefix(module.rpartition(".")[0] + ".")

    @property
    def room(self) -> str:
        """`gate`, `evidence`, `comparison` or `checks`."""
        return self.name.split(".")[1]


@dataclass(frozen=True, slots=True)
class _Function:
    written: cst.FunctionDef
    faults: Sequence[Mutation]

    def mutant(self, number: int, name: str) -> Mutant | None:
        """One of its mutants, if that says something else than the function, besides what it says to people."""
        fault = self.faults[number]
        before = _parsed(self.written)
        changed = deep_replace(self.written, fault.original_node, fault.mutated_node)
        assert isinstance(changed, cst.FunctionDef)
        after = _parsed(changed)
        if _meaning(before) == _meaning(after):
            return None
        return Mutant(name, _change(before, after), hashlib.sha256(ast.unparse(before).encode()).hexdigest()[:12])


class _Source:
    """A module of the product with every fault that mutmut knows for it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.name = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        made = create_mutations(str(file), file.read_text())
        self._module, self._ignored = made[0], made[2:]
        self._faults = group_by_top_level_node(made[1])
        self.functions = {f"{self.name}.{name}": function for name, function in self._named(self._module.body)}

    def _named(self, body: Iterable[cst.CSTNode], inside: str | None = None) -> Iterator[tuple[str, _Function]]:
        for each in body:
            if isinstance(each, cst.FunctionDef) and each in self._faults:
                yield (
                    mangle_function_name(name=each.name.value, class_name=inside),
                    _Function(each, self._faults[each]),
                )
            if isinstance(each, cst.ClassDef) and inside is None:
                yield from self._named(each.body.body, each.name.value)

    def with_faults_in(self, chosen: set[str]) -> str:
        """Its text, in which the chosen functions have all of their mutants beside them."""
        kept = [fault for name in self.functions.keys() & chosen for fault in self.functions[name].faults]
        made = combine_mutations_to_source(self._module, kept, *self._ignored) if kept else self._module
        # A program that is started as a module is called `__main__`, and no mutant has that name.
        return str(made.code).replace(_STARTED, f"{_STARTED}    from {self.name} import main\n\n")


def _parsed(function: cst.FunctionDef) -> ast.AST:
    (defined,) = ast.parse(str(cst.Module([function.with_changes(decorators=[])]).code)).body
    return defined


class _WithoutSentences(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        sentence = isinstance(node.value, str) and " " in node.value.strip()
        return ast.Constant("a sentence") if sentence else node


def _meaning(function: ast.AST) -> str:
    return ast.dump(_WithoutSentences().visit(ast.parse(ast.unparse(function))))


def _change(before: ast.AST, after: ast.AST) -> str:
    old, new = (ast.unparse(each).splitlines()[1:] for each in (before, after))
    gone = [f"- {line.strip()}" for line in old if line not in new]
    come = [f"+ {line.strip()}" for line in new if line not in old]
    return "\n".join([*gone, *come])


def _sources() -> list[_Source]:
    return [_Source(file) for room in ROOMS for file in sorted(Path("harness", room).rglob("*.py"))]


def _spread(functions: Mapping[str, _Function]) -> Iterator[Mutant]:
    """Every mutant, in an order that spreads over everything and is the same for the same code."""
    numbered = ((name, number) for name, each in functions.items() for number in range(len(each.faults)))
    names = {f"{name}__mutmut_{number + 1}": (name, number) for name, number in numbered}
    for mutant in sorted(names, key=lambda one: (hashlib.sha256(one.rpartition(".")[2].encode()).digest(), one)):
        function, number = names[mutant]
        if made := functions[function].mutant(number, mutant):
            yield made


def plant(number: int, into: Path) -> list[Mutant]:
    """So many faults of the project here, and a copy of it in which each can be switched on by its name.

    Only the functions of these faults are slower than in the original.
    """
    sources = _sources()
    taken = list(islice(_spread({k: v for source in sources for k, v in source.functions.items()}), number))
    texts = {source.file: source.with_faults_in({each.mangled for each in taken}) for source in sources}
    for file in sorted(Path("harness").rglob("*")):
        _put(file, into, texts.get(file))
    for name in BESIDE:
        for file in sorted(Path(name).rglob("*")) or [Path(name)]:
            _put(file, into, None)
    _drop_others(into)
    return taken


def _put(file: Path, into: Path, text: str | None) -> None:
    """A file that is there already keeps its time, and so what was compiled of it."""
    if not file.is_file() or file.suffix == ".pyc":
        return
    content = file.read_bytes() if text is None else text.encode()
    there = into / file
    if not there.exists() or there.read_bytes() != content:
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(content)
        there.chmod(file.stat().st_mode)


def _drop_others(into: Path) -> None:
    for folder in ("harness", *(name for name in BESIDE if Path(name).is_dir())):
        for there in sorted((into / folder).rglob("*"), reverse=True):
            here = Path(folder) / there.relative_to(into / folder)
            if "__pycache__" not in there.parts and not here.exists():
                shutil.rmtree(there) if there.is_dir() else there.unlink()
