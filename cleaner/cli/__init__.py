"""The command line: every command parses, calls the library, prints."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from cleaner import __version__
from cleaner.cli.auditing import decide, explain, restore, verify
from cleaner.cli.benchmarking import bench
from cleaner.cli.cleaning import classify, clean
from cleaner.cli.comparing import compare, gate, promote, rollback
from cleaner.cli.labelling import labels
from cleaner.cli.learning import evaluate, train
from cleaner.cli.reporting import report
from cleaner.errors import CleanerError
from cleaner.readers import ascii_safe

EXIT_CODES = """\b
Exit status:
  0   all well
  1   verify found differences
  2   wrong call: an option, a path that does not exist
  3   finished, but some sources were set aside (they are listed)
  4   the gate refused the model: it is worse than the one it would replace
  65  the input is not text, HTML or a file of labelled articles
  73  the output cannot be created, or holds files that cleaner did not write
  74  reading or writing failed; what was done stands, the same command goes on from there
  75  another run is at work on the output folder
  78  a policy or model file is not valid
"""


class _Commands(click.Group):
    """Commands whose expected errors end with one line on stderr and their own exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CleanerError as error:
            _fail(str(error), error.exit_code)
        except BrokenPipeError:
            sys.stderr.close()  # the reader of our output has gone: nothing is left to say
            sys.exit(0)
        except OSError as error:
            _fail(f"{error.filename or 'input or output'}: {(error.strerror or str(error)).lower()}", 74)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"cleaner: {ascii_safe(message)}", err=True)
    sys.exit(code)


@click.group(cls=_Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Clean scraped articles: keep the article, take the furniture, record every line that went.

    \b
    Examples:
      cleaner clean articles/ -o clean/       a folder of .txt, .md and .html
      cat page.txt | cleaner clean -          one article, clean text on stdout
      cleaner explain clean/                  what was taken, and why
      cleaner restore clean/ a.txt -p 12      put a paragraph back
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a second thread of NumPy's waits more than it works; --workers do not


for command in (
    clean,
    classify,
    explain,
    restore,
    verify,
    decide,
    report,
    train,
    labels,
    evaluate,
    compare,
    gate,
    promote,
    rollback,
    bench,
):
    main.add_command(command)
