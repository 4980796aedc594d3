"""The small system in Node and Java, in both runtimes: compiled first, and tied to its commit by that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from built_projects import commit, git
from projects import harness_process

POLYGLOT = Path(__file__).parents[2] / "fixtures" / "polyglot"
RUNTIMES = (pytest.param("process"), pytest.param("docker", marks=pytest.mark.docker))
needs_compiler = pytest.mark.skipif(not shutil.which("javac"), reason="no JDK here")


@pytest.fixture
def polyglot(tmp_path: Path) -> Path:
    folder = tmp_path / "polyglot"
    shutil.copytree(POLYGLOT, folder, ignore=shutil.ignore_patterns("target", ".harness"))
    (folder / ".gitignore").write_text("target/\n.harness/\n")
    git(folder, "init", "-qb", "main")
    commit(folder, "first")
    return folder


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_shop_in_node_and_its_stock_in_java_are_judged_by_their_commits(polyglot: Path, runtime: str) -> None:
    if runtime == "process" and not shutil.which("node"):
        pytest.skip("no node here")
    if runtime == "docker" and not os.environ.get("HARNESS_JAVA_IMAGE"):
        pytest.skip("no image with Java is named")
    good = harness_process("run", "--runtime", runtime, cwd=polyglot, timeout=300)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "stock: build-command: sh build.sh" in good.stderr
    assert "not known to git" not in good.stdout + good.stderr

    source = polyglot / "stock" / "src" / "Stock.java"
    source.write_text(source.read_text().replace('count\\"', 'amount\\"'))
    broken = commit(polyglot, "renames the field")
    found = harness_process("run", "--runtime", runtime, cwd=polyglot, timeout=300)
    assert found.returncode == 1, found.stdout + found.stderr
    assert f"stock {broken[:10]} breaks shop {broken[:10]}" in found.stdout
    assert "1 kept" in found.stdout, "a thing that nobody sells"
