"""What a run over a corpus takes and shows: its options, progress, a log of events, a preview."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cleaner.cli.shared import safe
from cleaner.errors import WriteError

if TYPE_CHECKING:
    from cleaner.readers import Fields
    from cleaner.run.intake import Choice
    from cleaner.run.preview import Preview

Command = TypeVar("Command", bound=Callable[..., Any])
FIELDS = ("text", "html", "id", "url", "title", "author", "date")
_SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class _Size(click.ParamType):  # type: ignore[type-arg]  # generic in click 8.5, not in 8.1
    """A number of bytes: 512M, 2G."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes from a number and a letter."""
        if isinstance(value, int):
            return value
        number, letter = (value[:-1], value[-1].upper()) if value[-1:].isalpha() else (value, "")
        if not number.isdigit() or letter not in _SIZES:
            self.fail(f"{value!r} is not a size like 512M or 2G", param, ctx)
        return int(number) * _SIZES[letter]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _with(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def run_options(command: Command) -> Command:
    """Options of how a run goes; none of them changes a byte of what it writes, but for --limit and --sample."""
    return _with(
        command,
        click.option("--engine", "-e", type=click.Choice(("local", "ray")), default="local", show_default=True,
                     help="Processes of this machine, or Ray: here, or on the cluster that RAY_ADDRESS names."),
        click.option("--workers", "-w", type=click.IntRange(1), help="Processes; all cores by default."),
        click.option("--timeout", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True,
                     help="Seconds that one record may take before it is quarantined."),
        click.option("--memory", type=_Size(), default="2G", show_default=True, help="Memory that one record may take."),
        click.option("--limit", type=click.IntRange(1), help="Only the first so many records; none of the others is taken away."),
        click.option("--sample", type=click.FloatRange(0, 1, min_open=True),
                     help="Only this share of the records, always the same ones; none of the others is taken away."),
        click.option("--again", is_flag=True, help="Clean everything anew, also what did not change."),
        click.option("--most-gone", type=click.FloatRange(0, 1), default=1.0, show_default=True,
                     help="Change nothing when a larger share of the sources is gone: a folder may not be mounted."),
        click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done, and show some of what would go."),
        click.option("--log", type=click.Path(path_type=Path), help="Append events to this file, one JSON object a line."),
    )  # fmt: skip


def field_options(command: Command) -> Command:
    """Options that name the fields of JSONL, CSV and Parquet."""
    return _with(
        command,
        *(
            click.option(f"--{name}-field", f"{name}_field", metavar="NAME", help=f"Field that holds the {name}.")
            for name in FIELDS
        ),
    )


def run_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """What `clean_corpus` takes, from the options of a command."""
    from cleaner.engines import Limits
    from cleaner.run.intake import Choice

    return {
        "engine": options["engine"],
        "workers": options["workers"] or cores(),
        "limits": Limits(options["timeout"], options["memory"]),
        "choice": Choice(options["limit"], options["sample"]),
        "again": options["again"],
        "most_gone": options["most_gone"],
        "fields": fields_of(options),
    }


def fields_of(options: Mapping[str, Any]) -> Fields:
    """The fields that options name, those that are usual for the others."""
    from cleaner.readers import Fields

    return Fields(**{name: (options[f"{name}_field"],) for name in FIELDS if options[f"{name}_field"]})


def look_back_less() -> None:
    """Have Python look less often for circles of objects that nobody needs: a run makes next to none, looking costs 5 %."""
    gc.freeze()  # modules are here to stay
    gc.set_threshold(50_000, 20, 20)


@contextmanager
def progress(
    inputs: tuple[str, ...], out: Path | None, choice: Choice, label: str = "Cleaning"
) -> Iterator[Callable[[int], None] | None]:
    """A bar on stderr when a person is looking, with rate and remaining time; else nothing.

    Only files can be counted beforehand: what containers hold shows as they are read.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from cleaner.readers import list_inputs

    files = sum(1 for item in list_inputs(inputs, exclude=out) if choice.takes(item.id))
    total = min(files, choice.limit or files)
    begin, done = time.monotonic(), 0

    def rate(_: object) -> str:
        return f"{done / max(time.monotonic() - begin, 0.001):,.0f}/s"

    with click.progressbar(length=total, label=label, file=sys.stderr, show_pos=True, item_show_func=rate) as bar:

        def count(records: int) -> None:
            nonlocal done
            done += records
            bar.update(records, done)

        yield count


@contextmanager
def logged(path: Path | None) -> Iterator[Callable[..., None] | None]:
    """A function that appends an event with its time to a file, one JSON object a line."""
    if path is None:
        yield None
        return
    try:
        stream = path.open("a", encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{path}: cannot be written ({(error.strerror or str(error)).lower()})") from error
    with stream:

        def note(event: str, **fields: Any) -> None:
            row = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": event, **fields}
            stream.write(json.dumps(row) + "\n")
            stream.flush()

        yield note


def show_preview(preview: Preview, out: Path) -> None:
    """Say what a run would do, and show some of what it would take."""
    click.echo(
        f"{preview.records:,} records: {preview.done:,} would be cleaned, {preview.unchanged:,} are as they were, "
        f"{preview.gone:,} are gone. Nothing was written to {out}."
    )
    outcomes = ", ".join(f"{count:,} {name}" for name, count in preview.outcomes.items())
    if preview.done:
        click.echo(f"Of those to clean: {outcomes}. Paragraphs: {preview.taken:,} of {preview.paragraphs:,} would go, such as:")
    for source, label, text in preview.shown:
        click.echo(f"- {label:<10} {safe(source)}: {safe(text if len(text) <= 88 else text[:87] + '…')}")
