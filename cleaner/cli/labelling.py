"""Commands over files of labels: bring them in, give them out, look for mistakes, propose some."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleaner.acting import me, now
from cleaner.cli.shared import FINISHED_WITH_SET_ASIDE, model_option, safe
from cleaner.records import LABELS

if TYPE_CHECKING:
    from cleaner.evaluation.mistakes import Mistake
    from cleaner.labels.events import LabelEvent, LabelledArticle
    from cleaner.seeds import Seed

SHOWN = 100
"""Characters of a paragraph on a line of a list."""
labels_argument = click.argument("paths", metavar="LABELS...", nargs=-1, required=True, type=click.Path(path_type=Path))


@click.group()
def labels() -> None:
    """Bring labels in, give them out, look for mistakes, propose some.

    LABELS are files or folders of seeds (.jsonl), tables of text,label (.csv), label journals, and
    Label Studio exports (JSON, JSON-MIN), told by content.

    \b
    Examples:
      cleaner labels import labels.csv -o reviewed.jsonl      into a label journal
      cleaner labels check reviewed.jsonl                     what is probably wrong in it
    """


@labels.command("export")
@labels_argument
@click.option("--to", "format_", required=True, type=click.Choice(("label-studio", "csv", "jsonl")), help="The format to write.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The file to write; standard output by default.")
def export(paths: tuple[Path, ...], format_: str, out: Path | None) -> None:
    """Write labels for another program.

    \b
    Examples:
      cleaner labels export reviewed.jsonl --to label-studio -o tasks.json
      cleaner labels export seeds/ --to csv > labels.csv

    label-studio writes one task a paragraph, with its neighbours around it, and beside tasks.json the
    labelling configuration, tasks.xml. In a csv, lines that a spreadsheet would run as a formula get
    an apostrophe before them; `import` takes it off.
    """
    from cleaner.labels.exchange import EXPORTS, encoded

    if out and format_ == "label-studio" and out.suffix.lower() == ".xml":
        raise click.UsageError(f"{out}: the labelling configuration gets this name; name the tasks .json")
    _refuse(out, paths)
    pieces = map(encoded, EXPORTS[format_](_read(paths)))
    if out is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return
    _write(out, b"".join(pieces))
    if format_ == "label-studio":
        from cleaner.labels.label_studio import labelling_config

        config = out.with_suffix(".xml")
        _write(config, labelling_config().encode())
        click.echo(f"{safe(out)}; its labelling configuration: {safe(config)}", err=True)


@labels.command("import")
@labels_argument
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The label journal to add to.")
@click.option("--who", default=me, show_default="your login name", help="Who gave the labels.")
def import_(paths: tuple[Path, ...], out: Path, who: str) -> None:
    """Add labels from other programs to a label journal; what it says already is not said again.

    \b
    Example:
      cleaner labels import project-1-at-2026-11-28.json -o reviewed.jsonl --who ana
    """
    from cleaner.labels.events import LabelEvent
    from cleaner.labels.exchange import events_of_seeds
    from cleaner.labels.journal import append_events, check_journal, read_events

    check_journal(out)
    seeds = list(_read(paths))
    before = list(read_events(out)) if out.exists() else []
    events = list(events_of_seeds(seeds, who, now(), before))
    append_events(out, events)
    new = sum(isinstance(event, LabelEvent) for event in events)
    given = sum(map(bool, chain.from_iterable(seed.labels for seed in seeds)))
    click.echo(f"{given:,} labels read: {new:,} added to {safe(out)}, {given - new:,} stood in it already", err=True)


@labels.command("check")
@labels_argument
@model_option
@click.option("--most", "-n", type=click.IntRange(0), default=50, show_default=True, help="Labels listed; 0 lists all.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="File for all of them, as proposals to review.")
def check(paths: tuple[Path, ...], model: Path | None, most: int, out: Path | None) -> None:
    """List labels that are probably wrong, the surest first. Nothing is changed.

    \b
    Example:
      cleaner labels check reviewed.jsonl -o doubtful.jsonl

    A line on stdout: place, label, suggested label, confidence (0 to 1), text. A model knows the labels
    that it was trained on: of those it finds fewer mistakes than of new ones.
    """
    from cleaner.evaluation.mistakes import judged, probable_mistakes
    from cleaner.pipeline import Cleaner

    _refuse(out, paths)
    cleaner, seeds = Cleaner.load(model), list(_read(paths))
    found = probable_mistakes(seeds, judged(cleaner, seeds))
    for one in found[: most or None]:
        text = one.seed.lines[one.index]
        place = one.seed.id if len(one.seed.lines) == 1 else f"{one.seed.id}#{one.index}"
        click.echo("\t".join((safe(place), one.given, one.suggested, f"{one.confidence:.2f}", safe(text[:SHOWN]))))
    count = sum(map(bool, chain.from_iterable(seed.labels for seed in seeds)))
    click.echo(f"{len(found):,} of {count:,} labels are doubtful by model {cleaner.model.digest}", err=True)
    if out:
        _write_mistakes(out, found, cleaner.model.digest)


def _write_mistakes(out: Path, found: Sequence[Mistake], model: str) -> None:
    from cleaner.labels.exchange import article_of
    from cleaner.labels.proposals import CHECK, proposal, write_proposals

    when = now()
    events: dict[LabelledArticle | LabelEvent, None] = {}  # each article once, before its proposals
    for one in found:
        article = article_of(one.seed)
        events[article] = None
        events[proposal(article, one.index, one.suggested, CHECK, when, model=model, was=one.given)] = None
    write_proposals(out, events)


@labels.command("propose")
@click.argument("inputs", metavar="IN...", nargs=-1, required=True)
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="The file of proposals to write.")
def propose(inputs: tuple[str, ...], out: Path) -> None:
    """Propose labels for texts whose pages are at hand, by what the markup of the pages says.

    \b
    Examples:
      cleaner labels propose corpus/ -o proposals.jsonl        a.html beside a.txt
      cleaner labels propose crawl.jsonl -o proposals.jsonl    rows with an html and a text field

    Proposals are for review. No model is trained on one until a person accepts it.
    """
    from cleaner.labels.events import LabelEvent
    from cleaner.labels.proposals import propose_all, write_proposals
    from cleaner.readers import Rejected

    _refuse(out, inputs)
    found, aside = [], 0
    for one in propose_all(inputs, now()):
        if isinstance(one, Rejected):
            aside += 1
            click.echo(f"cleaner: set aside: {safe(one.id)}: {safe(one.message)}", err=True)
        else:
            found += one
    write_proposals(out, found)
    counts = Counter(event.label for event in found if isinstance(event, LabelEvent))
    said = ", ".join(f"{label} {counts[label]:,}" for label in LABELS if counts[label]) or "none"
    click.echo(f"{counts.total():,} proposals in {safe(out)}: {said}", err=True)
    if aside:
        sys.exit(FINISHED_WITH_SET_ASIDE)


def _read(paths: Sequence[Path]) -> chain[Seed]:
    from cleaner.labels import read_labels

    return chain.from_iterable(map(read_labels, paths))


def _refuse(out: Path | None, inputs: Sequence[str | Path]) -> None:
    """Before anything is done: nobody waits for what then cannot be written."""
    from cleaner.labels.replacing import refuse_to_replace_labels

    if out:
        refuse_to_replace_labels(out, inputs)


def _write(path: Path, content: bytes) -> None:
    from cleaner.labels.replacing import write_unless_labels

    write_unless_labels(path, content)
