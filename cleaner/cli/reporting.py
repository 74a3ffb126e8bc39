"""The command over a cleaned corpus as a whole: report."""

from __future__ import annotations

from pathlib import Path

import click

from cleaner.cli.shared import output_argument, refuse_inside, safe


@click.command()
@output_argument
@click.option(
    "--html", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True, help="The page to write."
)
def report(out: Path, html: Path) -> None:
    """Sum up a cleaned corpus as a page: sources, reasons, labels, sites, and some of what went.

    \b
    Example:
      cleaner report clean/ --html clean-report.html
    """
    from cleaner.audit import read_all
    from cleaner.report.corpus import corpus_page, summarise
    from cleaner.store.commit import write_whole

    refuse_inside(html, [out], f"lies in {out}, which holds nothing but clean files and their audit")
    found = summarise(read_all(out))
    write_whole(html, corpus_page(found, out.name or str(out)).encode())
    click.echo(f"{safe(html)}: {found.sources:,} sources, {sum(found.gone.values()):,} paragraphs taken")
