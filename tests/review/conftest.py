"""A cleaned corpus, its review page in a process of its own, and a browser to look at it with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from cleaner import Cleaner
from cleaner.corpus import clean_corpus

REPOSITORY = Path(__file__).parent.parent.parent
BROWSER = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
STORY = "Le pont de Saint-Aubin a été rendu à la circulation lundi matin, devant une centaine d'habitants venus dès l'aube. "
PAGE = (
    '<html><body><nav><a href="/">Accueil</a></nav><article><h1>Le bac fait ses adieux</h1>'
    "<p>Après quarante ans de service, le bac de la Rance a fait son dernier voyage samedi, sous les applaudissements.</p>"
    "<p>« On ne l'attendait plus », sourit une boulangère de la rive gauche, qui a vu passer trois générations.</p></article>"
    "<footer>Mentions légales</footer></body></html>"
)


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


def fill(folder: Path) -> Path:
    """A small corpus: two sites of texts with the same furniture, a page, a container with a page."""
    for number in range(6):
        place = folder / ("rivage.example" if number % 2 else "vallon.example")
        place.mkdir(parents=True, exist_ok=True)
        lines = ["Accueil", f"Le pont numéro {number} rouvre", *(STORY + str(number + k) for k in range(2)), f"Lu {number} fois"]
        lines += ["Newsletter", "Lire aussi : Le bac fait ses adieux", "Partager cet article"]
        (place / f"{number}.txt").write_text("\n\n".join(lines), encoding="utf-8")
    (folder / "rivage.example" / "page.html").write_text(PAGE, encoding="utf-8")
    rows = [{"id": str(n), "url": f"https://www.aube.example/{n}", "html": PAGE.replace("samedi", day)}
            for n, day in enumerate(("lundi", "mardi"))]  # fmt: skip
    (folder / "crawl.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, cleaner: Cleaner) -> Path:
    """Sources in `in`, cleaned into `out`."""
    place = tmp_path_factory.mktemp("corpus")
    clean_corpus([fill(place / "in")], place / "out", cleaner)
    return place


@pytest.fixture
def out(corpus: Path, tmp_path: Path) -> Path:
    """A cleaned corpus of the test's own; its sources are where they were."""
    return Path(shutil.copytree(corpus / "out", tmp_path / "out"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts review pages, and ends them with the test."""
    with ExitStack() as stack:

        def start(out: Path, labels: Path | None = None, *more: str) -> Served:
            served = Served(out, labels or tmp_path / "reviewed.jsonl", *more)
            stack.callback(served.end)
            return served

        yield start


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium, without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile, sync_api.sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(profile, executable_path=path, args=BROWSER, headless=True)
        yield context
        context.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Callable[[str], Any]]:
    """Opens addresses in tabs, waits until the page is ready; nothing may be said on the console."""
    with ExitStack() as stack:

        def start(address: str) -> Any:
            page = browser.new_page()
            page.said = []
            page.on("console", lambda message: page.said.append(message.text))
            page.on("pageerror", lambda error: page.said.append(str(error)))
            stack.callback(page.close)
            page.goto(address)
            page.wait_for_selector("body[data-ready]", timeout=10_000)
            return page

        yield start
