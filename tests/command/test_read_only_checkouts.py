"""A checkout that cannot be written: a source folder that CI mounts, a folder of somebody else."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.runtime.project_folder import project_folder, remark_on

MANIFEST = """
pacts = ["pacts"]
[gate]
require = ["pacts"]
[services.svc]
version = "1"
command = ["python", "svc.py", "${self.port}"]
port = 8000
ready = "/ready"
[services.web]
version = "1"
"""
SERVICE = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
PACT = """{"consumer": {"name": "web"}, "provider": {"name": "svc"}, "interactions": [
    {"description": "a pet", "request": {"method": "GET", "path": "/pets"}, "response": {"status": 200}}]}"""
MOUNTED = 'mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && ! touch x 2>/dev/null && exec "$@"'


def test_the_memory_of_a_project_lies_beside_its_manifest_and_elsewhere_when_nobody_may_write_there(
    tmp_path: Path,
) -> None:
    environ = {"HARNESS_STATE_DIR": str(tmp_path / "state")}
    assert project_folder(tmp_path, environ) == tmp_path / ".harness"
    assert remark_on(tmp_path, environ) == ""
    closed, other = Path("/dev/null"), Path("/dev/zero")  # below which root cannot make a folder either
    assert project_folder(closed, environ).parent == tmp_path / "state/projects"
    assert project_folder(closed, environ) != project_folder(other, environ)
    assert str(project_folder(closed, environ)) in remark_on(closed, environ)


@pytest.mark.slow
def test_a_read_only_checkout_is_run_twice_and_told_where_it_is_remembered(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "pacts").mkdir(parents=True)
    for name, text in {"harness.toml": MANIFEST, "svc.py": SERVICE, "pacts/web-svc.json": PACT}.items():
        (checkout / name).write_text(text)
    first = _read_only(checkout, "run", "--runtime", "process", state=tmp_path / "state")
    assert first.returncode == 0, first.stderr
    assert "cannot be written: what is remembered of it lies in" in first.stdout + first.stderr
    again = _read_only(checkout, "run", "--runtime", "process", state=tmp_path / "state")
    assert again.returncode == 0, again.stderr
    assert "nothing has changed" in again.stdout + again.stderr
    refused = _read_only(checkout, "init", "--force", state=tmp_path / "state")
    assert refused.returncode == 2
    assert "error: harness.toml: " in refused.stderr
    assert sorted(each.name for each in checkout.iterdir()) == ["harness.toml", "pacts", "svc.py"]


def _read_only(checkout: Path, *arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", *arguments]
    if os.geteuid() == 0:  # whom only the file system can refuse
        probe = ["unshare", "-m", "sh", "-c", MOUNTED, "sh", "true"]
        if subprocess.run(probe, cwd=checkout, capture_output=True, check=False).returncode:
            pytest.skip(f"no read-only mount here: {shlex.join(probe)}")
        command = [*probe[:-1], *command]
    else:
        checkout.chmod(0o555)
    environment = {**os.environ, "HARNESS_STATE_DIR": str(state)}
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
