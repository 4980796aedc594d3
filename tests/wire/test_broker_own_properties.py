"""Our own property checks on our own broker: its OpenAPI document promises nothing that it does not keep."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "contracts" / "openapi" / "broker.json"

# What OpenAPI cannot say, so that a request that the document allows is refused with a reason: part of the
# operation, part of the answer. Everything else is a broken promise.
UNSAYABLE = [
    ("", "is already used by an existing"),  # what is taken depends on what is there
    ("", "holds a character that is none"),  # lone surrogates and NUL
    ("webhooks", "/doc/webhooks#whitelist"),  # whom a webhook may tell is a setting
    ("webhooks", "is not a valid URL"),
    ("webhooks", "cannot be sent as a header"),
    ("webhooks", "cannot have a template parameter in the host"),
    ("GET /can-i-deploy", "Must specify either an environment or a 'to' tag."),  # one of two parameters
    ("GET /can-i-deploy", "does not match an existing"),
    ("GET /matrix", "Please provide 1 or more version selectors."),  # nested parameters (`q[][pacticipant]`)
    ("for-verification", "the provider version branch must not be an empty string"),  # one field by another
    ("for-verification", "consumer_version_selectors"),
    ("for-verification", "consumerVersionSelectors"),
    ("POST /contracts/publish", "contracts"),  # base64 of a pact that names the same two
    ("contract", "is not valid Base64"),
]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_broker_keeps_every_promise_of_its_own_document(tmp_path: Path) -> None:
    serve = [sys.executable, "-m", "harness", "broker", "serve", "--port", "${self.port}"]
    serve += ["--database-url", f"sqlite:///{tmp_path / 'own.db'}"]
    # Generated webhooks must not talk to anybody: the only host that may be told cannot be.
    (tmp_path / "harness.toml").write_text(
        f"""
[services.broker]
version = "1"
command = {json.dumps(serve)}
environment = {{ PACT_BROKER_WEBHOOK_HOST_WHITELIST = "nobody.invalid" }}
openapi = {json.dumps(str(DOCUMENT))}
port = 9292
ready = "/diagnostic/status/heartbeat"
budget = {{ examples = 2, seconds = 600 }}
"""
    )
    command = [sys.executable, "-m", "harness", "run", "--only", "properties", "--runtime", "process"]
    ran = subprocess.run(
        [*command, "--no-publish", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr[-3000:]
    told = json.loads(ran.stdout)
    [task] = told["tasks"]
    assert task["exercised"] == task["promised"] > 150
    broken = [
        f"{each['code']} {each['operation']}: {each['actual'][:300]}\n    {each['replay'][:300]}"
        for each in told["findings"]
        if not (
            each["code"] == "openapi.rejects-valid"
            and any(where in each["operation"] and why in each["actual"] for where, why in UNSAYABLE)
        )
    ]
    assert not broken, "\n".join(broken)
