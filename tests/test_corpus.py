"""Cleaning a corpus into a folder: places, names, what is set aside, what is refused, what never changes."""

from __future__ import annotations

import gc
import json
import os
import warnings
from hashlib import sha256
from pathlib import Path

import pytest

from cleaner import Cleaner, OutputError, UsageError
from cleaner.audit import Entry, entry_lines, read_entries
from cleaner.corpus import clean_corpus, redecide
from cleaner.policy import load_policy
from cleaner.verification import differences as verify

STORY = """Accueil

Se connecter

Le marché couvert de Vernoux rouvre ses portes

Par Lise Morel, le 3 mai 2021 à 18h12

Après onze mois de travaux, le marché couvert de Vernoux a rouvert samedi matin devant plusieurs centaines d'habitants.

Le maire de Vernoux a rappelé que le chantier avait coûté deux millions d'euros, dont la moitié a été payée par la région.

Les commerçants de Vernoux avaient accepté de s'installer sous une tente pendant tout l'hiver, malgré le froid et le vent.

« Les clients de Vernoux ne nous ont jamais abandonnés », raconte une fromagère installée depuis vingt ans dans l'allée centrale.

Partager cet article

© 2021 Le Courrier. Tous droits réservés.
"""
OTHER = STORY.replace("Vernoux", "Privas")
"""The same story of another place: told apart by any of its paragraphs."""
BODY = STORY.split("\n\n")[4:8]
GONE = ("Se connecter", "Partager cet article", "Tous droits réservés")


def page(story: str = STORY, title: str = "Le marché couvert de Vernoux rouvre ses portes", charset: str = "utf-8") -> str:
    """The story as a page."""
    body = "".join(f"<p>{paragraph}</p>\n" for paragraph in story.split("\n\n")[4:8])
    return (
        f'<!DOCTYPE html><html><head><meta charset="{charset}"><title>{title}</title></head>'
        f"<body><nav><a href=/>Accueil</a></nav><article><h1>{title}</h1>\n{body}</article></body></html>"
    )


def tree(folder: Path, files: dict[str, bytes | str]) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def contents(folder: Path) -> dict[str, str]:
    """Every regular file of a folder with the hash of its bytes, but for the journal: it is history, not content."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and ".cleaner" not in path.parts
    }


def entries(out: Path) -> dict[str, Entry]:
    """The audit of an output folder, by source."""
    return {entry.source.source: entry for entry in read_entries(out / "audit.jsonl")}


def written(out: Path) -> set[str]:
    """The clean files."""
    return set(contents(out)) - {"audit.jsonl"}


def test_clean_files_stand_where_their_sources_stood(tmp_path: Path, cleaner: Cleaner) -> None:
    """A folder of folders gives clean files in the same relative places, without the noise."""
    source = tree(tmp_path / "in", {"a.txt": STORY, "2021/mai/b.md": STORY, "2021/c.html": page(), "notes.pdf": b"%PDF-1"})
    report = clean_corpus([source], tmp_path / "out", cleaner)
    assert written(tmp_path / "out") == {"a.txt", "2021/mai/b.txt", "2021/c.txt"}
    assert (report.sources, report.cleaned, report.articles, report.set_aside) == (3, 3, 3, ())
    for name in written(tmp_path / "out"):
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert any(paragraph in text for paragraph in BODY)
        assert not any(noise in text for noise in GONE)
    assert list(verify(tmp_path / "out")) == []


def test_names_that_collide_are_all_written(tmp_path: Path, cleaner: Cleaner) -> None:
    """a.txt, a.html, a.md and A.txt each get a clean file of their own, also where case does not count."""
    names = {"a.txt": STORY, "a.html": page(), "a.md": OTHER, "A.txt": STORY}
    out = tmp_path / "out"
    report = clean_corpus([tree(tmp_path / "in", names)], out, cleaner)
    owners = {output.path.lower(): source for source, entry in entries(out).items() for output in entry.source.outputs}
    assert report.cleaned == len(written(out)) == len(owners) == len(names)
    assert set(owners.values()) == set(names)
    [changed] = [path for path in written(out) if "Privas" in (out / path).read_text(encoding="utf-8")]
    assert owners[changed.lower()] == "a.md"


def test_names_that_differ_in_case_alone_are_apart(tmp_path: Path, cleaner: Cleaner) -> None:
    """On a disk where case does not count, the second of a.txt and A.md must not write over the first."""
    source = tree(tmp_path / "in", {"a.txt": STORY, "A.md": STORY})
    clean_corpus([source / "a.txt", source / "A.md"], tmp_path / "out", cleaner)
    assert len({path.lower() for path in written(tmp_path / "out")}) == 2


def test_same_name_from_two_places_loses_neither(tmp_path: Path, cleaner: Cleaner) -> None:
    """Two inputs named alike in different folders are two sources, and both their texts come out."""
    source = tree(tmp_path / "in", {"x/a.txt": STORY, "y/a.txt": OTHER})
    clean_corpus([source / "x/a.txt", source / "y/a.txt"], tmp_path / "out", cleaner)
    text = "".join((tmp_path / "out" / path).read_text(encoding="utf-8") for path in written(tmp_path / "out"))
    assert ("Vernoux" in text, "Privas" in text) == (True, True)
    assert len(entries(tmp_path / "out")) == 2, "each source needs its own name in the audit"


def test_folders_of_one_name_lose_neither(tmp_path: Path, cleaner: Cleaner) -> None:
    """Two input folders whose last names are alike do not hide each other's files."""
    source = tree(tmp_path, {"x/news/a.txt": STORY, "y/news/a.txt": OTHER})
    clean_corpus([source / "x/news", source / "y/news"], tmp_path / "out", cleaner)
    text = "".join((tmp_path / "out" / path).read_text(encoding="utf-8") for path in written(tmp_path / "out"))
    assert ("Vernoux" in text, "Privas" in text) == (True, True)


def test_input_given_twice_is_cleaned_once(tmp_path: Path, cleaner: Cleaner) -> None:
    """A file named outright and again through its folder is one source."""
    source = tree(tmp_path / "in", {"a.txt": STORY})
    assert clean_corpus([source, source], tmp_path / "out", cleaner).sources == 1


def test_folder_named_like_a_clean_file_does_not_stop_the_run(tmp_path: Path, cleaner: Cleaner) -> None:
    """A mirror with `page.html` beside a folder `page.txt/` is cleaned whole."""
    source = tree(tmp_path / "in", {"page.html": page(), "page.txt/b.txt": STORY})
    report = clean_corpus([source], tmp_path / "out", cleaner)
    assert (report.cleaned, len(written(tmp_path / "out"))) == (2, 2)


def test_longest_file_name_does_not_stop_the_run(tmp_path: Path, cleaner: Cleaner) -> None:
    """A name as long as the file system allows is cleaned, and so are the others."""
    report = clean_corpus([tree(tmp_path / "in", {"a.txt": STORY, "x" * 251 + ".txt": STORY})], tmp_path / "out", cleaner)
    assert (report.cleaned, len(written(tmp_path / "out"))) == (2, 2)


def test_undecodable_file_name_is_cleaned(tmp_path: Path, cleaner: Cleaner) -> None:
    """A file name that is not UTF-8 goes through the audit and back."""
    source = tree(tmp_path / "in", {"a.txt": STORY})
    name = os.fsdecode(b"caf\xe9.txt")
    try:
        (source / name).write_text(STORY, encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    clean_corpus([source], tmp_path / "out", cleaner)
    assert set(entries(tmp_path / "out")) == {"a.txt", name}
    assert list(verify(tmp_path / "out")) == []


def test_several_articles_of_a_source_are_numbered(tmp_path: Path, cleaner: Cleaner) -> None:
    """A source in which further articles open gives one numbered file each, and no name is taken twice."""
    source = tree(tmp_path / "in", {"a.txt": STORY + "\n\n" + OTHER, "a-1.txt": STORY})
    out = tmp_path / "out"
    clean_corpus([source], out, cleaner)
    rows = [json.loads(line) for line in (out / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    second = [row for row in rows if row["source"] == "a.txt" and row.get("text") == "Accueil"][1]
    for row in rows:
        if "opens" in row:
            row["opens"] = row is second
    (out / "audit.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    redecide(out, cleaner.policy, into=tmp_path / "cut")
    outputs = {s: [(o.path, o.start) for o in e.source.outputs] for s, e in entries(tmp_path / "cut").items()}
    [(first, start), (last, cut)] = outputs["a.txt"]
    assert (start, cut) == (0, second["index"])
    assert {first, last, outputs["a-1.txt"][0][0]} == written(tmp_path / "cut")
    assert "Vernoux" in (tmp_path / "cut" / first).read_text(encoding="utf-8")
    assert "Vernoux" not in (tmp_path / "cut" / last).read_text(encoding="utf-8")
    assert "Privas" in (tmp_path / "cut" / last).read_text(encoding="utf-8")
    assert all(Path(path).stem.split("~")[0].endswith(("-1", "-2")) for path in (first, last))
    assert list(verify(tmp_path / "cut")) == []


BAD = {
    "empty.txt": b"",
    "empty.html": b"",
    "blank.txt": b" \n\n\t\n",
    "picture.txt": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
    "nul.txt": b"\0" * 600,
    "noise.txt": bytes(range(1, 32)) * 40,
    "scripts.html": b"<!DOCTYPE html><html><body><script>var a = 1;</script></body></html>",
}


def test_bad_sources_are_set_aside_and_others_cleaned(tmp_path: Path, cleaner: Cleaner) -> None:
    """Files that hold no text are each named with a reason, and the good one beside them is cleaned."""
    report = clean_corpus([tree(tmp_path / "in", {"good.txt": STORY, **BAD})], tmp_path / "out", cleaner)
    assert {source for source, _ in report.set_aside} == set(BAD)
    assert all(reason.strip() for _, reason in report.set_aside)
    assert written(tmp_path / "out") == {"good.txt"}
    assert report.sources == report.cleaned + len(report.set_aside) == len(BAD) + 1
    for source, reason in report.set_aside:
        line = entries(tmp_path / "out")[source].source
        assert (line.reason, line.outputs) == (reason, ())
        assert line.status != "cleaned"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="links and pipes of a POSIX file system")
def test_unreadable_sources_are_set_aside(tmp_path: Path, cleaner: Cleaner) -> None:
    """Link loops, dangling links, pipes and forbidden files neither stop nor block the run."""
    source = tree(tmp_path / "in", {"good.txt": STORY, "secret.txt": STORY})
    (source / "loop.txt").symlink_to("loop.txt")
    (source / "dangling.txt").symlink_to("nowhere.txt")
    (source / "round").symlink_to(source, target_is_directory=True)
    os.mkfifo(source / "pipe.txt")
    (source / "secret.txt").chmod(0)
    bad = {"loop.txt", "dangling.txt", "pipe.txt"} | (set() if os.access(source / "secret.txt", os.R_OK) else {"secret.txt"})
    report = clean_corpus([source], tmp_path / "out", cleaner)
    aside = dict(report.set_aside)
    assert set(aside) == bad
    assert all(str(source / name) in reason for name, reason in aside.items())
    assert "circle" in aside["loop.txt"]
    assert "good.txt" in written(tmp_path / "out")


def test_link_loop_named_outright_is_set_aside(tmp_path: Path, cleaner: Cleaner) -> None:
    """A link that leads to itself, given as an argument, ends as a set-aside source."""
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    report = clean_corpus([tmp_path / "loop.txt"], tmp_path / "out", cleaner)
    assert [source for source, _ in report.set_aside] == ["loop.txt"]


def test_wrong_encoding_is_read_right_and_recorded(tmp_path: Path, cleaner: Cleaner) -> None:
    """A page that declares UTF-8 but is windows-1252 keeps its accents, and the audit says what decided."""
    files = {
        "lies.html": page().encode("cp1252"),
        "old.txt": STORY.encode("cp1252"),
        "nonsense.html": page(charset="x-no-such").encode(),
        "good.txt": STORY,
    }
    clean_corpus([tree(tmp_path / "in", files)], tmp_path / "out", cleaner)
    for name in files:
        text = (tmp_path / "out" / name).with_suffix(".txt").read_text(encoding="utf-8")
        assert any(paragraph in text for paragraph in BODY)
    reasons = {source: entry.source.encoding_reason for source, entry in entries(tmp_path / "out").items()}
    assert reasons == {"lies.html": "sniffed", "old.txt": "sniffed", "nonsense.html": "utf-8", "good.txt": "utf-8"}


def test_damaged_encoding_is_never_silent(tmp_path: Path, cleaner: Cleaner) -> None:
    """Bytes that no encoding explains are recorded as repaired, and still come back exactly."""
    raw = "é".encode() * 40 + b" \xff " + STORY.encode()
    clean_corpus([tree(tmp_path / "in", {"a.txt": raw})], tmp_path / "out", cleaner)
    entry = entries(tmp_path / "out")["a.txt"]
    assert entry.source.encoding_reason == "repaired"
    assert entry.source.sha256 == sha256(raw).hexdigest()
    assert list(verify(tmp_path / "out")) == []


def test_inputs_never_change(tmp_path: Path, cleaner: Cleaner) -> None:
    """After runs in each format, also into a folder inside the input, every input file has its bytes and its time."""
    source = tree(tmp_path / "in", {"a.txt": STORY, "b/c.html": page(), **BAD})
    before = contents(source), {path: path.stat().st_mtime_ns for path in source.rglob("*") if path.is_file()}
    for kind in ("txt", "md", "jsonl"):
        clean_corpus([source], source / "clean", cleaner, format=kind)
    after = {name: digest for name, digest in contents(source).items() if not name.startswith("clean/")}
    assert (after, {path: path.stat().st_mtime_ns for path in before[1]}) == before


def test_output_inside_the_input_is_not_read(tmp_path: Path, cleaner: Cleaner) -> None:
    """Runs into a folder inside the input clean the input alone, the second time too."""
    source = tree(tmp_path / "in", {"a.txt": STORY, "sub/b.txt": STORY})
    first = clean_corpus([source], source / "sub/clean", cleaner)
    once = contents(source)
    assert clean_corpus([source], source / "sub/clean", cleaner) == first
    assert (first.sources, contents(source)) == (2, once)


@pytest.mark.parametrize("out", ["in", "in/../in", ".", "link", "in/b"])
def test_output_over_an_input_is_refused(tmp_path: Path, cleaner: Cleaner, out: str) -> None:
    """An output folder that is, or holds, an input is refused before anything is written."""
    source = tree(tmp_path / "in", {"a.txt": STORY, "b/c.txt": STORY})
    (tmp_path / "link").symlink_to("in", target_is_directory=True)
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="choose another"):
        clean_corpus([source, source / "b" / "c.txt"], tmp_path / out, cleaner)
    assert contents(tmp_path) == before


def test_foreign_output_is_refused(tmp_path: Path, cleaner: Cleaner) -> None:
    """A folder that holds somebody's files, or a file in the folder's place, is left as it is."""
    source = tree(tmp_path / "in", {"a.txt": STORY})
    theirs = tree(tmp_path / "theirs", {"a.txt": "mine\n"})
    for out in (theirs, theirs / "a.txt"):
        with pytest.raises(OutputError, match=str(out)):
            clean_corpus([source], out, cleaner)
    assert contents(theirs) == {"a.txt": sha256(b"mine\n").hexdigest()}


def test_empty_output_folder_is_taken(tmp_path: Path, cleaner: Cleaner) -> None:
    """A folder made beforehand is no obstacle."""
    (tmp_path / "out").mkdir()
    assert clean_corpus([tree(tmp_path / "in", {"a.txt": STORY})], tmp_path / "out", cleaner).cleaned == 1


def test_deciding_into_a_foreign_folder_is_refused(tmp_path: Path, cleaner: Cleaner) -> None:
    """Re-deciding into the folder of the originals must not write over them."""
    source = tree(tmp_path / "in", {"a.txt": STORY})
    clean_corpus([source], tmp_path / "out", cleaner)
    with pytest.raises(OutputError, match=str(source)):
        redecide(tmp_path / "out", load_policy(), into=source)
    assert contents(source) == {"a.txt": sha256(STORY.encode()).hexdigest()}


def test_rerun_overwrites_and_leaves_nothing_stale(tmp_path: Path, cleaner: Cleaner) -> None:
    """After inputs changed and went, a rerun holds exactly what the inputs give now, in the new format."""
    source = tree(tmp_path / "in", {"a.txt": STORY, "b/c.txt": STORY})
    out = tmp_path / "out"
    clean_corpus([source], out, cleaner)
    (source / "b/c.txt").unlink()
    tree(source, {"a.txt": OTHER, "d.txt": STORY})
    clean_corpus([source], out, cleaner)
    assert written(out) == {"a.txt", "d.txt"}
    assert "Privas" in (out / "a.txt").read_text(encoding="utf-8")
    for kind, names in (("md", {"a.md", "d.md"}), ("jsonl", {"articles.jsonl"}), ("txt", {"a.txt", "d.txt"})):
        clean_corpus([source], out, cleaner, format=kind)
        assert written(out) == names
        assert list(verify(out)) == []


def test_rerun_never_deletes_outside_its_folder(tmp_path: Path, cleaner: Cleaner) -> None:
    """An audit that names a path outside the output folder cannot make a rerun delete that file."""
    source = tree(tmp_path / "in", {"a.txt": STORY})
    (tmp_path / "victim.txt").write_text("mine\n", encoding="utf-8")
    clean_corpus([source], tmp_path / "out", cleaner)
    [entry] = read_entries(tmp_path / "out/audit.jsonl")
    lines = "\n".join(entry_lines(entry)).replace('"path":"a.txt"', '"path":"../victim.txt"')
    (tmp_path / "out/audit.jsonl").write_text(lines + "\n", encoding="utf-8")
    try:
        clean_corpus([source], tmp_path / "out", cleaner)
    finally:
        assert (tmp_path / "victim.txt").exists()


def test_failed_run_keeps_the_earlier_audit(tmp_path: Path, cleaner: Cleaner) -> None:
    """When a clean file cannot be written, the error names it, no file stays open, and the earlier audit still stands."""
    source = tree(tmp_path / "in", {"a.txt": STORY})
    out = tmp_path / "out"
    clean_corpus([source], out, cleaner)
    earlier = (out / "audit.jsonl").read_bytes()
    (out / "a.txt").unlink()
    (out / "a.txt").mkdir()
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always", ResourceWarning)
        with pytest.raises(OutputError, match=str(out / "a.txt")):
            clean_corpus([source], out, cleaner, format="txt")
        gc.collect()
    assert [str(warning.message) for warning in left_open] == []
    assert (out / "audit.jsonl").read_bytes() == earlier


def test_workers_do_not_change_a_byte(tmp_path: Path, cleaner: Cleaner) -> None:
    """One process and two give the same folder, over more than one shard and with bad sources between."""
    files = {f"{number:02}.txt": STORY.replace("onze", f"{number}") for number in range(26)}
    files |= {name: raw for name, raw in BAD.items() if name.endswith(".txt")}
    source = tree(tmp_path / "in", files)
    seen: list[int] = []
    reports = [
        clean_corpus([source], tmp_path / f"out{workers}", cleaner, workers=workers, progress=seen.append) for workers in (1, 2)
    ]
    assert reports[0] == reports[1]
    assert contents(tmp_path / "out1") == contents(tmp_path / "out2")
    assert sum(seen) == 2 * len(files)


def test_jsonl_holds_one_record_an_article(tmp_path: Path, cleaner: Cleaner) -> None:
    """Records name their source, their places cut their own text, and what they say left is what the audit says."""
    source = tree(tmp_path / "in", {"a.txt": STORY, "b.html": page(), "empty.txt": b""})
    out = tmp_path / "out"
    clean_corpus([source], out, cleaner, format="jsonl")
    assert written(out) == {"articles.jsonl"}
    records = [json.loads(line) for line in (out / "articles.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["source"] for record in records] == ["a.txt", "b.html"]
    for record in records:
        assert any(paragraph in record["text"] for paragraph in BODY)
        assert all(record["text"][p["start"] : p["end"]] == p["text"] for p in record["paragraphs"])
        assert record["text"] == "\n\n".join(p["text"] for p in record["paragraphs"])
        gone = [p.label for p in entries(out)[record["source"]].paragraphs if p.decision in ("remove", "metadata")]
        assert record["removed"] == {label: gone.count(label) for label in set(gone)}
        assert (record["model"], record["policy"]) == (cleaner.model.digest, cleaner.policy.digest)
    assert (records[0]["author"], records[0]["date"], records[0]["language"]) == ("Lise Morel", "2021-05-03", "fr")


def test_jsonl_of_no_article_is_sound(tmp_path: Path, cleaner: Cleaner) -> None:
    """A run in which every source is set aside leaves a folder that verify accepts."""
    clean_corpus([tree(tmp_path / "in", {"empty.txt": b""})], tmp_path / "out", cleaner, format="jsonl")
    assert list(verify(tmp_path / "out")) == []


def test_front_matter_survives_any_title(tmp_path: Path, cleaner: Cleaner) -> None:
    r"""A title with quotes, colons, backslashes and marks of YAML is read back from the front matter as it was."""
    title = """Le "pont" : c'est \\ ouvert # --- [à tous] {enfin} & gratuit, 100 % « neuf »"""
    escaped = title.replace("&", "&amp;").replace('"', "&quot;")
    clean_corpus([tree(tmp_path / "in", {"a.html": page(title=escaped)})], tmp_path / "out", cleaner, format="md")
    head, body = front_matter((tmp_path / "out/a.md").read_text(encoding="utf-8"))
    assert head["title"] == title
    assert head["source"] == "a.html"
    assert any(paragraph in body for paragraph in BODY)


def test_markdown_marks_the_title(tmp_path: Path, cleaner: Cleaner) -> None:
    """A text's front matter holds title, author, date and language, and the heading is a heading."""
    clean_corpus([tree(tmp_path / "in", {"sub/a.txt": STORY})], tmp_path / "out", cleaner, format="md")
    head, body = front_matter((tmp_path / "out/sub/a.md").read_text(encoding="utf-8"))
    assert head == {
        "title": "Le marché couvert de Vernoux rouvre ses portes",
        "author": "Lise Morel",
        "date": "2021-05-03",
        "language": "fr",
        "source": "sub/a.txt",
    }
    assert body.startswith("# Le marché couvert de Vernoux rouvre ses portes\n\n")


def front_matter(markdown: str) -> tuple[dict[str, str], str]:
    """Fields and body; every value must be a JSON string, which is also a YAML double-quoted one."""
    mark, front, body = markdown.split("---\n", 2)
    assert mark == ""
    fields = [line.split(": ", 1) for line in front.splitlines()]
    assert body.startswith("\n")
    return {name: json.loads(value) for name, value in fields}, body.removeprefix("\n")
