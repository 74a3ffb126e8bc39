"""Commands over a corpus and its audit: clean, classify, explain, restore, verify, decide."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cleaner.records import ACTIONS, LABELS, STYLES

if TYPE_CHECKING:
    from cleaner.audit import Entry, ParagraphLine
    from cleaner.corpus import Report
    from cleaner.pipeline import Cleaner

FINISHED_WITH_SET_ASIDE = 3
FORMATS = ("txt", "md", "jsonl")
SIGNS = dict(zip(ACTIONS, "+-@?", strict=True))
"""Kept, removed, moved to metadata, kept for review: told apart without colour."""
COLOURS = dict(zip(ACTIONS, (None, "red", "blue", "yellow"), strict=True))

model_option = click.option("--model", "-m", type=click.Path(path_type=Path), help="Model file; the shipped one by default.")
policy_option = click.option(
    "--policy", "-P", type=click.Path(path_type=Path), help="Policy in TOML; the shipped one by default."
)
style_option = click.option(
    "--style", type=click.Choice(STYLES), default="news", show_default=True,
    help="news keeps the story alone; all keeps everything a page is about.",
)  # fmt: skip
kind_option = click.option(
    "--kind", type=click.Choice(("html", "text")), help="What the inputs are; told from name and content by default."
)
format_option = click.option(
    "--format", "-f", "format_", type=click.Choice(FORMATS), default="txt", show_default=True,
    help="One .txt or .md a clean article, or one articles.jsonl.",
)  # fmt: skip
output_argument = click.argument("out", type=click.Path(path_type=Path))


@click.command()
@click.argument("inputs", nargs=-1, required=True)
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Folder for clean files and audit; `-` alone goes to stdout.")
@click.option("--workers", "-w", type=click.IntRange(1), default=1, show_default=True, help="Processes; the output is the same.")
@format_option
@style_option
@kind_option
@policy_option
@model_option
@click.option("--quiet", "-q", is_flag=True, help="No summary; errors and set-aside sources are still named.")
def clean(
    inputs: tuple[str, ...], out: Path | None, workers: int, format_: str, style: str, kind: str | None,
    policy: Path | None, model: Path | None, quiet: bool,
) -> None:  # fmt: skip
    """Clean files, folders or standard input (-).

    With -o, clean files go to a folder, in the same relative places, with an audit of every
    decision. Without it, one article is read and its clean text is printed.

    \b
    Examples:
      cleaner clean articles/ -o clean/
      cleaner clean page.html                         clean text on stdout
      curl -s URL | cleaner clean - -f md > article.md
      cleaner clean corpus/ -o out/ -f jsonl -w 8 --style all
    """
    cleaner = _cleaner(model, style, policy)
    if out is None:
        _clean_to_stdout(cleaner, inputs, format_, kind)
        return
    from cleaner.corpus import clean_corpus  # start-up time

    with _progress(inputs, out) as progress:
        report = clean_corpus(inputs, out, cleaner, format=format_, kind=kind, workers=workers, progress=progress)
    _report(report, out, quiet)


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


def _report(report: Report, out: Path, quiet: bool) -> None:
    for source, reason in report.set_aside:
        click.echo(f"cleaner: set aside: {_safe(source)}: {_safe(reason)}", err=True)
    if not quiet:
        click.echo(_summary(report), err=True)
        click.echo(f"Why each line went: cleaner explain {out}", err=True)
    if report.set_aside:
        sys.exit(FINISHED_WITH_SET_ASIDE)


def _summary(report: Report) -> str:
    gone = ", ".join(f"{label} {report.removed[label]:,}" for label in LABELS if report.removed[label])
    parts = [f"{report.decisions[action]:,} {said}" for action, said in zip(ACTIONS, _SAID, strict=True)]
    return (
        f"{report.sources:,} sources: {report.cleaned:,} cleaned into {report.articles:,} articles, "
        f"{len(report.set_aside):,} set aside. Paragraphs: {', '.join(parts)}.\nTaken: {gone or 'nothing'}."
    )


_SAID = ("kept", "removed", "moved to metadata", "kept for review")


@click.command()
@click.argument("inputs", nargs=-1, required=True)
@click.option("--lines", is_flag=True, help="Each line of the input is one paragraph, as given.")
@style_option
@kind_option
@policy_option
@model_option
def classify(inputs: tuple[str, ...], lines: bool, style: str, kind: str | None, policy: Path | None, model: Path | None) -> None:
    """Judge every paragraph: one JSON line each on standard output, nothing removed.

    \b
    Examples:
      cleaner classify page.html | jq -r 'select(.label == "spam") | .text'
      printf 'Accueil\\nLe pont rouvre lundi.\\n' | cleaner classify --lines -
    """
    from cleaner.errors import SourceError
    from cleaner.pipeline import as_source
    from cleaner.readers import list_inputs, read_bytes

    cleaner = _cleaner(model, style, policy)
    failed = False
    for item in list_inputs(inputs):
        try:
            source = as_source(read_bytes(item), kind="text" if lines else kind or item.kind, id=item.id)
            result = cleaner.clean_lines(source.text.splitlines(), id=item.id) if lines else next(cleaner.clean_sources([source]))
        except SourceError as error:
            click.echo(f"cleaner: {error}", err=True)
            failed = True
            continue
        for index, p in enumerate(result.paragraphs):
            row = {"source": item.id, "index": index, **p._asdict()}
            click.echo(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace"))
    if failed:
        sys.exit(FINISHED_WITH_SET_ASIDE)


@click.command()
@output_argument
@click.argument("source", required=False)
@click.option("--label", "-l", type=click.Choice(LABELS), multiple=True, help="Only paragraphs with this label.")
@click.option("--removed", "-r", is_flag=True, help="Only paragraphs that left the article or are doubtful.")
@click.option("--full", is_flag=True, help="Whole paragraphs instead of their beginnings.")
def explain(out: Path, source: str | None, label: tuple[str, ...], removed: bool, full: bool) -> None:
    """Show what was kept (+), removed (-), moved to metadata (@) or kept for review (?), and why.

    \b
    Examples:
      cleaner explain clean/                  every source
      cleaner explain clean/ a.txt --full
      cleaner explain clean/ --label spam
    """
    from cleaner.audit import NAME, read_entries

    found = False
    for entry in read_entries(out / NAME):
        if source in (None, entry.source.source):
            found = True
            _explain(entry, label, removed, full)
    if not found and source:
        raise click.UsageError(f"no source {source!r} in {out / NAME}")


def _explain(entry: Entry, labels: tuple[str, ...], removed: bool, full: bool) -> None:
    line = entry.source
    shown = [p for p in entry.paragraphs if (not labels or p.label in labels) and (not removed or p.decision != "keep")]
    if not shown and (labels or removed):
        return
    where = ", ".join(output.path for output in line.outputs) or f"{line.status}: {line.reason}"
    click.echo(click.style(f"{_safe(line.source)} -> {_safe(where)}", bold=True))
    for p in shown:
        if p.opens:
            click.echo("   ---- a further article begins ----")
        click.echo(_explained(p, full))


def _explained(p: ParagraphLine, full: bool) -> str:
    width = 1_000_000 if full else 88
    text = p.text if len(p.text) <= width else p.text[: width - 1] + "…"
    why = "" if p.rule in ("kept", "removed", "moved") else f" ({p.rule}; {p.runner_up}?)"
    said = f"{SIGNS[p.decision]} {p.index:4d} {p.label:<10} {p.probability:4.2f}  {_safe(text)}{why}"
    return click.style(said, fg=COLOURS[p.decision])


@click.command()
@output_argument
@click.argument("source", required=False)
@click.option("--paragraph", "-p", type=click.IntRange(0), help="Put this paragraph back into the clean article.")
@click.option("--to", type=click.Path(path_type=Path), help="Folder to write sources back to.")
@format_option
def restore(out: Path, source: str | None, paragraph: int | None, to: Path | None, format_: str) -> None:
    """Put back what was taken, from the audit alone.

    With -p, one paragraph returns to its clean article. With --to, sources are written to a folder
    as they were: text sources byte for byte, pages as their text. With a source alone, it goes to
    standard output.

    \b
    Examples:
      cleaner restore clean/ a.txt -p 12
      cleaner restore clean/ a.txt > a.txt
      cleaner restore clean/ --to originals/
    """
    from cleaner.audit import NAME, bytes_of, read_entries
    from cleaner.corpus import restore_paragraph
    from cleaner.writers import write_whole

    if paragraph is not None:
        if source is None:
            raise click.UsageError("-p needs the source: cleaner restore OUT SOURCE -p N")
        line = restore_paragraph(out, source, paragraph, format=_format_of(out, format_))
        click.echo(f"+ {line.index} {line.label} is back in {source}", err=True)
        return
    if source is None and to is None:
        raise click.UsageError("name a source, or a folder to write all sources to with --to")
    entries = [e for e in read_entries(out / NAME) if source in (None, e.source.source) and e.source.status != "unreadable"]
    if not entries:
        raise click.UsageError(f"no source {source!r} in {out / NAME}")
    for entry in entries:
        if to is None:
            sys.stdout.buffer.write(bytes_of(entry))
        else:
            name = entry.source.source if entry.source.kind == "text" else f"{entry.source.source}.txt"
            write_whole(to / name, bytes_of(entry))


@click.command()
@output_argument
def verify(out: Path) -> None:
    """Check an output folder against its audit: nothing changed, missing or foreign.

    Prints every difference and ends with status 1 when there is one.
    """
    from cleaner.corpus import verify as differences

    found = 0
    for difference in differences(out):
        click.echo(_safe(difference))
        found += 1
    if found:
        sys.exit(1)
    click.echo(f"{out}: every file is as its audit says", err=True)


@click.command()
@output_argument
@click.option("--policy", "-P", type=click.Path(path_type=Path), help="Policy in TOML; the shipped one by default.")
@click.option("--into", type=click.Path(path_type=Path), help="Write to another folder and leave OUT as it is.")
@format_option
@click.option("--quiet", "-q", is_flag=True)
def decide(out: Path, policy: Path | None, into: Path | None, format_: str, quiet: bool) -> None:
    """Apply another policy to what was judged already. The model is not loaded.

    \b
    Example:
      cleaner decide clean/ --policy keep-captions.toml --into clean-with-captions/
    """
    from cleaner.corpus import redecide
    from cleaner.policy import load_policy

    report = redecide(out, load_policy(policy), into=into, format=_format_of(out, format_))
    _report(report, into or out, quiet)


def _format_of(out: Path, asked: str) -> str:
    """The format that a folder was written in, so that rewriting it does not change it."""
    context = click.get_current_context()
    if context.get_parameter_source("format_") is not click.core.ParameterSource.DEFAULT:
        return asked
    from cleaner.audit import NAME, read_entries

    first = next((o.path for e in read_entries(out / NAME) for o in e.source.outputs), "")
    return first.rsplit(".", 1)[-1] if first.rsplit(".", 1)[-1] in FORMATS else asked


def _cleaner(model: Path | None, style: str, policy: Path | None) -> Cleaner:
    from cleaner.pipeline import Cleaner  # NumPy and the model load only when needed

    return Cleaner.load(model, style=style, policy=policy)


@contextmanager
def _progress(inputs: tuple[str, ...], out: Path) -> Iterator[Callable[[int], None] | None]:
    """A bar on stderr when a person is looking, else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from cleaner.readers import list_inputs

    total = sum(1 for _ in list_inputs(inputs, exclude=out))
    with click.progressbar(length=total, label="Cleaning", file=sys.stderr, show_pos=True) as bar:
        yield bar.update


def _safe(text: Any) -> str:
    from cleaner.readers import ascii_safe

    return ascii_safe(str(text))
