"""A small corpus; and audits put together by hand, with texts that no reader of sources would give."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cleaner.audit import CLEANED, Entry, ParagraphLine, SourceLine, entry_lines
from cleaner.records import LABELS

SHARES = (4000, 0, 0, 0, 0, 0, 0, 0, 0, 6000)


def source_line(source: str, **fields: object) -> SourceLine:
    line = SourceLine(source, CLEANED, "", "text", 0, "0" * 64, "utf-8", "utf-8", 0, (), "", "", "news", "0" * 12, "0" * 12, {})
    return replace(line, **fields)  # type: ignore[arg-type]


def entry(source: str, texts: Sequence[str], **fields: object) -> Entry:
    """An entry whose paragraphs are all removed as spam."""
    line = source_line(source, paragraphs=len(texts), **fields)
    lines = [
        ParagraphLine(
            source, i, 0, 0, "", text, None, LABELS[9], 0.6, LABELS[0], "remove", "removed", False, SHARES, line.model, "0" * 12
        )
        for i, text in enumerate(texts)
    ]
    return Entry(line, tuple(lines))


def write_audit(folder: Path, entries: Sequence[Entry]) -> Path:
    """An output folder with these entries in its audit, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line for one in entries for line in entry_lines(one)]
    (folder / "audit.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


STORY = "Le pont de Saint-Aubin a été rendu à la circulation lundi matin, devant une centaine d'habitants venus dès l'aube. "
PAGE = (
    '<html><body><nav><a href="/">Accueil</a></nav><article><h1>Le bac fait ses adieux</h1>'
    "<p>Après quarante ans de service, le bac de la Rance a fait son dernier voyage samedi, sous les applaudissements.</p>"
    "<p>« On ne l'attendait plus », sourit une boulangère de la rive gauche, qui a vu passer trois générations.</p></article>"
    "<footer>Mentions légales</footer></body></html>"
)


def fill(folder: Path) -> Path:
    """A small corpus: two sites of texts with the same furniture, a page, a container with a page."""
    for number in range(6):
        place = folder / ("rivage.example" if number % 2 else "vallon.example")
        place.mkdir(parents=True, exist_ok=True)
        lines = ["Accueil", f"Le pont numéro {number} rouvre", *(STORY + str(number + k) for k in range(2)), f"Lu {number} fois"]
        lines += ["Newsletter", "Lire aussi : Le bac fait ses adieux", "Partager cet article"]
        (place / f"{number}.txt").write_text("\n\n".join(lines), encoding="utf-8")
    (folder / "rivage.example" / "page.html").write_text(PAGE, encoding="utf-8")
    rows = [{"id": str(n), "url": f"https://www.aube.example/{n}", "html": PAGE.replace("samedi", day)}
            for n, day in enumerate(("lundi", "mardi"))]  # fmt: skip
    (folder / "crawl.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder
