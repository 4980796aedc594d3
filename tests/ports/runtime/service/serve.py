"""A tiny service for the tests of the runtimes; how it behaves is told by its environment."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(int(os.environ.get("HEALTH", "200")), {})
        elif self.path == "/environment":
            self.answer(200, dict(os.environ))
        elif self.path == "/peer":
            with urllib.request.urlopen(f"{os.environ['PEER']}/environment", timeout=5) as response:
                self.answer(200, json.load(response))
        elif self.path == "/die":
            os._exit(3)
        else:
            self.answer(int(os.environ.get("ELSEWHERE", "404")), {"path": self.path})

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        say(format % args)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def going(*_: object) -> None:
    """Take leave, as a runtime that writes down its coverage does."""
    pathlib.Path(os.environ["TOLD"]).write_text("asked to go")
    os._exit(0)


def main() -> None:
    mode = os.environ.get("MODE", "")
    say(f"starting {mode}".strip())
    if mode == "crash":
        sys.exit("no such table: orders")
    if mode == "child":
        # A daemon that leaves the session, as badly behaved services have them.
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    if mode == "polite":
        signal.signal(signal.SIGTERM, going)
    time.sleep(float(os.environ.get("DELAY", "0")))
    server = ThreadingHTTPServer((os.environ.get("ADDRESS", ""), int(os.environ["PORT"])), Handler)
    say("listening")
    server.serve_forever()


main()
