"""Commands over two models: compare, gate, promote, rollback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cleaner.cli.running import cores, field_options, fields_of, progress
from cleaner.cli.shared import kind_option, policy_option, refuse_inside, safe, style_option

if TYPE_CHECKING:
    from cleaner.comparison.gate import Gate

_path = click.Path(path_type=Path)

floors_option = click.option("--floors", type=_path, help="Floors in TOML; those that come with cleaner by default.")
shelf_option = click.option(
    "--shelf", "-s", type=_path, default=Path("models"), show_default=True, help="Folder of models with a record of promotions."
)
who_option = click.option("--who", help="Name for the record; yours on this machine by default.")


@click.command()
@click.argument("old", type=_path)
@click.argument("new", type=_path)
@click.argument("gold", nargs=-1, type=_path)
@floors_option
@click.option("--json", "as_json", is_flag=True, help="Figures as JSON.")
def gate(old: Path, new: Path, gold: tuple[Path, ...], floors: Path | None, as_json: bool) -> None:
    """Refuse the model NEW when it is worse than OLD on labelled articles GOLD (seeds/gold by default).

    More content lost, more noise left or more wrong labels, overall or in any language, label or site.
    How much more is too much stands in a file of floors, which only a person changes. Ends with status 4
    when the model is refused.

    \b
    Examples:
      cleaner gate models models/new.model
      cleaner gate models/press.model mine.model my-gold.jsonl --json > gate.json
    """
    from cleaner.comparison.gate import gate as run
    from cleaner.comparison.gate import refuse

    found = run(old, new, gold, floors)
    _show(found, as_json=as_json)
    refuse(found)


def _show(found: Gate, *, as_json: bool = False, err: bool = False) -> None:
    from cleaner.comparison.gate_text import gate_json, gate_lines

    if as_json:
        click.echo(json.dumps(gate_json(found), indent=1))
        return
    for line in gate_lines(found):
        click.echo(safe(line), err=err)


@click.command()
@click.argument("old", type=_path)
@click.argument("new", type=_path)
@click.argument("inputs", nargs=-1, required=True)
@click.option("--html", type=_path, help="Write a page with the most surprising paragraphs and all counts.")
@click.option("--json", "json_file", type=_path, help="Write everything as JSON.")
@click.option("--workers", "-w", type=click.IntRange(1), help="Processes; all cores by default.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many records.")
@click.option(
    "--sample", type=click.FloatRange(0, 1, min_open=True), help="Only this share of the records, always the same ones."
)
@style_option
@kind_option
@policy_option
@field_options
def compare(
    old: Path, new: Path, inputs: tuple[str, ...], html: Path | None, json_file: Path | None, workers: int | None,
    limit: int | None, sample: float | None, style: str, kind: str | None, policy: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Show what the model NEW would change in a corpus, beside OLD. Nothing of the corpus is changed.

    Counts by label, language and site, sources touched, and the most surprising paragraphs that would newly go
    or newly stay. Inputs are as for `cleaner clean`.

    \b
    Examples:
      cleaner compare models models/new.model articles/ --html changes.html
      cleaner compare models mine.model crawl.warc.gz --sample 0.1 --json changes.json
    """
    from cleaner.comparison.compare import compare as run
    from cleaner.comparison.compare import comparison_json
    from cleaner.comparison.pages import comparison_lines, comparison_page
    from cleaner.pipeline import Cleaner
    from cleaner.run.intake import Choice
    from cleaner.store.commit import write_whole

    for file in (html, json_file):
        refuse_inside(file, inputs, "lies in the corpus, and would be an article of it")
    models = [Cleaner.load(model, style=style, policy=policy) for model in (old, new)]
    chosen = Choice(limit, sample)
    with progress(inputs, None, chosen, "Comparing") as count:
        found = run(
            inputs, *models, kind=kind, workers=workers or cores(), fields=fields_of(options), choice=chosen, progress=count
        )  # fmt: skip
    try:
        if html:
            write_whole(html, comparison_page(found).encode())
        if json_file:
            write_whole(json_file, json.dumps(comparison_json(found), indent=1).encode() + b"\n")
    finally:  # a full disk is no reason to throw away what was found
        for line in comparison_lines(found):
            click.echo(safe(line))


@click.command()
@click.argument("new", type=_path)
@shelf_option
@click.option("--gold", "-g", type=_path, multiple=True, help="Labelled articles to measure on; seeds/gold by default.")
@floors_option
@who_option
def promote(new: Path, shelf: Path, gold: tuple[Path, ...], floors: Path | None, who: str | None) -> None:
    """Put the model NEW in the place of a shelf's current one, if it passes the gate.

    Ends with status 4, and changes nothing, when it is refused. Runs with `--model SHELF` use it from then on.

    \b
    Example:
      cleaner promote models/new.model && make clean-corpus
    """
    from cleaner.comparison.gate import gate as run
    from cleaner.comparison.gate import refuse
    from cleaner.comparison.shelf import promote as put

    def check(old: Path, candidate: Path) -> Mapping[str, Any]:
        found = run(old, candidate, gold, floors)
        _show(found, err=True)
        refuse(found)
        return found.summary()

    done = put(new, shelf, check, who=who or "")
    if done is None:
        click.echo(f"{safe(shelf)}: {safe(new)} is its current model already", err=True)
    else:
        click.echo(f"{safe(shelf / done.to)} (was {safe(done.before)}; back: cleaner rollback --shelf {safe(shelf)})")


@click.command()
@shelf_option
@who_option
def rollback(shelf: Path, who: str | None) -> None:
    """Make the model current again that was so before the last promotion.

    \b
    Example:
      cleaner rollback && make clean-corpus
    """
    from cleaner.comparison.shelf import rollback as back

    done = back(shelf, who=who or "")
    click.echo(f"{safe(shelf / done.to)} (was {safe(done.before)})")
