"""A package that the harness needs and that is not installed is named, with what mends it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = {"openapi": "3.1.0", "info": {"title": "orders", "version": "1"}, "paths": {}}


@pytest.mark.slow
@pytest.mark.parametrize("module", ["openapi_spec_validator", "jsonschema_rs"])
def test_a_missing_package_is_told_with_its_name_and_is_no_defect(module: str, tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(DOCUMENT))
    program = (
        f"import sys; sys.modules[{module!r}] = None; from harness.cli.main import answer; sys.exit(answer())"
    )
    command = [sys.executable, "-c", program, "diff", str(file), str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert (
        f"the Python package {module.replace('_', '-')}, which the harness needs, is not installed here"
        in ended.stderr
    )
    assert "try: pip install --force-reinstall contract-harness" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "defect" not in ended.stderr
