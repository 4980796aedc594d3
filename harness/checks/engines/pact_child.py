"""Runs pact-python's verifier in a process of its own, because native code may crash, hang or print.

Jobs come as JSON lines on stdin, answers go as JSON lines to the file descriptor named on the command line.
The process ends as soon as stdin does: it cannot outlive whoever started it.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from typing import TextIO


def main() -> None:
    """Answer jobs until stdin ends."""
    os.environ["PACT_DO_NOT_TRACK"] = "true"
    answers = os.fdopen(int(sys.argv[1]), "w")
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    import pact.verifier  # noqa: F401 - loaded before the first job comes

    while True:
        job = json.loads(jobs.get())
        _answer(answers, {"id": job["id"], **_run_verifier(job)})


def _listen(jobs: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)  # the verifier cannot be interrupted in any other way


def _answer(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
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
