"""What commands share: options, the summary of a run, text made safe for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleaner.readers import ascii_safe
from cleaner.records import ACTIONS, LABELS, STYLES

if TYPE_CHECKING:
    from cleaner.store.ledger import Report

FINISHED_WITH_SET_ASIDE = 3
FORMATS = ("txt", "md", "jsonl", "jsonl.gz", "jsonl.zst", "parquet")

model_option = click.option(
    "--model", "-m", type=click.Path(path_type=Path),
    help="Model file, or a shelf: a folder whose promoted model is taken. The shipped model by default.",
)  # fmt: skip
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
    help="One .txt or .md a clean article, or records gathered in files of about 2,000 sources.",
)  # fmt: skip
output_argument = click.argument("out", type=click.Path(path_type=Path))


def refuse_inside(file: Path | None, folders: Iterable[str | Path], why: str) -> None:
    """Raise click's UsageError where a file to be written is one of `folders`, or lies in one."""
    places = {Path(folder).resolve() for folder in folders}
    if file and places & {file.resolve(), *file.resolve().parents}:
        raise click.UsageError(f"{file}: {why}; choose another place")


def show_report(report: Report, out: Path, quiet: bool) -> None:
    """Name what was set aside, sum up unless quiet, and end with status 3 when anything was set aside."""
    for source, reason in report.set_aside:
        click.echo(f"cleaner: set aside: {safe(source)}: {safe(reason)}", err=True)
    if report.aside > len(report.set_aside):
        click.echo(f"cleaner: {report.aside - len(report.set_aside):,} more were set aside: cleaner explain {out}", err=True)
    if not quiet:
        click.echo(_summary(report), err=True)
        click.echo(f"Why each line went: cleaner explain {out}", err=True)
    if report.aside:
        sys.exit(FINISHED_WITH_SET_ASIDE)


def _summary(report: Report) -> str:
    gone = ", ".join(f"{label} {report.removed[label]:,}" for label in LABELS if report.removed[label])
    parts = [f"{report.decisions[action]:,} {said}" for action, said in zip(ACTIONS, _SAID, strict=True)]
    outcomes = ", ".join(f"{report.outcomes[name]:,} {name}" for name in ("kept", "partly kept", "dropped", "quarantined"))
    reasons = ", ".join(f"{code} {count:,}" for code, count in sorted(report.reasons.items()))
    changes = report.changes
    return (
        f"{report.sources:,} sources: {report.cleaned:,} cleaned into {report.articles:,} articles, {report.aside:,} set aside.\n"
        f"Records in = {outcomes}.{f' Reasons: {reasons}.' if reasons else ''}\n"
        f"This run: {changes.done - changes.again:,} new or changed, {changes.again:,} judged again, "
        f"{changes.unchanged:,} unchanged, {changes.gone:,} gone; {changes.written:,} clean files written.\n"
        f"Paragraphs: {', '.join(parts)}.\nTaken: {gone or 'nothing'}."
    )


_SAID = ("kept", "removed", "moved to metadata", "kept for review")


def safe(text: object) -> str:
    """Text from a source or a file name, safe on a terminal."""
    return ascii_safe(str(text))
