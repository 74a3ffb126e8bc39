"""Commands over labels: train a model, evaluate one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from cleaner.cli.shared import model_option


@click.command()
@click.argument("seeds", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", "-o", required=True, type=click.Path(path_type=Path), help="The model file to write; its card goes beside it."
)
@click.option(
    "--public", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with the public sets named in the README, to train on as well.",
)  # fmt: skip
def train(seeds: tuple[Path, ...], out: Path, public: Path | None) -> None:
    """Train a model on labelled articles (.jsonl, .csv, or folders of them).

    \b
    Example:
      cleaner train seeds/ my-labels.jsonl -o models/mine.model
    """
    from cleaner.training.run import train as run  # scikit-learn takes 1.5 s to import

    trained = run(seeds, out, public=public, log=lambda message: click.echo(message, err=True))
    click.echo(f"{trained.model} ({trained.digest}); card: {trained.card}")


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
