"""The review page over a large corpus: time and memory of its index, and how long an answer takes.

    python tests/bench/review.py [--articles 100000] [--asked 500]

The audit is made up: articles of 20 paragraphs on 200 sites, a fifth of them furniture that a site repeats.
Answers are timed from the outside, over HTTP, the journal's fsync included.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

REPOSITORY = Path(__file__).parent.parent.parent
PLACE = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108
PARAGRAPHS = 20
SITES = 200
SHARD = 2000
FURNITURE = ("Accueil", "Newsletter", "Partager cet article", "Mentions légales")
LABELS = ("content", "heading", "caption", "byline", "teaser", "promo", "navigation", "comment", "legal", "spam")


def words(chance: random.Random, vocabulary: list[str], count: int) -> str:
    """A sentence of made-up words, the first ones the most common."""
    return " ".join(vocabulary[int(len(vocabulary) * chance.random() ** 3)] for _ in range(count)).capitalize() + "."


def lines(articles: int) -> Iterator[tuple[int, str]]:
    """The audit's lines, each with the number of its article."""
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyzéèà"
    vocabulary = ["".join(chance.choices(letters, k=chance.randrange(2, 11))) for _ in range(30_000)]
    for n in range(articles):
        site = f"site{n * SITES // articles:03d}.example"
        source = f"{site}/{n:06d}.txt"
        yield n, head(source)
        for index in range(PARAGRAPHS):
            furniture = index % 5 == 4
            text = FURNITURE[index // 5] if furniture else words(chance, vocabulary, chance.randrange(5, 60))
            yield n, paragraph(chance, source, index, f"{site}: {text}" if furniture else text, furniture=furniture)


def head(source: str) -> str:
    """A source line."""
    row = {
        "record": "source", "source": source, "status": "cleaned", "reason": "", "kind": "text", "bytes": 0, "sha256": "0" * 64,
        "encoding": "utf-8", "encoding_reason": "utf-8", "paragraphs": PARAGRAPHS, "tail": "", "original": "", "style": "news",
        "model": "0" * 12, "policy": "0" * 12, "metadata": {}, "code": "", "outputs": [],
    }  # fmt: skip
    return json.dumps(row)


def paragraph(chance: random.Random, source: str, index: int, text: str, *, furniture: bool) -> str:
    """A decision; one in twenty is doubtful."""
    keep = chance.randrange(2500, 7500) if chance.random() < 0.05 else chance.randrange(200) + (0 if furniture else 9700)
    label = 0 if keep > 5000 else chance.randrange(2, 10)
    shares = [0] * 10
    shares[0], shares[label or 9] = keep, 10_000 - keep
    row = {
        "record": "paragraph", "source": source, "index": index, "start": 0, "end": 0, "before": "\n\n", "text": text, "raw": None,
        "label": LABELS[label], "probability": max(shares) / 10_000, "runner_up": LABELS[9], "decision": "keep" if label == 0 else "remove",
        "rule": "kept" if label == 0 else "removed", "opens": False, "probabilities": shares, "model": "0" * 12, "policy": "0" * 12,
    }  # fmt: skip
    return json.dumps(row, ensure_ascii=False)


def write(out: Path, articles: int) -> int:
    """The audit in shards, as a large corpus has it; returns its bytes."""
    (out / "audit").mkdir(parents=True)
    (out / ".cleaner").mkdir()
    shards = -(-articles // SHARD)
    size, file = 0, None
    for n, line in lines(articles):
        name = out / "audit" / f"{n // SHARD:05d}-of-{shards:05d}.jsonl"
        if file is None or file.name != str(name):
            if file:
                file.close()
            file = name.open("w", encoding="utf-8")
        size += file.write(line + "\n")
    if file:
        file.close()
    return size


class Page:
    """A server in a process of its own."""

    def __init__(self, out: Path, labels: Path) -> None:
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cleaner", "review", str(out), "-l", str(labels), "--no-browser"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.address, _, self.token = self.process.stdout.readline().strip().partition("/#")
        self.ask("/api/state")
        self.opened = time.monotonic() - began

    def ask(self, path: str, body: Any = None) -> Any:
        """A question as the page asks it."""
        fields = {"X-Cleaner-Token": self.token, "Origin": self.address, "Content-Type": "application/json"}
        asked = Request(self.address + path, None if body is None else json.dumps(body).encode(), fields)  # noqa: S310  our own address
        with urlopen(asked, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def memory(self, field: str) -> int:
        """Megabytes that the server holds (VmRSS), or held at most (VmHWM)."""
        return int(re.findall(rf"{field}:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[0]) // 1024

    def end(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait()


def timed(ask: Callable[[int], object], times: int) -> str:
    """Milliseconds of many calls: the middle, and the hundredth worst."""
    found = []
    for n in range(times):
        began = time.perf_counter()
        ask(n)
        found.append(1000 * (time.perf_counter() - began))
    found.sort()
    return f"p50 {found[len(found) // 2]:6.1f} ms   p99 {found[int(len(found) * 0.99)]:6.1f} ms   worst {found[-1]:6.1f} ms"


def main() -> None:
    """Run it, and print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=500)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=PLACE) as folder, tempfile.TemporaryDirectory() as kept:
        out, labels = Path(folder) / "out", Path(kept) / "reviewed.jsonl"
        size = write(out, asked.articles)
        page = Page(out, labels)
        print(f"{asked.articles:,} articles, {asked.articles * PARAGRAPHS:,} paragraphs, audit of {size / 1e6:,.0f} MB")
        index = (out / ".cleaner/review.db").stat().st_size / 1e6
        print(f"index: {page.opened:.0f} s, at most {page.memory('VmHWM')} MB of memory, {index:,.0f} MB on disk")
        page.end()
        page = Page(out, labels)
        print(f"opened again: {page.opened:.1f} s, {page.memory('VmRSS')} MB of memory")
        measure(page, asked.articles * PARAGRAPHS, asked.asked)
        print(f"afterwards {page.memory('VmRSS')} MB of memory")
        page.end()


def measure(page: Page, paragraphs: int, times: int) -> None:
    """Every kind of question, then keystrokes: a label and the article that follows it."""
    chance = random.Random(1)
    queue = page.ask("/api/queue")
    last = paragraphs // 2

    def keystroke(n: int) -> None:
        page.ask("/api/label", {"paragraph": chance.randrange(paragraphs), "label": LABELS[n % 10]})
        page.ask(f"/api/article?paragraph={chance.randrange(paragraphs)}")

    for name, ask in {
        "article": lambda n: page.ask(f"/api/article?paragraph={chance.randrange(paragraphs)}"),
        "queue, next 20": lambda n: page.ask(f"/api/queue?after={queue[-1]['place'] + 20 * n}"),
        "queue, far down": lambda n: page.ask(f"/api/queue?after={last}"),
        "queue, one site": lambda n: page.ask(f"/api/queue?site={n % SITES}&doubtful=1"),
        "queue, nothing passes": lambda n: page.ask("/api/queue?label=0&decision=1"),
        "search": lambda n: page.ask(f"/api/queue?words=site{n % SITES:03d}+newsletter"),
        "label": lambda n: page.ask("/api/label", {"paragraph": chance.randrange(paragraphs), "label": LABELS[n % 10]}),
        "label and next article": keystroke,
        "state, on opening": lambda n: page.ask("/api/state"),
    }.items():
        print(f"{name:24s}{timed(ask, times)}", flush=True)


if __name__ == "__main__":
    main()
