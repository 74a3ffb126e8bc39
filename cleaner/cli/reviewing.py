"""The review page: label paragraphs of a cleaned corpus in the browser."""

from __future__ import annotations

import html
import os
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleaner.acting import me
from cleaner.cli.shared import model_option, output_argument, refuse_inside, safe

if TYPE_CHECKING:
    from cleaner.model_store import Model


@click.command()
@output_argument
@click.option("--labels", "-l", type=click.Path(path_type=Path), default=Path("reviewed.jsonl"), show_default=True,
              help="The file that labels are appended to.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on this machine; a free one by default.")
@click.option("--who", default=me, show_default="your login name", help="Your name beside each label.")
@click.option("--proposals", "-p", type=click.Path(path_type=Path), multiple=True,
              help="Labels to accept or not, from `labels propose` and `labels check`; can be given again.")  # fmt: skip
@model_option
@click.option("--no-browser", is_flag=True, help="Print the address, and open nothing.")
def review(
    out: Path, labels: Path, port: int, who: str, proposals: tuple[Path, ...], model: Path | None, no_browser: bool
) -> None:
    """Look at what was taken and say what each paragraph is, where it decides most first: a local page in the browser.

    \b
    Examples:
      cleaner review clean/
      cleaner review clean/ --labels mine.jsonl --who Ada
      cleaner review clean/ --proposals proposals.jsonl
      ssh -L 8000:127.0.0.1:8000 host cleaner review clean/ --port 8000 --no-browser

    Labels are appended to a plain file before the page says that they are saved. The page is served on
    this machine alone, and only to who has the address that is printed. Ctrl-C ends it.
    """
    from cleaner.errors import UsageError
    from cleaner.labels.exchange import check_who

    check_who(who)
    try:
        from cleaner.review.server import listen, new_token, serve
    except ModuleNotFoundError as error:
        raise UsageError(f"the page needs {error.name}, which is not installed: pip install 'cleaner[review]'") from error
    from cleaner.review.desk import Desk
    from cleaner.review.index import open_index

    refuse_inside(labels, [out], "lies in the output of `cleaner clean`, which holds nothing else")
    if not labels.absolute().parent.is_dir():
        raise UsageError(f"{labels}: its folder does not exist; make it first")
    with suppress(KeyboardInterrupt), _progress() as progress:
        judge = _model(model)
        desk = Desk(open_index(out, judge, progress), out, labels, who, proposals, judge)
        token, listener = new_token(), listen(port)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/#{token}"
        click.echo(f"Review of {safe(out)}, labels in {safe(labels)}. Open in a browser (Ctrl-C ends):", err=True)
        click.echo(address)
        try:
            with _opened(address, wanted=not no_browser):
                serve(desk, listener, token)
        finally:
            desk.close()


def _model(path: Path | None) -> Model | None:
    """The model to ask for its first stage; the shipped one is not needed, a named one must be right."""
    from cleaner.errors import ModelError
    from cleaner.pipeline import Cleaner

    try:
        return Cleaner.load(path).model
    except ModelError:
        if path is not None:
            raise
        return None


@contextmanager
def _progress() -> Iterator[Callable[[int, int], object] | None]:
    """How much of the audit was looked at, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        share = 100 * done // max(total, 1)
        if share != shown:
            shown = share
            click.echo(f"\rLooking at the audit: {share} %{' ' * 8 if share < 100 else chr(10)}", err=True, nl=False)

    yield show


@contextmanager
def _opened(address: str, *, wanted: bool) -> Iterator[None]:
    """The page in the user's browser, through a file that only the user can read: other users see the arguments of a command."""
    if not wanted:
        yield
        return
    file, name = tempfile.mkstemp(suffix=".html", prefix="cleaner-review-")
    with os.fdopen(file, "w", encoding="utf-8") as page:
        page.write(f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={html.escape(address)}">')
    try:
        with suppress(webbrowser.Error):
            webbrowser.open(Path(name).as_uri())
        yield
    finally:
        Path(name).unlink(missing_ok=True)
