"""Write the README's example of `cleaner explain` from a real run: `make readme`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from click.testing import CliRunner

from cleaner.cli import main
from cleaner.evaluation.tables import replace_table

ROOT = Path(__file__).parent.parent.parent
SAMPLE = "001_5d0be83f7719.txt"


def run() -> None:
    """Clean the samples, explain one, and put what was printed into the README."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "clean"
        CliRunner().invoke(main, ["clean", str(ROOT / "seeds" / "raw"), "-o", str(out)])
        shown = CliRunner().invoke(main, ["explain", str(out), SAMPLE]).stdout
    replace_table(ROOT / "README.md", "explain", f"```console\n$ .venv/bin/cleaner explain clean {SAMPLE}\n{shown}```")


if __name__ == "__main__":
    run()
