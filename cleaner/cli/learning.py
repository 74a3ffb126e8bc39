"""Commands over labels: train a model, evaluate one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleaner.cli.shared import model_option, safe
from cleaner.errors import UsageError

if TYPE_CHECKING:
    from cleaner.training.run import Trained


@click.command()
@click.argument("labels", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", "-o", required=True, type=click.Path(path_type=Path), help="The model file to write; its card goes beside it."
)
@click.option(
    "--from", "-f", "base", type=click.Path(path_type=Path),
    help="Model, or shelf of models, that the labels add to; the one that comes with cleaner by default.",
)  # fmt: skip
@click.option("--scratch", is_flag=True, help="Train a new model on LABELS alone: whole articles, of many sites.")
@click.option(
    "--public", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="With --scratch: folder with the public sets named in the README, to train on as well.",
)  # fmt: skip
def train(labels: tuple[Path, ...], out: Path, base: Path | None, *, scratch: bool, public: Path | None) -> None:
    """Let LABELS add to a trained model, or train a new one.

    LABELS are files, or folders of them, of any kind: what `cleaner review` writes, seeds (.jsonl), tables of
    text,label (.csv), Label Studio exports. Fifty labels help, and what they are not like stays as it is. Give all
    your labels each time: what earlier ones added to a model is not kept.

    \b
    Examples:
      cleaner train reviewed.jsonl -o models/new.model
      cleaner train reviewed.jsonl more-labels.csv --from models -o models/new.model
      cleaner train --scratch seeds/ -o models/mine.model
    """
    if scratch and base:
        raise UsageError("--from names the model that labels add to; with --scratch there is none: leave one of them out")
    if public and not scratch:
        raise UsageError("--public trains a new model: give --scratch as well")
    trained = _train(labels, out, base, _log, scratch=scratch, public=public)
    click.echo(f"{safe(trained.model)} ({trained.digest}); card: {safe(trained.card)}")


def _log(said: str) -> None:
    with suppress(BrokenPipeError):  # whoever read along has gone: the model is written all the same
        click.echo(safe(said), err=True)


def _train(
    labels: tuple[Path, ...], out: Path, base: Path | None, log: Callable[[str], None], *, scratch: bool, public: Path | None
) -> Trained:
    """Only now import what trains: scikit-learn takes 1.5 s."""
    if scratch:
        from cleaner.training.run import train as run

        return run(labels, out, public=public, log=log)
    from cleaner.training.adapt import adapt

    return adapt(labels, out, base=base, log=log)


@click.command()
@click.argument("public", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path("../shared/data"))
@model_option
@click.option("--json", "as_json", is_flag=True, help="Figures as JSON.")
@click.option("--into", type=click.Path(path_type=Path), help="Document to write the table into, between its `figures` markers.")
def evaluate(public: Path, model: Path | None, as_json: bool, into: Path | None) -> None:
    """Measure a model on the development sets in PUBLIC, none of which it was trained on.

    \b
    Example:
      cleaner evaluate ../shared/data --json

    Ends with status 1 when a figure misses its bar. Figures on flattened pages and on our own seeds
    are in the model's card: they need the folds of its training.
    """
    from cleaner.evaluation.sets import evaluate_all, figure_table
    from cleaner.evaluation.tables import replace_table
    from cleaner.pipeline import Cleaner

    figures = list(evaluate_all(Cleaner.load(model), public))
    if as_json:
        click.echo(json.dumps([{name: getattr(f, name) for name in f.__dataclass_fields__} for f in figures], ensure_ascii=False))
    else:
        click.echo(figure_table(figures))
    if into:
        replace_table(into, "figures", figure_table(figures))
    if not all(f.reached for f in figures):
        sys.exit(1)
