"""Plant faults in the code that gives answers, and see that the tests notice them.

    tox -e mutants [-- --number 400]

mutmut makes every mutant of `gate`, `evidence`, `comparison` and `checks`. A sample of them, chosen by a hash of
their names and so the same everywhere, is run against the tests that reach the changed function. Sentences for
people are left alone: the tests of the reports read them. What survives has to stand in `survivors.toml` beside
this file, with a reason; at least nine of ten have to be noticed.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

MADE = Path("mutants")
SURVIVORS = Path(__file__).with_name("survivors.toml")
LEAST = 0.9
NOBODY_LOOKS, NOTHING_NOTICED = 33, 0  # mutmut's own codes; 24, 36 and 152 are mutants that took too long


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: a function in which one place was changed."""

    name: str  # as mutmut calls it: harness.gate.order.x_order__mutmut_3
    change: str  # the lines that differ, as `- before` and `+ after`

    @property
    def function(self) -> str:
        """The function's dotted name."""
        return self.name.rpartition("__mutmut_")[0].replace(".x_", ".").replace("xǁ", "").replace("ǁ", ".")


def names() -> list[str]:
    """Every mutant there is, in an order that spreads over everything and is the same for the same code."""
    found: list[str] = []
    for meta in MADE.rglob("*.py.meta"):
        found += json.loads(meta.read_text())["exit_code_by_key"]
    return sorted(found, key=lambda name: hashlib.sha256(name.encode()).digest())


def mutants(only: str = "") -> Iterator[Mutant]:
    """The mutants that say something else than their originals, besides what they say to people."""
    for name in names():
        module, _, local = name.rpartition(".")
        if not Mutant(name, "").function.startswith(only):
            continue
        functions = _functions(MADE / f"{module.replace('.', '/')}.py")
        original = functions[local.rpartition("__mutmut_")[0] + "__mutmut_orig"]
        if _meaning(functions[local]) != _meaning(original):
            yield Mutant(name, _change(original, functions[local]))


@cache
def _functions(file: Path) -> dict[str, ast.AST]:
    nodes = ast.walk(ast.parse(file.read_text()))
    return {each.name: each for each in nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


class _WithoutSentences(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        sentence = isinstance(node.value, str) and " " in node.value.strip()
        return ast.Constant("a sentence") if sentence else node


def _meaning(function: ast.AST) -> str:
    copied = ast.parse(ast.unparse(function))
    (defined,) = copied.body
    assert isinstance(defined, ast.FunctionDef | ast.AsyncFunctionDef)
    defined.name = "f"
    return ast.dump(_WithoutSentences().visit(copied))


def _change(before: ast.AST, after: ast.AST) -> str:
    old, new = (ast.unparse(each).splitlines()[1:] for each in (before, after))
    gone = [f"- {line.strip()}" for line in old if line not in new]
    come = [f"+ {line.strip()}" for line in new if line not in old]
    return "\n".join([*gone, *come])


def results() -> dict[str, int]:
    """What became of the mutants that were run, by their names."""
    found: dict[str, int] = {}
    for meta in MADE.rglob("*.py.meta"):
        found |= {
            name: code
            for name, code in json.loads(meta.read_text())["exit_code_by_key"].items()
            if code is not None
        }
    return found


def explained() -> dict[tuple[str, str], str]:
    """The survivors that are known, with the reason why they may live."""
    if not SURVIVORS.exists():
        return {}
    listed = tomllib.loads(SURVIVORS.read_text()).get("survivor", [])
    return {(each["function"], each["change"].strip()): each["reason"] for each in listed}


def _run(*names: str) -> None:
    subprocess.run([sys.executable, "-m", "mutmut", "run", *names], check=False)


def main() -> int:
    """Make, choose, run, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=400)
    parser.add_argument("--only", default="", help="mutants of functions whose dotted name begins so")
    chosen = parser.parse_args()
    _run("harness.nothing.*")  # makes them, and learns which test reaches what
    picked = list(islice(mutants(chosen.only), chosen.number))
    _run(*(each.name for each in picked))
    codes, reasons = results(), explained()
    alive = [each for each in picked if codes.get(each.name, NOBODY_LOOKS) in (NOBODY_LOOKS, NOTHING_NOTICED)]
    unexplained = [each for each in alive if (each.function, each.change) not in reasons]
    for each in unexplained:
        print(f"\n{each.function}\n{each.change}")
    killed = 1 - len(alive) / len(picked) if picked else 0.0
    by_room = Counter(each.function.split(".")[1] for each in picked)
    print(f"\n{len(picked)} mutants ({dict(by_room)}): {killed:.1%} noticed, {len(unexplained)} unexplained")
    return 0 if killed >= LEAST and not unexplained else 1


if __name__ == "__main__":
    sys.exit(main())
