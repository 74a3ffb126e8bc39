"""Commands over an audit: explain, restore, verify, decide."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleaner.cli.shared import FORMATS, format_option, output_argument, safe, show_report
from cleaner.records import ACTIONS, LABELS

if TYPE_CHECKING:
    from cleaner.audit import Entry, ParagraphLine

SIGNS = dict(zip(ACTIONS, "+-@?", strict=True))
"""Kept, removed, moved to metadata, kept for review: told apart without colour."""
COLOURS = dict(zip(ACTIONS, (None, "red", "blue", "yellow"), strict=True))


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
    from cleaner.audit import read_all

    found = False
    for entry in read_all(out):
        if source in (None, entry.source.source):
            found = True
            _explain(entry, label, removed, full)
    if not found and source:
        raise click.UsageError(f"no source {source!r} in the audit of {out}")


def _explain(entry: Entry, labels: tuple[str, ...], removed: bool, full: bool) -> None:
    line = entry.source
    shown = [p for p in entry.paragraphs if (not labels or p.label in labels) and (not removed or p.decision != "keep")]
    if not shown and (labels or removed):
        return
    where = ", ".join(output.path for output in line.outputs) or f"{line.status}: {line.reason}"
    click.echo(click.style(f"{safe(line.source)} -> {safe(where)}", bold=True))
    for p in shown:
        if p.opens:
            click.echo("   ---- a further article begins ----")
        click.echo(_explained(p, full))


def _explained(p: ParagraphLine, full: bool) -> str:
    width = 1_000_000 if full else 88
    text = p.text if len(p.text) <= width else p.text[: width - 1] + "…"
    why = "" if p.rule in ("kept", "removed", "moved") else f" ({p.rule}; {p.runner_up}?)"
    said = f"{SIGNS[p.decision]} {p.index:4d} {p.label:<10} {p.probability:4.2f}  {safe(text)}{why}"
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
    from cleaner.audit import read_all
    from cleaner.corpus import refuse_foreign, restore_paragraph

    if paragraph is not None:
        if source is None:
            raise click.UsageError("-p needs the source: cleaner restore OUT SOURCE -p N")
        line = restore_paragraph(out, source, paragraph, format=_format_of(out, format_))
        click.echo(f"+ {line.index} {line.label} is back in {source}", err=True)
        return
    if source is None and to is None:
        raise click.UsageError("name a source, or a folder to write all sources to with --to")
    if to is not None:
        if to.resolve() == out.resolve():
            raise click.UsageError("--to is the output folder itself: sources would replace the clean files")
        refuse_foreign(to)
    found = False
    for entry in read_all(out):
        if source in (None, entry.source.source) and entry.source.status != "unreadable":
            found = True
            _give_back(entry, to)
    if not found:
        raise click.UsageError(f"no source {source!r} in the audit of {out}")


def _give_back(entry: Entry, to: Path | None) -> None:
    """Write a source to standard output, or to its place in a folder."""
    from cleaner.audit import bytes_of
    from cleaner.store.commit import write_whole

    if to is None:
        sys.stdout.buffer.write(bytes_of(entry))
    else:
        name = entry.source.source if entry.source.kind == "text" else f"{entry.source.source}.txt"
        write_whole(to / name, bytes_of(entry))


@click.command()
@output_argument
def verify(out: Path) -> None:
    """Check an output folder against its audit: nothing changed, missing or foreign.

    \b
    Example:
      cleaner verify clean/ && echo sound

    Prints every difference and ends with status 1 when there is one.
    """
    from cleaner.verification import differences

    found = 0
    for difference in differences(out):
        click.echo(safe(difference))
        found += 1
    if found:
        sys.exit(1)
    click.echo(f"{out}: every file is as its audit says", err=True)


@click.command()
@output_argument
@click.option("--policy", "-P", type=click.Path(path_type=Path), help="Policy in TOML; the shipped one by default.")
@click.option("--into", type=click.Path(path_type=Path), help="Write to another folder and leave OUT as it is.")
@format_option
@click.option("--quiet", "-q", is_flag=True, help="No summary; set-aside sources are still named.")
def decide(out: Path, policy: Path | None, into: Path | None, format_: str, quiet: bool) -> None:
    """Apply another policy to what was judged already. The model is not loaded.

    \b
    Example:
      cleaner decide clean/ --policy keep-captions.toml --into clean-with-captions/
    """
    from cleaner.corpus import redecide
    from cleaner.policy import load_policy

    report = redecide(out, load_policy(policy), into=into, format=_format_of(out, format_))
    show_report(report, into or out, quiet)


def _format_of(out: Path, asked: str) -> str:
    """The format that a folder was written in, so that rewriting it does not change it."""
    context = click.get_current_context()
    if context.get_parameter_source("format_") is not click.core.ParameterSource.DEFAULT:
        return asked
    from cleaner.audit import read_all

    first = next((o.path for e in read_all(out) for o in e.source.outputs), "")
    return next((name for name in FORMATS if first.endswith(f".{name}")), asked)
