"""A review page in a process of its own, and how to ask it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

REPOSITORY = Path(__file__).parent.parent.parent


class Served:
    """A review page, and how to ask it."""

    def __init__(self, out: Path, labels: Path, *more: str) -> None:
        self.out, self.labels = out, labels
        call = [
            sys.executable,
            "-m",
            "cleaner",
            "review",
            str(out),
            "--labels",
            str(labels),
            "--no-browser",
            "--who",
            "Ada",
            *more,
        ]
        self.process = subprocess.Popen(
            call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address, self.process.communicate()[1]
        self.token = self.address.rpartition("#")[2]
        self.port = int(self.address.rpartition(":")[2].partition("/")[0])

    def ask(self, path: str, body: Any = None, **headers: str) -> Any:
        """A question as the page asks it."""
        own = f"http://127.0.0.1:{self.port}"
        given = {"X-Cleaner-Token": self.token, "Origin": own, "Content-Type": "application/json", **headers}
        content = None if body is None else json.dumps(body).encode()
        asked = Request(own + path, content, given)  # noqa: S310  our own address
        with urlopen(asked, timeout=10) as answer:  # noqa: S310  our own address
            return json.load(answer)

    def say(self, paragraph: int, label: str) -> Any:
        """A label; kept when this returns."""
        return self.ask("/api/label", {"paragraph": paragraph, "label": label})

    def raw(self, content: bytes, *, timeout: float = 10) -> bytes:
        """What comes back for bytes of any kind."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            try:
                connection.sendall(content)
                return b"".join(iter(lambda: connection.recv(65536), b""))
            except (ConnectionError, TimeoutError):
                return b""

    def end(self) -> tuple[int, str]:
        """Ctrl-C: the exit status, and what was said on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=20)[1]
        return self.process.returncode, said


def until(page: Any, expression: str, arg: Any = None, seconds: float = 8) -> None:
    """Wait until an expression holds. (Playwright's own waiting evaluates strings in the page, which the page forbids.)"""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression, arg):
        assert time.monotonic() < deadline, f"{expression} does not hold; the page says {page.text_content('#saved')!r}"
        page.wait_for_timeout(15)
