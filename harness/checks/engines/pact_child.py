"""The program that runs pact-python's verifier, job by job: native code may crash, hang or print.

    python -m harness.checks.engines.pact_child ANSWERS

Jobs come as JSON lines on stdin, answers go as JSON lines to the file descriptor that is named.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from harness.checks.engines.child import end_with_parent


def main() -> None:
    """Answer jobs until stdin ends."""
    os.environ["PACT_DO_NOT_TRACK"] = "true"
    end_with_parent()  # the verifier cannot be interrupted in any other way
    answers = os.fdopen(int(sys.argv[1]), "w")
    os.set_inheritable(answers.fileno(), False)  # noqa: FBT003 - a plug-in that lives on must not hold it open
    import pact.verifier  # noqa: F401 - loaded before the first job comes

    for job in sys.stdin:
        answers.write(json.dumps(_run_verifier(json.loads(job))) + "\n")
        answers.flush()


def _run_verifier(job: dict[str, Any]) -> dict[str, Any]:
    from pact.verifier import Verifier

    verifier = (
        Verifier(job["provider"], host=urlsplit(job["url"]).hostname)
        .add_transport(url=job["url"])
        .add_source(job["source"])
        .set_request_timeout(job["timeout"])
        .set_coloured_output(enabled=False)
        .follow_redirects(job["follow"])
        # The recorder is plain HTTP on this machine; reading certificates for each request would cost most.
        .disable_ssl_verification()
    )
    if job["states"]:
        verifier.state_handler(job["states"], teardown=True, body=True)
    error = ""
    try:
        verifier.verify()
    except RuntimeError as problem:  # a failed interaction, or a panic inside: the results tell which
        error = str(problem)
    results = verifier.results
    results.pop("output", None)
    return {"error": error, "results": results}


if __name__ == "__main__":
    main()
