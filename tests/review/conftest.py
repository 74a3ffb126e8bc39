"""A cleaned corpus, its review page, and a browser to look at it with."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from made_audit import fill
from served import Served

from cleaner import Cleaner
from cleaner.corpus import clean_corpus

BROWSER = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


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
