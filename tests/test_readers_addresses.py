"""Files elsewhere: what fsspec reaches is listed and read like a folder, and nothing else is called."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from made_inputs import http, page, raws, warc_record

from cleaner.errors import SourceError, UsageError
from cleaner.readers import Rejected, input_of, list_inputs, open_input, read_bytes, read_records


@pytest.fixture
def bucket() -> Iterator[str]:
    """A bucket in memory with a few files."""
    system = fsspec.filesystem("memory")
    for name, content in {
        "news/b.txt": b"The ferry sank.",
        "news/a.html.gz": gzip.compress(page(1)),
        "news/deep/c.jsonl": b'{"text": "one"}\n{"text": "two"}\n',
        "news/photo.jpg": b"\xff\xd8",
        "news/.hidden/d.txt": b"no",
        "news/.e.txt": b"no",
        "other/b.txt": b"The bridge reopens.",
        "archive.warc.gz": gzip.compress(warc_record(http(page(2)))),
    }.items():
        system.pipe_file(f"/corpus/{name}", content)
    yield "memory://corpus"
    system.rm("/corpus", recursive=True)


def test_a_folder_elsewhere_is_listed_and_read(bucket: str) -> None:
    """All readable files below an address come in a fixed order, named as those of a folder are, and are read."""
    items = list(list_inputs([f"{bucket}/news"]))
    assert [(item.id, item.container, item.codec) for item in items] == [
        ("a.html.gz", "file", "gz"),
        ("b.txt", "file", ""),
        ("deep/c.jsonl", "jsonl", ""),
    ]
    assert [raw for item in items for raw in raws(item)] == [page(1), b"The ferry sank.", b"one", b"two"]
    assert list(list_inputs([f"{bucket}/news/"])) == items


@pytest.mark.parametrize("address", ["archive.warc.gz", "*.warc.gz", "**/*.warc.gz"])
def test_one_file_and_patterns_elsewhere(bucket: str, address: str) -> None:
    """A file that is named outright and one that a pattern matches are read the same."""
    [item] = list_inputs([f"{bucket}/{address}"])
    assert item.id == "archive.warc.gz"
    assert raws(item) == [page(2)]


def test_places_keep_their_files_apart(bucket: str, tmp_path: Path) -> None:
    """Files of the same name in two buckets and a folder have three names in the output, and each is listed once."""
    (tmp_path / "b.txt").write_bytes(b"Here.")
    items = list(list_inputs([f"{bucket}/news", f"{bucket}/other", tmp_path, f"{bucket}/other/b.txt"]))
    texts = {raw for item in items for raw in raws(item)}
    assert {b"The ferry sank.", b"The bridge reopens.", b"Here."} <= texts
    assert len({item.id for item in items}) == len(items) == 5


def test_this_machine_s_files_by_address_are_paths(tmp_path: Path) -> None:
    """`file://` means the same files as their paths do, under the same rules."""
    (tmp_path / "a.txt").write_bytes(b"one")
    assert list(list_inputs([f"file://{tmp_path}"])) == list(list_inputs([tmp_path]))
    [item] = list_inputs([f"file://{tmp_path}/a.txt"])
    assert isinstance(item.path, Path)
    assert raws(item) == [b"one"]


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/a.html",
        "https://example.org/",
        "simplecache::memory://corpus",
        "memory://a::http://example.org/b",
        "nonsense://a",
        "github://a:b@c/d",
    ],
)
def test_strangers_servers_are_not_called(address: str) -> None:
    """No web address and no chain of file systems is opened, whether it is given or stands in an input."""
    with pytest.raises(UsageError, match="fetch others first"):
        list(list_inputs([address]))
    with pytest.raises(UsageError, match="fetch others first"):
        list(read_records(input_of(address, "a.html")))


def test_addresses_that_lead_nowhere(bucket: str) -> None:
    """A misspelt address stops the run with its name; a file that went away is set aside."""
    for address in (f"{bucket}/nothing", f"{bucket}/*.nothing"):
        with pytest.raises(UsageError, match="no such file"):
            list(list_inputs([address]))
    gone = input_of(f"{bucket}/gone.txt", "gone.txt")
    [rejected] = read_records(gone)
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, "gone.txt" in rejected.message) == ("unreadable", True)
    with pytest.raises(SourceError, match=r"gone\.txt"):
        read_bytes(gone)


def test_packed_bytes_can_be_had_as_they_are(bucket: str) -> None:
    """What names a unit of work by its bytes gets those of the file itself, here and elsewhere."""
    [item] = list_inputs([f"{bucket}/news/a.html.gz"])
    with open_input(item) as stream:
        assert gzip.decompress(stream.read()) == page(1)
