"""Speed and memory as ratios against a peer in the same run: `make bench`.

    python tests/bench/speed.py [labelled.jsonl ...]      default: our own seeds

1. Bytes of flattened text a second, one core, CPU time, beside jusText on the same lines (each line
   a <p>, as its input is HTML; its parse of that page is part of its work, as decoding is of ours).
2. CPU seconds of all processes from the start to the end of a run over one small file.
3. Peak memory of the largest process of cleaning a folder of small files, 100 MB by default (`--folder-mb`).
"""

from __future__ import annotations

import argparse
import html
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import justext
from processes import Run

from cleaner import Cleaner
from cleaner.evaluation.tables import replace_table
from cleaner.seeds import Seed, read_seeds

SEEDS = Path(__file__).parent.parent.parent / "seeds"
ROUNDS = 5
STOPLISTS = {
    "fr": "French",
    "en": "English",
    "de": "German",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "pl": "Polish",
}


def cpu(work: Callable[[], None]) -> float:
    """CPU seconds of this process for one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def throughput(seeds: Sequence[Seed]) -> tuple[float, float]:
    """Megabytes a CPU second of cleaner and of jusText: the median of interleaved rounds."""
    cleaner = Cleaner.load()
    lines = [seed.lines for seed in seeds]
    pages = ["<html><body>" + "".join(f"<p>{html.escape(line)}</p>" for line in article) + "</body></html>" for article in lines]
    stoplists = [justext.get_stoplist(STOPLISTS.get(seed.language, "English")) for seed in seeds]

    def ours() -> None:
        for result in cleaner.clean_many(lines):
            _ = result.text

    def theirs() -> None:
        for page, stoplist in zip(pages, stoplists, strict=True):
            justext.justext(page.encode(), stoplist, encoding="utf-8")

    ours()
    theirs()
    size = sum(len(line.encode()) for article in lines for line in article) / 1e6
    timed = [(cpu(ours), cpu(theirs)) for _ in range(ROUNDS)]
    return size / sorted(t[0] for t in timed)[ROUNDS // 2], size / sorted(t[1] for t in timed)[ROUNDS // 2]


def run_clean(folder: Path, out: Path) -> tuple[float, float]:
    """CPU seconds of all processes of `cleaner clean`, and the peak memory (MB) of the largest."""
    run = Run([sys.executable, "-m", "cleaner", "clean", str(folder), "-o", str(out), "--quiet"])
    assert run.code in (0, 3), run.said
    return run.cpu, run.peak


def fill(folder: Path, seeds: Sequence[Seed], megabytes: float) -> int:
    """Write articles as small files until the folder weighs so much; returns how many."""
    written, number = 0.0, 0
    while written < megabytes * 1e6:
        raw = "\n\n".join(seeds[number % len(seeds)].lines).encode()
        (folder / f"{number // 1000:03d}").mkdir(exist_ok=True)
        (folder / f"{number // 1000:03d}" / f"{number:06d}.txt").write_bytes(raw)
        written, number = written + len(raw), number + 1
    return number


def main() -> None:
    """Run all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", nargs="*", type=Path, default=[SEEDS])
    parser.add_argument("--folder-mb", type=float, default=100)
    parser.add_argument("--into", type=Path, help="document to write the table into, between its `speed` markers")
    options = parser.parse_args()
    seeds = [seed for path in options.labelled for seed in read_seeds(path) if len(seed.lines) > 1]
    ours, theirs = throughput(seeds)
    table = ["| figure | cleaner | jusText | ratio | bar |", "|---|---|---|---|---|"]
    table.append(f"| flattened text, MB a CPU second | {ours:.2f} | {theirs:.2f} | {ours / theirs:.1f} | at least 4 |")
    with tempfile.TemporaryDirectory() as name:
        folder, first = Path(name) / "in", Path(name) / "first"
        folder.mkdir()
        first.mkdir()
        fill(first, seeds, 0.001)
        started = sorted(run_clean(first, Path(name) / f"out{i}")[0] for i in range(ROUNDS))[ROUNDS // 2]
        table.append(f"| start to first clean file, CPU seconds | {started:.2f} | | | under 0.6 |")
        files = fill(folder, seeds, options.folder_mb)
        seconds, peak = run_clean(folder, Path(name) / "out")
        table.append(f"| peak memory, {options.folder_mb:.0f} MB in {files:,} files, MB | {peak:.0f} | | | under 150 |")
        table.append(f"| the same folder to clean files and audit, MB a CPU second | {options.folder_mb / seconds:.2f} | | | |")
    print("\n".join(table))
    if options.into:
        replace_table(options.into, "speed", "\n".join(table))


if __name__ == "__main__":
    main()
