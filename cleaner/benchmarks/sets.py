"""Readers of the benchmarks' own files: each gives pages with their gold, one at a time.

The layouts are those that the repositories' README files and evaluation scripts read (named in each
reader). Nothing is downloaded: a folder that lacks the files gets an error that says how to get them.
"""

from __future__ import annotations

import gzip
import html
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cleaner.errors import UsageError
from cleaner.records import KEPT_LABELS
from cleaner.seeds import Seed, read_seeds

HOW_TO_GET: Mapping[str, str] = {
    "wcxb": "git clone https://github.com/Murrough-Foley/web-content-extraction-benchmark and give its folder, or its dev/ or "
    "test/ folder (ground-truth/*.json, html/*.html.gz)",
    "article-extraction-benchmark": "git clone https://github.com/scrapinghub/article-extraction-benchmark and give its folder "
    "(ground-truth.json, html/*.html.gz)",
    "trafilatura": "git clone https://github.com/adbar/trafilatura and give its folder, or its tests/ folder "
    "(evaldata.json, pages in cache/ and eval/; older versions write evaldata.json with tests/make_json.py)",
    "fundus-evaluation": "git clone https://github.com/dobbersc/fundus-evaluation and give its folder, or its dataset/ folder "
    "(ground_truth.json, html/)",
    "pages": "give a Parquet file with the columns url, html and gold, and page_type, language, title, author, date if known",
    "lines": "give a JSONL file with `lines` and `labels` of the same length in every row",
}
KNOWN = ("title", "author", "date")
"""Metadata that a set may give for a page."""
PARQUET_ROWS = 16
"""Pages read together: few enough to keep the reader's memory small beside a system's."""


class Page(NamedTuple):
    """A page with its gold, in the form that its benchmark gives it."""

    id: str
    html: bytes | str
    """Bytes where the set keeps the page as it was served; text where its own runners decode it as UTF-8 first."""
    url: str = ""
    gold: str = ""
    type: str = ""
    language: str = ""
    """Code or English name; empty where the set does not say."""
    wanted: tuple[str, ...] = ()
    """Segments, paragraphs or lines that belong in the output."""
    unwanted: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    """All lines, where the page has already lost its HTML."""
    known: Mapping[str, str] | None = None


def read_wcxb(path: Path) -> Iterator[Page]:
    """WCXB: one JSON file a page, `ground_truth.main_content` its gold (evaluate.py, load_ground_truth).

    A split's folder, or the repository, of which `dev` is read: evaluate.py's default.
    """
    folder = _folder(path, "wcxb", "ground-truth", "dev")
    for file in sorted((folder / "ground-truth").glob("*.json")):
        row = _json(file, "wcxb")
        truth = row.get("ground_truth") or {}
        known = _known(truth | {"date": truth.get("publish_date")})
        gold = truth.get("main_content") or ""
        text = _text(folder / "html", f"{file.stem}.html.gz", "wcxb")
        yield Page(file.stem, text, row.get("url") or "", gold, _wcxb_type(row), known=known)


def read_article_extraction(path: Path) -> Iterator[Page]:
    """article-extraction-benchmark: `articleBody` by page id in ground-truth.json (README, Data; evaluate.py)."""
    name = "article-extraction-benchmark"
    for key, row in _json(_folder(path, name, "ground-truth.json") / "ground-truth.json", name).items():
        text = _text(path / "html", f"{key}.html.gz", name)
        yield Page(key, text, row.get("url") or "", row.get("articleBody") or "", language="en")


def read_trafilatura(path: Path) -> Iterator[Page]:
    """Trafilatura's evaluation: `file`, `with` and `without` by URL in evaldata.json (tests/eval_common.py)."""
    folder = _folder(path, "trafilatura", "evaldata.json", "tests")
    for url, row in _json(folder / "evaldata.json", "trafilatura").items():
        places = [folder / inner / str(row.get("file")) for inner in ("cache", "eval")]
        raw = _bytes(next((place for place in places if place.is_file()), places[0]), "trafilatura")
        yield Page(url, raw, url, wanted=tuple(row.get("with", ())), unwanted=tuple(row.get("without", ())))


def read_fundus(path: Path) -> Iterator[Page]:
    """fundus-evaluation: `body` paragraphs by file name in ground_truth.json (utils.py, entry_points/scrape.py).

    A paragraph in square brackets is optional.
    """
    name = "fundus-evaluation"
    folder = _folder(path, name, "ground_truth.json", "dataset")
    for key, row in sorted(_json(folder / "ground_truth.json", name).items()):
        yield Page(key, _text(folder / "html", key, name), row.get("url") or "", wanted=tuple(row.get("body", ())), language="en")


def read_pages(path: Path) -> Iterator[Page]:
    """Our own page sets: Parquet with `url`, `html`, `gold` and whatever else of Page's fields it has."""
    try:
        import pyarrow as pa  # 0.1 s and 40 MB, for this reader alone
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError(f"{path}: reading Parquet needs the bench extra: pip install 'cleaner[bench]'") from error
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise _lacking(path, "pages", "cannot be read as Parquet") from error
    names = file.schema_arrow.names
    if not {"url", "html", "gold"} <= set(names):
        raise _lacking(path, "pages", f"has the columns {', '.join(names)}")
    columns = [name for name in ("id", "url", "html", "gold", "page_type", "language", *KNOWN) if name in names]
    for rows in file.iter_batches(PARQUET_ROWS, columns=columns, use_threads=False):
        yield from map(_of_row, rows.to_pylist())


def read_lines(path: Path) -> Iterator[Page]:
    """Our own line sets: labelled articles that have lost their HTML.

    Systems that need a page get each line as a `<p>`. A line with a second acceptable label on the other
    side of the cut is neither wanted nor unwanted.
    """
    if not path.is_file():
        raise _lacking(path, "lines", "is not a file")
    for seed in read_seeds(path):
        sides = [_side(seed, i) for i in range(len(seed.lines))]
        wanted = tuple(line for line, side in zip(seed.lines, sides, strict=True) if side == {True})
        unwanted = tuple(line for line, side in zip(seed.lines, sides, strict=True) if side == {False})
        yield Page(seed.id, as_page(seed.lines), "", "", "", seed.language, wanted, unwanted, seed.lines)


READERS: Mapping[str, Callable[[Path], Iterator[Page]]] = {
    "wcxb": read_wcxb,
    "article-extraction-benchmark": read_article_extraction,
    "trafilatura": read_trafilatura,
    "fundus-evaluation": read_fundus,
    "pages": read_pages,
    "lines": read_lines,
}


def set_name(benchmark: str, path: Path) -> str:
    """The name that a model's provenance has for a set that it was trained on."""
    if benchmark == "wcxb":
        inner = path.resolve() if (path / "ground-truth").exists() else path / "dev"
        return f"wcxb-{inner.name}"
    if benchmark in ("pages", "lines"):
        return {"press-lines-train": "press"}.get(path.stem, path.stem)
    return benchmark


def as_page(lines: tuple[str, ...]) -> str:
    """Lines as a page of paragraphs, for systems that read nothing else (as tests/bench/speed.py does)."""
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return f'<html><head><meta charset="utf-8"></head><body>{body}</body></html>'


def lines_either(page: Page) -> Counter[str]:
    """Lines that are right both ways."""
    return Counter(page.lines) - Counter(page.wanted) - Counter(page.unwanted)


def _side(seed: Seed, i: int) -> set[bool]:
    labels = {seed.labels[i], (seed.also or {}).get(i, seed.labels[i])}
    return {label in KEPT_LABELS for label in labels}


def _of_row(row: Mapping[str, Any]) -> Page:
    kind, language = row.get("page_type") or "", row.get("language") or ""
    gold, url = row["gold"] or "", row["url"] or ""
    return Page(str(row.get("id") or url), row["html"] or "", url, gold, kind, language, known=_known(row))


def _known(row: Mapping[str, Any]) -> Mapping[str, str] | None:
    return {name: str(row[name]) for name in KNOWN if row.get(name)} or None


def _wcxb_type(row: Mapping[str, Any]) -> str:
    kind = (row.get("_internal") or {}).get("page_type") or {}
    kind = kind.get("primary") if isinstance(kind, dict) else kind
    return {"category": "collection"}.get(str(kind), str(kind)) if kind else "article"


def _folder(path: Path, name: str, marker: str, inner: str = ".") -> Path:
    for folder in (path, path / inner):
        if (folder / marker).exists():
            return folder
    raise _lacking(path, name, f"holds no {marker}")


def _json(file: Path, name: str) -> dict[str, Any]:
    try:
        rows = json.loads(_bytes(file, name))
    except ValueError as error:
        raise _lacking(file, name, "is not JSON") from error
    if not isinstance(rows, dict):
        raise _lacking(file, name, "holds no JSON object")
    return rows


def _text(folder: Path, file: str, name: str) -> str:
    try:
        return gzip.decompress(_bytes(folder / file, name)).decode("utf-8", "replace")
    except (gzip.BadGzipFile, EOFError) as error:
        raise _lacking(folder / file, name, "is not a gzip file") from error


def _bytes(file: Path, name: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _lacking(file, name, "cannot be read") from error


def _lacking(path: Path, name: str, what: str) -> UsageError:
    return UsageError(f"{path}: {what}; for {name}, {HOW_TO_GET[name]}")
