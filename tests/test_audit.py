"""The audit: a source comes back from it, damage is found, and a policy is applied again without the model."""

from __future__ import annotations

import codecs
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleaner import Cleaner, OutputError, UsageError
from cleaner.audit import (
    CLEANED,
    Entry,
    SourceLine,
    bytes_of,
    entry_bytes,
    entry_lines,
    entry_of,
    read_entries,
    text_of,
    unfolded,
)
from cleaner.audit.shares import written_shares
from cleaner.corpus import clean_corpus, redecide, restore_paragraph
from cleaner.pipeline import as_source, shipped_cleaner
from cleaner.policy import DEFAULT, load_policy
from cleaner.records import LABELS, JudgedParagraph, Source, columns_of
from cleaner.run.counting import counts_of, written_of
from cleaner.segment_text import segment_text
from cleaner.store.gathered import json_line
from cleaner.verification import differences as verify

REPOSITORY = Path(__file__).parent.parent
STORY = """Accueil

Se connecter

Le marché couvert rouvre ses portes

Par Lise Morel, le 3 mai 2021 à 18h12

Photo : Lise Morel / AFP

Après onze mois de travaux, le marché couvert de Vernoux a rouvert samedi matin devant plusieurs centaines d'habitants.

Le maire a rappelé que le chantier avait coûté deux millions d'euros, dont la moitié a été payée par la région.

Les commerçants du marché avaient accepté de s'installer sous une tente pendant tout l'hiver, malgré le froid et le vent.

« Les clients ne nous ont jamais abandonnés », raconte une fromagère installée depuis vingt ans dans l'allée centrale.

(Photo d'archives AFP / Jean Dupré)

Partager cet article

© 2021 Le Courrier. Tous droits réservés.
"""
PAGE = (
    "<!DOCTYPE html><html><head><meta charset=utf-8><title>Le marché rouvre</title></head><body><article>"
    f"<h1>Le marché rouvre</h1><p>{STORY.split(chr(10) * 2)[5]}</p><p>{STORY.split(chr(10) * 2)[6]}</p></article></body></html>"
)
WRAPPED = (
    "Le pont de bois a été rendu aux voitures lundi, et les\nhabitants du quartier qui attendaient depuis un an ont\n"
    "traversé la rivière à pied avant de revenir boire un\nverre sur la place, où jouait une fanfare venue de loin\n"
)
ODD = st.text(
    st.one_of(
        st.sampled_from('\r\n\t \x0b\x0c\x85\u2028\u2029\ufeff\x00\x1b\u200b\u202e\xa0"\\é«»雨\U0001f600'),
        st.characters(),
        st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"]),
    ),
    max_size=60,
)
"""Line ends of every kind, byte order marks, control characters, lone surrogates, anything."""


def judged_alike(source: Source) -> list[JudgedParagraph]:
    """Its paragraphs, all with one verdict."""
    return [
        JudgedParagraph(*p, "content", 0.9, "spam", "keep", "kept", opens=False, probabilities=(0.9, *[0.0] * 8, 0.1))
        for p in segment_text(source.text)
    ]


def entry_from(source: Source) -> Entry:
    """The audit of a source, every paragraph judged alike."""
    judged = judged_alike(source)
    digest = sha256(source.raw).hexdigest()
    line = SourceLine(
        source.id, CLEANED, "", source.kind, len(source.raw), digest, source.encoding, source.encoding_reason,
        0, (), "", "", "news", "m", "p", {"title": source.text[:9]},
    )  # fmt: skip
    return entry_of(source, source.text, judged, line)


def through_a_file(entries: list[Entry]) -> list[Entry]:
    """Entries as they come back from an audit file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        path.write_bytes("".join(line + "\n" for entry in entries for line in entry_lines(entry)).encode("utf-8"))
        return list(read_entries(path))


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(ODD, min_size=1, max_size=3))
@example(texts=["a\r\nb\rc\n\n", "\ufeffa", "\udc80 \ud83d", "x\u2028y\x85z"])
@example(texts=["\ud83d\ude00"])
def test_texts_come_back_from_the_audit(texts: list[str]) -> None:
    """Whatever a text holds, its entry is read back equal, and gives the same text and bytes."""
    sources = [as_source(text, kind="text", id=f"caf\udce9-{i}.txt") for i, text in enumerate(texts)]
    entries = [entry_from(source) for source in sources]
    back = through_a_file(entries)
    assert back == entries
    assert [text_of(entry) for entry in back] == [source.text for source in sources]
    assert [bytes_of(entry) for entry in back] == [source.raw for source in sources]


@settings(max_examples=60, deadline=None)
@given(
    raw=st.one_of(
        st.binary(max_size=80), ODD.map(lambda t: t.encode("cp1252", "ignore")), ODD.map(lambda t: t.encode("utf-16", "ignore"))
    )
)
@example(raw=codecs.BOM_UTF8 + b"a\r\nb")
@example(raw=codecs.BOM_UTF16_LE + b"a\0\n\0b")
@example(raw=codecs.BOM_UTF32_BE + b"a")
@example(raw="« Déjà » — 3 €\r\n".encode("cp1252"))
@example(raw=b"\xc3\xa9\xc3\xa9\xc3\xa9 \xff\n")
def test_bytes_come_back_from_the_audit(raw: bytes) -> None:
    """Any bytes that are accepted as text come back exactly, whatever encoding they were taken for."""
    try:
        source = as_source(raw, kind="text")
    except Exception as error:  # noqa: BLE001
        assert type(error).__name__ == "SourceError", error  # noqa: PT017
        return
    [back] = through_a_file([entry_from(source)])
    assert bytes_of(back) == raw


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(ODD, min_size=1, max_size=4))
@example(texts=["a \x7f b", "c"])
@example(texts=['"quoted" \\ and\ttabbed', "\udc80"])
@example(texts=[WRAPPED])
def test_lines_are_the_same_from_columns_and_from_records(texts: list[str]) -> None:
    """A run writes the audit from columns, a decision over it from records: not a byte may differ, nor from what `json` writes."""
    source = as_source("\n\n".join(texts), kind="text", id="a\udce9.txt")
    entry = entry_from(source)
    judged = columns_of(judged_alike(source))
    count = len(judged.texts)
    written = [b"0.9"] * count, [b"9000,0,0,0,0,0,0,0,0,1000"] * count
    head, body = entry_bytes(source, source.text, judged, *written, replace(entry.source, paragraphs=0, tail="", original=""))
    body = b"".join(unfolded(body))
    whole = head + b',"outputs":[]}\n' + body
    assert whole.decode() == "".join(f"{line}\n" for line in entry_lines(entry))
    rows = [json.loads(line) for line in body.decode().split("\n")[:-1]]
    assert [row["text"] for row in rows] == list(judged.texts)
    assert b"".join(json_line(row) for row in rows) == body


@given(
    rows=st.lists(st.lists(st.integers(0, 10_000), min_size=len(LABELS), max_size=len(LABELS)), max_size=5),
    label=st.integers(0, 9),
)
@example(rows=[[10_000, *[0] * 9], [0] * 10], label=0)
def test_shares_are_written_as_json_writes_them(rows: list[list[int]], label: int) -> None:
    """Probabilities go from a table of bytes to the line: whatever they are, JSON reads the same numbers from it."""
    table = np.array(rows, np.float64).reshape(-1, len(LABELS)) / 10_000
    own, shares = written_shares(table, np.full(len(rows), label))
    assert [json.loads(f"[{row.decode()}]") for row in shares] == rows
    assert own == [json.dumps(row[label] / 10_000).encode() for row in rows]


ENCODED = {
    "utf-8.txt": STORY.encode(),
    "bom.txt": codecs.BOM_UTF8 + STORY.encode(),
    "crlf.txt": STORY.replace("\n", "\r\n").encode(),
    "cr.txt": STORY.replace("\n", "\r").encode(),
    "mixed.txt": STORY.replace("\n\n", "\r\n\n\t ", 3).encode() + b"\n\n \n",
    "windows.txt": STORY.encode("cp1252"),
    "latin-2.txt": ("Zażółć gęślą jaźń i śpij spokojnie. " * 4 + "\n").encode("cp1250"),
    "cyrillic.txt": ("Мост снова открыт для машин. " * 4 + "\n").encode("cp1251"),
    "utf-16.txt": STORY.encode("utf-16"),
    "utf-16-be.txt": codecs.BOM_UTF16_BE + STORY.encode("utf-16-be"),
    "utf-16-bare.txt": "Rain stops play at the ground.\n".encode("utf-16-le"),
    "utf-32.txt": STORY.encode("utf-32"),
    "damaged.txt": STORY.encode() + b"\xff\xfe tail",
    "odd-utf-16.txt": STORY.encode("utf-16") + b"x",
    "wrapped.txt": WRAPPED.encode(),
}  # fmt: skip


def corpus(tmp_path: Path, cleaner: Cleaner, files: dict[str, bytes] | None = None, **options: str) -> Path:
    """An output folder."""
    for name, raw in (files or {"a.txt": STORY.encode(), "b.txt": STORY.replace("onze", "dix").encode()}).items():
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(raw)
    clean_corpus([tmp_path / "in"], tmp_path / "out", cleaner, **options)
    return tmp_path / "out"


def paragraphs(out: Path, source: str = "a.txt") -> dict[str, tuple[int, str, str]]:
    """Of each paragraph's text: its index, label and decision."""
    [entry] = [entry for entry in read_entries(out / "audit.jsonl") if entry.source.source == source]
    return {p.text: (p.index, p.label, p.decision) for p in entry.paragraphs}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but its journal, which is history."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".cleaner" not in path.parts
    }


def test_restore_gives_every_encoding_back(tmp_path: Path, cleaner: Cleaner) -> None:
    """From the audit alone each text source comes back byte for byte, whatever its encoding and line ends."""
    out = corpus(tmp_path, cleaner, ENCODED)
    shutil.rmtree(tmp_path / "in")
    back = {entry.source.source: bytes_of(entry) for entry in read_entries(out / "audit.jsonl")}
    assert back == ENCODED
    assert list(verify(out)) == []


def test_paragraphs_of_the_audit_cut_the_text(tmp_path: Path, cleaner: Cleaner) -> None:
    """Each paragraph's place in the audit is where it stood, and the numbers of a decision are in bounds."""
    for entry in read_entries(corpus(tmp_path, cleaner, ENCODED) / "audit.jsonl"):
        text = text_of(entry)
        for p in entry.paragraphs:
            assert text[p.start : p.end] == (p.text if p.raw is None else p.raw)
            assert p.label in LABELS
            assert 0 < p.probability <= 1
            assert abs(sum(p.probabilities) - 10_000) <= len(LABELS)


def test_restoring_a_paragraph_puts_it_back(tmp_path: Path, cleaner: Cleaner) -> None:
    """One removed paragraph returns to its place in the clean file, is recorded, and the folder stays sound."""
    out = corpus(tmp_path, cleaner)
    before = contents(out)
    index, _, decision = paragraphs(out)["Se connecter"]
    assert decision == "remove"
    assert "Se connecter" not in (out / "a.txt").read_text(encoding="utf-8")
    line = restore_paragraph(out, "a.txt", index)
    assert (line.text, line.decision, line.rule) == ("Se connecter", "keep", "restored")
    after = contents(out)
    assert after["a.txt"] == b"Se connecter\n\n" + before["a.txt"]
    assert after["b.txt"] == before["b.txt"]
    assert paragraphs(out)["Se connecter"] == (index, line.label, "keep")
    assert list(verify(out)) == []


def test_restored_paragraph_survives_another_policy(tmp_path: Path, cleaner: Cleaner) -> None:
    """What a person put back is not taken again when the policy is applied anew."""
    out = corpus(tmp_path, cleaner)
    restore_paragraph(out, "a.txt", paragraphs(out)["Se connecter"][0])
    before = contents(out)
    redecide(out, load_policy())
    assert contents(out) == before


@pytest.mark.parametrize(("source", "index"), [("no.txt", 0), ("a.txt", 999), ("a.txt", -1)])
def test_restoring_what_is_not_there_changes_nothing(tmp_path: Path, cleaner: Cleaner, source: str, index: int) -> None:
    """A wrong source or paragraph is refused by name, and the folder stays as it was."""
    out = corpus(tmp_path, cleaner)
    before = contents(out)
    with pytest.raises(UsageError, match=source):
        restore_paragraph(out, source, index)
    assert contents(out) == before


def test_set_aside_source_can_be_restored(tmp_path: Path, cleaner: Cleaner) -> None:
    """A source in which nothing looked like an article gets its clean file when a person puts a paragraph back."""
    out = corpus(tmp_path, cleaner, {"a.txt": b"Se connecter\n\nPartager cet article\n"})
    [(_, entry)] = [(e.source.status, e) for e in read_entries(out / "audit.jsonl")]
    restore_paragraph(out, "a.txt", 1)
    assert "Partager cet article" in (out / "a.txt").read_text(encoding="utf-8")
    assert list(verify(out)) == []
    assert entry.source.sha256 == next(read_entries(out / "audit.jsonl")).source.sha256


def test_verify_finds_every_difference(tmp_path: Path, cleaner: Cleaner) -> None:
    """A changed, a missing and a foreign file are each named, and the sound one is not."""
    out = corpus(tmp_path, cleaner, {name: STORY.encode() for name in ("a.txt", "b.txt", "c.txt")})
    assert list(verify(out)) == []
    with (out / "a.txt").open("a", encoding="utf-8") as stream:
        stream.write(" ")
    (out / "b.txt").unlink()
    (out / "sub").mkdir()
    (out / "sub/mine.txt").write_text("mine", encoding="utf-8")
    assert sorted(difference.split(":")[0] for difference in verify(out)) == ["a.txt", "b.txt", "sub/mine.txt"]


def test_verify_finds_a_changed_record(tmp_path: Path, cleaner: Cleaner) -> None:
    """One changed, one lost or one exchanged line of articles.jsonl is found."""
    out = corpus(tmp_path, cleaner, format="jsonl")
    whole = (out / "articles.jsonl").read_bytes()
    first, second = whole.splitlines(keepends=True)
    for broken in (whole.replace(b"mill", b"bill", 1), first, second + first, whole + b"{}\n", b""):
        (out / "articles.jsonl").write_bytes(broken)
        assert [difference.split(":")[0] for difference in verify(out)] == ["articles.jsonl"]
    (out / "articles.jsonl").write_bytes(whole)
    assert list(verify(out)) == []


def test_verify_finds_a_changed_audit(tmp_path: Path, cleaner: Cleaner) -> None:
    """A word changed in the audit, in a text or in the kept bytes of a source, no longer gives the source back."""
    out = corpus(tmp_path, cleaner, {"a.txt": STORY.encode(), "odd.txt": ENCODED["bom.txt"][:200] + b"\xff"})
    whole = (out / "audit.jsonl").read_text(encoding="utf-8")
    (out / "audit.jsonl").write_text(whole.replace("Partager cet", "Partager ce", 1), encoding="utf-8")
    assert [difference.split(":")[0] for difference in verify(out)] == ["a.txt"]
    [original] = [e.source.original for e in read_entries(out / "audit.jsonl") if e.source.original]
    for broken in (original[4:], original[::-1], "é"):
        (out / "audit.jsonl").write_text(whole.replace(original, broken), encoding="utf-8")
        assert [difference.split(":")[0] for difference in verify(out)] == ["odd.txt"]


def test_cut_audit_is_refused(tmp_path: Path, cleaner: Cleaner) -> None:
    """An audit cut at its end, within a line, at its start or in its middle is never read as if it were whole."""
    audit = corpus(tmp_path, cleaner) / "audit.jsonl"
    lines = audit.read_bytes().splitlines(keepends=True)
    for broken in (
        lines[:-1],
        [*lines[:-1], lines[-1][:40]],
        lines[1:],
        lines[:3] + lines[4:],
        [*lines, b"\xff\n"],
        [*lines, b"[1]\n"],
    ):
        audit.write_bytes(b"".join(broken))
        with pytest.raises(OutputError, match=r"audit\.jsonl"):
            list(verify(audit.parent))


def test_audit_cut_between_sources_shows(tmp_path: Path, cleaner: Cleaner) -> None:
    """When the whole last source is cut off, its clean file shows as one that the audit does not know."""
    out = corpus(tmp_path, cleaner)
    lines = (out / "audit.jsonl").read_bytes().splitlines(keepends=True)
    second = next(i for i, line in enumerate(lines) if b'"record":"source"' in line and i)
    (out / "audit.jsonl").write_bytes(b"".join(lines[:second]))
    assert [difference.split(":")[0] for difference in verify(out)] == ["b.txt"]


def test_missing_audit_is_refused(tmp_path: Path) -> None:
    """A folder without an audit is not called sound."""
    with pytest.raises(OutputError, match=str(tmp_path)):
        list(verify(tmp_path))


def keeping_captions(tmp_path: Path) -> Path:
    """The shipped policy, with captions kept."""
    policy = tmp_path / "captions.toml"
    before = DEFAULT.read_text(encoding="utf-8")
    after = before.replace('[labels.caption]\naction = "remove"', '[labels.caption]\naction = "keep"')
    assert after != before
    policy.write_text(after, encoding="utf-8")
    return policy


@pytest.mark.parametrize("kind", ["txt", "md", "jsonl"])
def test_same_policy_gives_the_same_bytes(tmp_path: Path, cleaner: Cleaner, kind: str) -> None:
    """Deciding again with the policy of the run gives each clean file and the audit back byte for byte, here and elsewhere."""
    files = {**ENCODED, "page.html": PAGE.encode(), "empty.txt": b"", "nul.txt": b"\0" * 99, "noise.txt": b"Se connecter\n"}
    out = corpus(tmp_path, cleaner, files, format=kind)
    before = contents(out)
    redecide(out, load_policy(), into=tmp_path / "again", format=kind)
    redecide(out, load_policy(), format=kind)
    assert contents(tmp_path / "again") == before
    assert contents(out) == before


def test_policy_that_keeps_captions_brings_them_back(tmp_path: Path, cleaner: Cleaner) -> None:
    """Another policy changes the clean files from the audit alone, and the shipped one changes them back."""
    out = corpus(tmp_path, cleaner)
    before = contents(out)
    captions = [text for text, (_, label, decision) in paragraphs(out).items() if (label, decision) == ("caption", "remove")]
    assert captions, "no caption was found in a text with two blatant ones"
    policy = load_policy(keeping_captions(tmp_path))
    report = redecide(out, policy, into=tmp_path / "with")
    text = (tmp_path / "with/a.txt").read_text(encoding="utf-8")
    assert all(caption in text for caption in captions)
    assert "Se connecter" not in text
    assert report.decisions["keep"] >= 2 * len(captions)
    assert {e.source.policy for e in read_entries(tmp_path / "with/audit.jsonl")} == {policy.digest}
    assert contents(out) == before
    assert list(verify(tmp_path / "with")) == []
    redecide(tmp_path / "with", load_policy())
    assert contents(tmp_path / "with") == before


def without_model(tmp_path: Path, *call: str) -> subprocess.CompletedProcess[str]:
    """A Python process in which cleaner is installed without any model."""
    if not (tmp_path / "bare").exists():
        left_out = shutil.ignore_patterns("models", "__pycache__")
        shutil.copytree(REPOSITORY / "cleaner", tmp_path / "bare" / "cleaner", ignore=left_out)
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "bare")}
    return subprocess.run([sys.executable, *call], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)


def test_deciding_needs_neither_model_nor_scikit_learn(tmp_path: Path, cleaner: Cleaner) -> None:
    """`decide` works where no model is installed, and imports nothing heavier than NumPy."""
    corpus(tmp_path, cleaner)
    policy = keeping_captions(tmp_path)
    code = (
        "import sys; from cleaner.cli import main\n"
        f"main(['decide', 'out', '--policy', {policy.name!r}, '--into', 'with'], standalone_mode=False)\n"
        "print(sorted({'sklearn', 'scipy', 'trafilatura', 'pyarrow'} & set(sys.modules)))"
    )
    decided = without_model(tmp_path, "-c", code)
    assert (decided.returncode, decided.stdout) == (0, "[]\n"), decided.stderr
    redecide(tmp_path / "out", load_policy(policy), into=tmp_path / "expected")
    assert contents(tmp_path / "with") == contents(tmp_path / "expected")
    cleaned = without_model(tmp_path, "-m", "cleaner", "clean", "in/a.txt")
    assert cleaned.returncode == 78, "this process has a model after all: the check above shows nothing"
    assert "model" in cleaned.stderr
    assert "Traceback" not in cleaned.stderr


def test_paragraphs_of_a_shard_are_counted_together_as_one_by_one() -> None:
    """What a report sums up is what the audit says of each source, however many were judged together."""
    texts = ["", WRAPPED, STORY, "Accueil\n\nContact", STORY + "\n\nPartager cet article\n"]
    results = list(shipped_cleaner().clean_sources(as_source(text, kind="text", id=f"{n}.txt") for n, text in enumerate(texts)))
    found = [written.counts for written in written_of(results)]
    assert found == [counts_of(result.columns) for result in results]
    assert len({*found}) > 2
