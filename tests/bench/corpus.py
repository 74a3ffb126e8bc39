"""Whole corpora: throughput, overhead, reruns, a million documents, and peers on the same folder: part of `make bench`.

    python tests/bench/corpus.py [--only overhead rerun million peers] [--files 100000] [--documents 1000000]

Figures are ratios and counts of one run on one machine. Seconds of CPU are those of all processes of a
run; where other work shares the machine they are steadier than those of the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from processes import Run

from cleaner import Cleaner
from cleaner.evaluation.tables import replace_table
from cleaner.seeds import read_seeds

REPOSITORY = Path(__file__).parent.parent.parent
PLACE = os.environ.get("BENCH_PLACE") or ("/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: S108
"""In memory: what is measured is the program, not the disk of a shared machine. A million files take 13 GB there; BENCH_PLACE names
another folder."""
Row = tuple[str, str, str]


def seed_texts() -> list[bytes]:
    """Our seeds as texts."""
    return ["\n\n".join(seed.lines).encode() for seed in read_seeds(REPOSITORY / "seeds") if len(seed.lines) > 1]


def short_text(number: int) -> bytes:
    """A short document, unlike every other."""
    return (
        f"Le pont numéro {number} de la ville a rouvert lundi matin après onze mois de travaux.\n\n"
        f"Le maire a remercié les {number} habitants du quartier pour leur patience.\n\nPartager cet article\n"
    ).encode()


def fill(folder: Path, texts: Iterator[bytes] | Sequence[bytes], ending: str = ".txt") -> int:
    """Write texts as files, a thousand a folder; returns how many."""
    count = 0
    for count, text in enumerate(texts, 1):
        place = folder / f"{count // 1000:04d}"
        if count % 1000 in (0, 1):
            place.mkdir(parents=True, exist_ok=True)
        (place / f"{count:07d}{ending}").write_bytes(text)
    return count


def clean(source: Path, out: Path, *more: str) -> Run:
    """A whole run of the command, in processes that are measured."""
    call = [sys.executable, "-m", "cleaner", "clean", str(source), "-o", str(out), "-q", *more]
    run = Run(call, PYTHONPATH=str(REPOSITORY))
    assert run.code in (0, 3), run.said
    return run


@contextmanager
def place() -> Iterator[Path]:
    """A folder that goes afterwards."""
    folder = Path(tempfile.mkdtemp(dir=PLACE))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


IN_MEMORY = """
import sys; from pathlib import Path; from cleaner import Cleaner
cleaner = Cleaner.load(); paths = sorted(Path(sys.argv[1]).rglob('*.txt'))
for r in cleaner.clean_many(p.read_bytes() for p in paths): [a.text for a in r.articles]
"""
IN_ONE_PROCESS = """
import sys; from pathlib import Path; from cleaner import Cleaner; from cleaner.corpus import clean_corpus
clean_corpus([sys.argv[1]], Path(sys.argv[2]), Cleaner.load())
"""
ROUNDS = 3


def overhead(files: int) -> Iterator[Row]:
    """What audit, journal and safe commit cost over cleaning the same text in memory; and two workers beside one.

    Once in one process as in memory, once as the command does it: with a process apart for untrusted work.
    """
    texts = seed_texts()
    safe, apart, speeds = [], [], []
    with place() as folder:
        fill(folder / "in", (texts[n % len(texts)] for n in range(files)))
        for _ in range(ROUNDS):
            memory = Run([sys.executable, "-c", IN_MEMORY, str(folder / "in")], PYTHONPATH=str(REPOSITORY))
            here = Run(
                [sys.executable, "-c", IN_ONE_PROCESS, str(folder / "in"), str(folder / "here")], PYTHONPATH=str(REPOSITORY)
            )
            one = clean(folder / "in", folder / "one", "-w", "1")
            two = clean(folder / "in", folder / "two", "-w", "2")
            assert (here.code, memory.code) == (0, 0), here.said + memory.said
            safe.append(here.cpu / memory.cpu)
            apart.append(one.cpu / memory.cpu)
            speeds.append(one.seconds / two.seconds)
            for name in ("here", "one", "two"):
                shutil.rmtree(folder / name)
    bar = "at most 1.25"
    yield f"audit, journal and safe commit over cleaning in memory, CPU, {files:,} files", f"{median(safe):.2f}", bar
    yield "the same with a process apart for what is not trusted, as the command does it", f"{median(apart):.2f}", ""
    yield "2 workers beside 1, by the clock", f"{median(speeds):.2f}", "at least 1.8"


def rerun(files: int) -> Iterator[Row]:
    """A second run over files that did not change."""
    texts = seed_texts()
    with place() as folder:
        fill(folder / "in", (texts[n % len(texts)] for n in range(files)))
        first = clean(folder / "in", folder / "out")
        again = clean(folder / "in", folder / "out")
        assert json.loads((folder / "out/.cleaner/report.json").read_text())["run"]["unchanged"] == files
    yield f"{files:,} files, first run, seconds", f"{first.seconds:.1f}", ""
    yield "second run with nothing changed, seconds", f"{again.seconds:.1f}", ""
    yield "times faster", f"{first.seconds / again.seconds:.0f}", "at least 30"


def million(documents: int) -> Iterator[Row]:
    """Short documents as files: cost of each and memory, for few and for many."""
    costs, peak = {}, 0.0
    for count in (max(documents // 100, 1000), documents):
        with place() as folder:
            fill(folder / "in", map(short_text, range(count)))
            run = clean(folder / "in", folder / "out")
            report = json.loads((folder / "out/.cleaner/report.json").read_text())
            assert report["records"] == count
            costs[count] = (run.cpu - start_up()) / count * 1e6
            peak = max(peak, run.peak)
    few, many = costs.values()
    yield f"CPU microseconds a short document, {min(costs):,} documents", f"{few:.0f}", ""
    yield f"CPU microseconds a short document, {max(costs):,} documents", f"{many:.0f}", ""
    yield "many beside few", f"{many / few:.2f}", "at most 1.10"
    yield "peak memory of the largest process, MB", f"{peak:.0f}", "at most 200"


def start_up() -> float:
    """CPU seconds of a run over one file: Python, the model, the workers."""
    with place() as folder:
        fill(folder / "in", [short_text(0)])
        return clean(folder / "in", folder / "out").cpu


def page(number: int) -> bytes:
    """A page about a place, with furniture."""
    body = "".join(f"<p>{line}</p>" for line in short_text(number).decode().split("\n\n")[:2] * 3)
    return (
        f"<!DOCTYPE html><html lang=fr><head><meta charset=utf-8><title>Le pont {number}</title></head><body>"
        f"<nav><a href=/>Accueil</a> <a href=/s>Se connecter</a></nav><article><h1>Le pont {number}</h1>{body}</article>"
        "<footer>© 2021 Le Courrier. Tous droits réservés.</footer></body></html>"
    ).encode()


DATATROVE = """
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
if __name__ == "__main__":
    LocalPipelineExecutor([JsonlReader(sys.argv[1]), Trafilatura(timeout=10), JsonlWriter(sys.argv[2], compression=None)],
                          tasks=2, workers=2, logging_dir=sys.argv[3]).run()
"""


def peers(pages: int) -> Iterator[Row]:
    """The same pages through cleaner, trafilatura's command and datatrove's local executor: speed, lost, doubled."""
    with place() as folder:
        fill(folder / "in", map(page, range(pages)), ".html")
        (folder / "rows").mkdir()
        for half in range(2):
            rows = (json.dumps({"id": str(n), "text": page(n).decode()}) for n in range(half, pages, 2))
            (folder / f"rows/{half}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
        run = clean(folder / "in", folder / "ours", "-w", "2")
        yield shown("cleaner", pages, run.seconds, [p.read_text() for p in (folder / "ours").rglob("*.txt")])
        binary = str(Path(sys.executable).parent / "trafilatura")
        run = Run([binary, "--input-dir", str(folder / "in"), "--output-dir", str(folder / "theirs"), "--parallel", "2"])
        yield shown("trafilatura", pages, run.seconds, [p.read_text() for p in (folder / "theirs").rglob("*.txt")])
        (folder / "run.py").write_text(DATATROVE, encoding="utf-8")
        call = [sys.executable, str(folder / "run.py"), *(str(folder / name) for name in ("rows", "trove", "logs"))]
        run = Run(call)
        texts = [json.loads(line)["text"] for p in (folder / "trove").rglob("*.jsonl") for line in p.read_text().splitlines()]
        yield shown("datatrove with trafilatura", pages, run.seconds, texts)


def shown(name: str, pages: int, seconds: float, texts: Sequence[str]) -> Row:
    """Documents a second, lost and doubled; a page is told by its number, which stands in its text."""
    import re

    found = [match[1] for text in texts if (match := re.search(r"pont numéro (\d+)", text))]
    lost, doubled = pages - len(set(found)), len(found) - len(set(found))
    return f"{name}: {pages:,} pages, a second", f"{pages / seconds:.0f}", f"{lost:,} lost, {doubled:,} doubled"


def main() -> None:
    """Run what is asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=["overhead", "rerun", "million", "peers"])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--into", type=Path, help="document to write the table into, between its `corpus` markers")
    options = parser.parse_args()
    Cleaner.load()
    sizes = {"overhead": 20_000, "rerun": options.files, "million": options.documents, "peers": options.pages}
    table = ["| figure | value | bar, or what was lost |", "|---|---|---|"]
    for name in options.only:
        for row in globals()[name](sizes[name]):
            table.append(f"| {' | '.join(row)} |")
            print(table[-1], flush=True)
    if options.into:
        replace_table(options.into, "corpus", "\n".join(table))


if __name__ == "__main__":
    main()
