"""Files and folders are read in one order, each once; what cannot be read is named and the rest goes on."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cleaner import Cleaner
from cleaner.corpus import clean_corpus
from cleaner.decoding import decode
from cleaner.errors import CleanerError, SourceError, UsageError
from cleaner.readers import MOST_BYTES, Rejected, ascii_safe, input_of, list_inputs, read_bytes, read_records, split_readable

ARTICLE = "The bridge reopens on Monday.\n\nThe mayor said that the repairs had taken eleven months and three funds.\n"
NOBODY = 65534


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(ARTICLE, encoding="utf-8")
    return folder


def ids(*paths: Path, exclude: Path | None = None) -> list[str]:
    return [found.id for found in list_inputs(paths, exclude=exclude)]


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that another user could read: pytest's own are closed to everyone else."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def without_rights(path: Path) -> Iterator[None]:
    """Take a path's rights away; as root, who needs none, be nobody for a while."""
    mode, user = path.stat().st_mode, os.geteuid()
    path.chmod(0)
    try:
        if user == 0:
            os.seteuid(NOBODY)
        yield
    finally:
        os.seteuid(user)
        path.chmod(mode)


@contextmanager
def within_seconds(seconds: float) -> Iterator[None]:
    """Fail instead of hanging."""

    def stop(*_: object) -> None:
        raise TimeoutError("reading blocks")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_folders_are_read_in_a_fixed_order(tmp_path: Path) -> None:
    """The same folder is listed in the same order whenever and however its files were made."""
    names = ["b.txt", "a.html", "sub/z.md", "sub/a.txt", "another/m.txt", "sub/deep/k.htm", "Z.txt"]
    one, two = put(tmp_path / "one", *names), put(tmp_path / "two", *reversed(names))
    assert ids(one) == ids(two) == ["Z.txt", "a.html", "b.txt", "another/m.txt", "sub/a.txt", "sub/z.md", "sub/deep/k.htm"]


def test_many_folders_are_read_in_order(tmp_path: Path) -> None:
    """Sub-folders come by name, not as the disk happens to hold them."""
    names = [f"{number:02}/a.txt" for number in range(30)]
    assert ids(put(tmp_path, *(names[(number * 7) % 30] for number in range(30)))) == names


def test_endings_tell_the_kind(tmp_path: Path) -> None:
    """A file's ending, in either case, says whether it is a page or a text."""
    put(tmp_path, "a.TXT", "b.Html", "c.md", "d.htm", "e.xhtml", "f.text")
    kinds = {found.id: found.kind for found in list_inputs([tmp_path])}
    assert kinds == {"a.TXT": "text", "b.Html": "html", "c.md": "text", "d.htm": "html", "e.xhtml": "html", "f.text": "text"}
    assert [found.kind for found in list_inputs([tmp_path / "a.TXT", tmp_path / "b.Html"])] == ["text", "html"]


def test_patterns_are_read_like_folders(tmp_path: Path) -> None:
    """A quoted pattern gives the known files that it matches, by name, relative to its folder; the output folder is left out."""
    put(tmp_path, "news/b.txt", "news/a.html", "news/deep/c.txt", "news/photo.jpg", "news/d.txt/e.txt", "news/out/f.txt")
    assert ids(tmp_path / "news" / "*.txt") == ["b.txt"]
    found = ["a.html", "b.txt", "d.txt/e.txt", "deep/c.txt"]
    assert ids(tmp_path / "news" / "**" / "*", exclude=tmp_path / "news" / "out") == found
    with pytest.raises(UsageError, match=r"\*\.jpg: matches no file"):
        ids(tmp_path / "news" / "*.jpg")


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    """Brackets in a name are part of it when there is such a file."""
    put(tmp_path, "a[1].txt", "a1.txt")
    assert ids(tmp_path / "a[1].txt") == ["a[1].txt"]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that opens and cannot be read is what Linux has")
def test_a_disk_that_fails_while_a_file_is_read_costs_that_file() -> None:
    """An I/O error in the middle of a file is one more file set aside, in a container too."""
    for name in ("mem.txt", "mem.jsonl", "mem.parquet", "mem.warc"):
        [rejected] = read_records(input_of(Path("/proc/self/mem"), name))
        assert isinstance(rejected, Rejected)
        assert (rejected.id, rejected.reason) == (name, "unreadable")


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    """Files and folders whose name begins with a dot are nobody's articles."""
    put(tmp_path, "a.txt", ".hidden.txt", ".git/b.txt", "sub/.c.txt", "sub/d.txt")
    assert ids(tmp_path) == ["a.txt", "sub/d.txt"]


def test_a_hidden_folder_that_is_named_is_read(tmp_path: Path) -> None:
    """Who names a hidden folder or file outright wants it read."""
    put(tmp_path, ".drafts/a.txt", ".b.txt")
    assert ids(tmp_path / ".drafts") == ["a.txt"]
    assert ids(tmp_path / ".b.txt") == [".b.txt"]


def test_unknown_endings_are_left_out_of_folders_and_read_when_named(tmp_path: Path) -> None:
    """A folder's pictures and sheets are passed over, but a file that is named is read, whatever it is called."""
    put(tmp_path, "a.txt", "photo.jpg", "README", "table.xlsx", "photo.jpg.gz")
    assert ids(tmp_path) == ["a.txt"]
    [named] = list_inputs([tmp_path / "README"])
    assert (named.id, named.kind) == ("README", None)
    assert read_bytes(named).decode() == ARTICLE


def test_the_output_folder_inside_the_input_is_left_out(tmp_path: Path) -> None:
    """Clean files of an earlier run that stand inside the input folder are not cleaned again."""
    put(tmp_path, "a.txt", "clean/a.txt", "sub/clean/b.txt")
    assert ids(tmp_path, exclude=tmp_path / "clean") == ["a.txt", "sub/clean/b.txt"]
    assert ids(tmp_path, exclude=tmp_path / "sub" / ".." / "clean") == ["a.txt", "sub/clean/b.txt"]


def test_a_second_run_into_the_input_folder_sees_the_same_sources(tmp_path: Path, cleaner: Cleaner) -> None:
    """Cleaning twice into a folder inside the input gives the same sources and the same bytes."""
    put(tmp_path, "a.txt", "sub/b.txt")
    out = tmp_path / "clean"
    first = clean_corpus([tmp_path], out, cleaner)
    audit = (out / "audit.jsonl").read_bytes()
    second = clean_corpus([tmp_path], out, cleaner)
    assert (first.sources, second.sources) == (2, 2)
    assert (out / "audit.jsonl").read_bytes() == audit


def test_a_missing_path_stops_before_anything_is_read(tmp_path: Path) -> None:
    """A misspelt path is named, and no other file is read first."""
    put(tmp_path, "a.txt")
    found = list_inputs([tmp_path / "a.txt", tmp_path / "absent.txt"])
    with pytest.raises(UsageError, match=r"absent\.txt"):
        next(found)


def test_several_folders_keep_their_files_apart(tmp_path: Path) -> None:
    """Files of the same name in two given folders have two names in the output."""
    put(tmp_path, "north/a.txt", "south/a.txt")
    assert ids(tmp_path / "north", tmp_path / "south") == ["north/a.txt", "south/a.txt"]


@pytest.mark.parametrize(
    "given",
    [
        ("north/a.txt", "south/a.txt"),
        ("north/press", "south/press"),
        ("north/a.txt", "north", "south/a.txt"),
        ("north/press", "north"),
    ],
)
def test_no_two_inputs_share_a_name(tmp_path: Path, given: tuple[str, ...]) -> None:
    """Two different files never get one name: the clean file of one would overwrite the other's."""
    put(tmp_path, "north/a.txt", "south/a.txt", "north/press/b.txt", "south/press/b.txt")
    found = ids(*(tmp_path / name for name in given))
    assert len(set(found)) == len(found)


def test_two_named_files_of_one_name_are_both_cleaned(tmp_path: Path, cleaner: Cleaner) -> None:
    """No article is lost because another in the same run has the same file name."""
    put(tmp_path, "north/a.txt", "south/a.txt")
    (tmp_path / "south" / "a.txt").write_text(
        "The ferry sank.\n\nNobody was hurt, the harbour master said on Tuesday.\n", encoding="utf-8"
    )
    clean_corpus([tmp_path / "north" / "a.txt", tmp_path / "south" / "a.txt"], tmp_path / "out", cleaner)
    audit = (tmp_path / "out" / "audit.jsonl").read_text(encoding="utf-8")
    assert "The mayor said" in audit
    assert "harbour master" in audit


@pytest.mark.parametrize("given", [("a.txt", "a.txt"), ("sub", "sub"), (".", "a.txt"), (".", "sub"), ("sub", "sub/b.txt")])
def test_each_file_is_read_once(tmp_path: Path, given: tuple[str, ...]) -> None:
    """A file that is given twice, or by its folder too, is cleaned once."""
    put(tmp_path, "a.txt", "sub/b.txt")
    found = [item.path.resolve() for item in list_inputs([tmp_path / name for name in given])]
    assert len(set(found)) == len(found)


def test_an_unreadable_file_is_named_and_the_others_are_read(shared_folder: Path) -> None:
    """A file without read rights is a source error with its path, and its neighbours are still read."""
    put(shared_folder, "a.txt", "locked.txt", "z.txt")
    with without_rights(shared_folder / "locked.txt"):
        found = {item.id: got for item, got in split_readable(list(list_inputs([shared_folder])))}
    assert [type(got) for got in found.values()] == [bytes, SourceError, bytes]
    assert "locked.txt" in str(found["locked.txt"])
    assert "permission denied" in str(found["locked.txt"])


def test_an_unreadable_folder_is_not_passed_over_in_silence(shared_folder: Path) -> None:
    """A sub-folder that cannot be opened is reported: its articles would be missing and nobody would know."""
    put(shared_folder, "a.txt", "locked/b.txt")
    with without_rights(shared_folder / "locked"), pytest.raises(CleanerError, match="locked"):
        [read_bytes(item) for item in list_inputs([shared_folder])]


def test_a_file_that_went_away_is_a_source_error(tmp_path: Path) -> None:
    """A file deleted between listing and reading does not end the run."""
    put(tmp_path, "a.txt", "b.txt")
    items = list(list_inputs([tmp_path]))
    (tmp_path / "a.txt").unlink()
    assert [type(got) for _, got in split_readable(items)] == [SourceError, bytes]


def test_links_that_lead_nowhere_or_in_a_circle(tmp_path: Path) -> None:
    """Broken and circular links are each set aside with a reason, in a folder and named outright."""
    put(tmp_path, "z.txt")
    (tmp_path / "circle.txt").symlink_to("circle.txt")
    (tmp_path / "gone.txt").symlink_to("absent.txt")
    found = {item.id: got for item, got in split_readable(list_inputs([tmp_path]))}
    assert "circle" in str(found["circle.txt"]).removeprefix(str(tmp_path / "circle.txt"))
    assert "no such file" in str(found["gone.txt"])
    assert found["z.txt"] == ARTICLE.encode()
    for name in ("circle.txt", "gone.txt"):
        [(_, got)] = split_readable(list_inputs([tmp_path / name]))
        assert isinstance(got, SourceError)


def test_a_circular_link_given_outright_is_set_aside(tmp_path: Path, cleaner: Cleaner) -> None:
    """Naming a circular link beside a good file cleans the good one and lists the link, without a traceback."""
    put(tmp_path, "a.txt")
    (tmp_path / "circle.txt").symlink_to("circle.txt")
    report = clean_corpus([tmp_path / "a.txt", tmp_path / "circle.txt"], tmp_path / "out", cleaner)
    assert report.sources == 2
    assert "circle.txt" in dict(report.set_aside)


def test_a_folder_linked_into_itself_is_walked_once(tmp_path: Path) -> None:
    """A link back to a parent folder does not make the walk endless or its files double."""
    put(tmp_path, "sub/a.txt")
    (tmp_path / "sub" / "back").symlink_to(tmp_path)
    assert ids(tmp_path) == ["sub/a.txt"]


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    """A link to an article stands for the article."""
    put(tmp_path, "store/original.txt")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "link.txt").symlink_to(tmp_path / "store" / "original.txt")
    [(item, got)] = split_readable(list_inputs([tmp_path / "corpus"]))
    assert (item.id, got) == ("link.txt", ARTICLE.encode())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a Unix thing")
def test_a_pipe_in_a_folder_does_not_block(tmp_path: Path) -> None:
    """A named pipe that nobody writes to is set aside at once; the run does not wait for it."""
    put(tmp_path, "a.txt", "z.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    with within_seconds(2):
        found = {item.id: got for item, got in split_readable(list_inputs([tmp_path]))}
    assert [type(got) for got in found.values()] == [bytes, SourceError, bytes]
    assert "not a regular file" in str(found["pipe.txt"])


def test_a_huge_file_is_set_aside_unread(tmp_path: Path) -> None:
    """A file larger than any article is refused by its size, with what to do."""
    with (tmp_path / "huge.txt").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    [(_, got)] = split_readable(list_inputs([tmp_path]))
    assert isinstance(got, SourceError)
    assert "split it" in str(got)


def test_nul_bytes_are_read_and_judged_by_their_share(tmp_path: Path) -> None:
    """The reader gives bytes as they are: a stray NUL is text, a file of NULs is set aside when decoded."""
    (tmp_path / "stray.txt").write_bytes(ARTICLE.encode() * 3 + b"\0")
    (tmp_path / "zeros.txt").write_bytes(b"\0" * 4096)
    found = {item.id: got for item, got in split_readable(list_inputs([tmp_path]))}
    assert decode(found["stray.txt"], where="stray.txt").text == ARTICLE * 3 + "\0"
    with pytest.raises(SourceError, match=r"zeros\.txt"):
        decode(found["zeros.txt"], where="zeros.txt")


def test_sources_that_cannot_be_read_are_accounted_for(tmp_path: Path, cleaner: Cleaner) -> None:
    """A run over good, binary, empty and broken files cleans the good ones and lists each other with its reason."""
    corpus = put(tmp_path / "corpus", "good.txt")
    (corpus / "zeros.txt").write_bytes(b"\0" * 4096)
    (corpus / "empty.txt").write_bytes(b"")
    (corpus / "circle.txt").symlink_to("circle.txt")
    report = clean_corpus([corpus], tmp_path / "out", cleaner)
    reasons = dict(report.set_aside)
    assert report.sources == 4
    assert {"zeros.txt", "empty.txt", "circle.txt"} <= set(reasons)
    assert all(reasons.values())
    assert report.cleaned + len(reasons) == report.sources


@pytest.mark.skipif(os.name == "nt", reason="file names are text there")
def test_strange_file_names_are_read_and_shown_safely(tmp_path: Path) -> None:
    """A name with a line end, an escape code or bytes that are no UTF-8 is read, and its error is one plain line."""
    for name in (b"two\nlines.txt", b"\x1b[31mred.txt", b"caf\xe9.txt"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(ARTICLE, encoding="utf-8")
    items = list(list_inputs([tmp_path]))
    assert [got for _, got in split_readable(items)] == [ARTICLE.encode()] * 3
    for item in items:
        item.path.unlink()
    errors = [str(got) for _, got in split_readable(items)]
    assert all(error.isprintable() and error.encode() for error in errors)


def test_ascii_safe_keeps_letters_and_escapes_the_rest() -> None:
    """Accents and other scripts are shown as they are; what could fool a terminal is not."""
    assert ascii_safe("Été 橋 — fin.txt") == "Été 橋 — fin.txt"
    assert ascii_safe("a\x1b[2J\n\u202eb\udce9") == "a\\x1b[2J\\n\\u202eb\\udce9"
