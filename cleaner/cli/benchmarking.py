"""The command over public benchmarks: bench."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from cleaner.benchmarks.peers import PEERS
from cleaner.benchmarks.sets import READERS
from cleaner.cli.shared import model_option, safe
from cleaner.records import STYLES


@click.command()
@click.argument("name", type=click.Choice(tuple(READERS)))
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--peers", default=",".join(PEERS), show_default=True, help="Systems to run beside cleaner; an empty text for none."
)
@click.option("--style", type=click.Choice(STYLES), help="Convention of the gold; by default all for wcxb, news for the others.")
@click.option("--limit", "-n", type=click.IntRange(1), help="Only the first pages.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="File to write everything to, every page's scores included."
)
@click.option(
    "--into", "document", type=click.Path(path_type=Path), help="Document to write the tables into, between `bench NAME` markers."
)
@model_option
def bench(
    name: str, path: Path, peers: str, style: str | None, limit: int | None,
    json_file: Path | None, document: Path | None, model: Path | None,
) -> None:  # fmt: skip
    """Score cleaner and installed peers on the benchmark NAME, of which PATH is a local copy.

    Each benchmark has its own published metric. Systems run one after the other, each in a process of its
    own, over the same pages. Peers come with: pip install 'cleaner[bench]'.

    \b
    Examples:
      cleaner bench wcxb web-content-extraction-benchmark/test --json wcxb.json
      cleaner bench trafilatura trafilatura/tests --peers trafilatura,justext
      cleaner bench pages ../shared/data/daniel.parquet --limit 60
    """
    from cleaner.benchmarks.run import run
    from cleaner.benchmarks.table import as_json, as_tables
    from cleaner.evaluation.tables import replace_table

    chosen = [peer.strip() for peer in peers.split(",") if peer.strip()]
    progress = _progress if sys.stderr.isatty() else lambda *_: None
    report = run(name, path, peers=chosen, style=style, model=model, limit=limit, progress=progress)
    if json_file:
        json_file.write_text(json.dumps(as_json(report), indent=1) + "\n", encoding="utf-8")
    if document:
        replace_table(document, f"bench {name}", as_tables(report))
    for line in as_tables(report).splitlines():
        click.echo(safe(line))


def _progress(system: str, done: int, pages: int) -> None:
    click.echo(f"\r\033[K{system} {done}/{pages}" + ("\r\033[K" if done == pages else ""), nl=False, err=True)
