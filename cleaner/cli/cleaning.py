"""Commands that judge: clean, classify."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cleaner.cli.running import field_options, logged, look_back_less, progress, run_of, run_options, show_preview
from cleaner.cli.shared import (
    FINISHED_WITH_SET_ASIDE,
    format_option,
    kind_option,
    model_option,
    policy_option,
    safe,
    show_report,
    style_option,
)
from cleaner.errors import SourceError

if TYPE_CHECKING:
    from cleaner.pipeline import Cleaner, Result
    from cleaner.readers import Record, Rejected

_LINE_END = re.compile(r"\r\n|\n|\r")


@click.command()
@click.argument("inputs", nargs=-1, required=True)
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    help="Folder for clean files and audit; without it, one article goes to stdout.",
)
@format_option
@style_option
@kind_option
@policy_option
@model_option
@run_options
@field_options
@click.option("--quiet", "-q", is_flag=True, help="No summary; errors and set-aside sources are still named.")
def clean(
    inputs: tuple[str, ...], out: Path | None, format_: str, style: str, kind: str | None, policy: Path | None,
    model: Path | None, quiet: bool, dry_run: bool, log: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Clean files, folders, patterns, addresses or standard input (-).

    With -o, clean files go to a folder, in the same relative places, with an audit of every
    decision. What was cleaned before and is the same is left as it is; what went takes its clean
    files with it. A run that was broken off is gone on with by the same command. Without -o, one
    article is read and its clean text is printed.

    \b
    Examples:
      cleaner clean articles/ -o clean/
      cleaner clean page.html                         clean text on stdout
      curl -s URL | cleaner clean - -f md > article.md
      cleaner clean crawl.warc.gz news.jsonl.zst -o out/ -f parquet --style all
      cleaner clean articles/ -o clean/ --dry-run     what would be done, and a sample of what would go
    """
    cleaner = _cleaner(model, style, policy)
    if out is None:
        _clean_to_stdout(cleaner, inputs, format_, kind)
        return
    from cleaner.corpus import clean_corpus, preview  # start-up time

    chosen = run_of(options)
    if dry_run:
        show_preview(preview(inputs, out, cleaner, format=format_, kind=kind, **chosen), out)
        return
    look_back_less()
    with progress(inputs, out, chosen["choice"]) as count, logged(log) as note:
        report = clean_corpus(inputs, out, cleaner, format=format_, kind=kind, progress=count, note=note, **chosen)
    show_report(report, out, quiet)


def _clean_to_stdout(cleaner: Cleaner, inputs: tuple[str, ...], format_: str, kind: str | None) -> None:
    from cleaner.pipeline import as_source
    from cleaner.readers import list_inputs, read_bytes
    from cleaner.writers import render

    items = list(list_inputs(inputs))
    if len(items) != 1:
        raise click.UsageError(f"{len(items)} inputs and no output folder; add -o FOLDER")
    source = as_source(read_bytes(items[0]), kind=kind or items[0].kind, id=items[0].id)
    [result] = cleaner.clean_sources([source])
    shown = [render(a, format_, cleaner.model.digest, cleaner.policy.digest) for a in result.articles if a.text]
    sys.stdout.buffer.write(b"\n".join(shown) if format_ == "txt" else b"".join(shown))
    if not shown:
        click.echo(f"cleaner: {items[0].id}: nothing in it looks like an article", err=True)
        sys.exit(FINISHED_WITH_SET_ASIDE)
    if result.set_aside:
        click.echo(f"cleaner: {items[0].id}: kept whole, it would have lost too much that may be the article's", err=True)
        sys.exit(FINISHED_WITH_SET_ASIDE)


def _lines_of(text: str) -> list[str]:
    """Lines as files have them; other separators of Unicode are part of a line."""
    lines = _LINE_END.split(text)
    return lines[:-1] if lines[-1] == "" else lines


@click.command()
@click.argument("inputs", nargs=-1, required=True)
@click.option("--lines", is_flag=True, help="Each line of the input is one paragraph, as given.")
@style_option
@kind_option
@policy_option
@model_option
def classify(inputs: tuple[str, ...], lines: bool, style: str, kind: str | None, policy: Path | None, model: Path | None) -> None:
    """Judge every paragraph of files, folders or containers: one JSON line each on standard output, nothing removed.

    \b
    Examples:
      cleaner classify page.html | jq -r 'select(.label == "spam") | .text'
      printf 'Accueil\\nLe pont rouvre lundi.\\n' | cleaner classify --lines -
    """
    from cleaner.readers import list_inputs, read_records

    cleaner = _cleaner(model, style, policy)
    failed = False
    for record in (record for item in list_inputs(inputs) for record in read_records(item)):
        try:
            result = _judged(cleaner, record, kind, lines=lines)
        except SourceError as error:
            click.echo(f"cleaner: {safe(error)}", err=True)
            failed = True
            continue
        for index, p in enumerate(result.paragraphs):
            row = {"source": record.id, "index": index, **p._asdict()}
            click.echo(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace"))
    if failed:
        sys.exit(FINISHED_WITH_SET_ASIDE)


def _judged(cleaner: Cleaner, record: Record | Rejected, kind: str | None, *, lines: bool) -> Result:
    from cleaner.pipeline import as_source
    from cleaner.readers import Rejected

    if isinstance(record, Rejected):
        raise SourceError(record.message)
    source = as_source(record.raw, kind="text" if lines else kind or record.kind, id=record.id)
    return cleaner.clean_lines(_lines_of(source.text), id=record.id) if lines else next(cleaner.clean_sources([source]))


def _cleaner(model: Path | None, style: str, policy: Path | None) -> Cleaner:
    from cleaner.pipeline import Cleaner  # NumPy and the model load only when needed

    return Cleaner.load(model, style=style, policy=policy)
