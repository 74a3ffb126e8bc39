"""Web archives (WARC): our framing, so that damage stays where it is; FastWARC parses each whole record."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from cleaner.errors import UsageError
from cleaner.readers.fields import Fields
from cleaner.readers.frames import SIGN, Broken, Cutter, Frame
from cleaner.readers.inputs import Input, shown
from cleaner.readers.payload import PayloadError, payload_of, with_charset
from cleaner.readers.records import RAW_BYTES, Limits, Record, Rejected
from cleaner.readers.unpacking import Break, unpack
from cleaner.readers.window import Stream

TYPES = ("response", "resource", "conversion")
"""Records that may hold a page."""
OTHER_TYPES = ("warcinfo", "request", "metadata", "revisit", "continuation")
"""Those that hold none of their own. A type that is neither is damage, or an archive that we do not know."""
KINDS = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text", "text/markdown": "text"}
"""Media types that are read; pictures, scripts and data are no articles."""
_METADATA = {"url": "warc-target-uri", "id": "warc-record-id", "archived": "warc-date", "truncated": "warc-truncated"}
_DIGESTS = ("md5", "sha1", "sha256", "sha512")

_HTTP_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_CHARSET = re.compile(r"charset\s{0,5}=\s{0,5}[\"']?([\w.:-]{2,40})")


class _Place(NamedTuple):
    """Where a record begins: the member in the file, and its place within the member's plain bytes."""

    at: int
    offset: int
    packed: bool

    def id(self, source: str) -> str:
        place = f"{self.at}+{self.offset}" if self.packed and self.offset else str(self.at + self.offset)
        return f"{source}#{place}"


def read_warc(stream: Stream, item: Input, codec: str, fields: Fields, limits: Limits) -> Iterator[Record | Rejected]:
    """Every response, resource and conversion with HTML or text.

    Answers with a status other than 2xx are pages of the server, not articles, and are left out like
    requests and pictures. A record that is damaged, cut short or not the one that was archived is
    Rejected, and reading goes on at the next one. The format names its own fields, so `fields` says
    nothing here. Raises UsageError where FastWARC is missing.
    """
    del fields
    parse = _parser()
    for place, found in _frames(stream, codec, limits):
        name = place.id(item.id)
        reason, message = (found.reason, found.message) if isinstance(found, Broken) else ("", "")
        record = None
        if isinstance(found, Frame):
            try:
                record = _record(found, name, parse, limits)
            except PayloadError as error:
                reason, message = error.reason, str(error)
        if reason:
            where = f"{shown(item.id)}: record at byte {name.rpartition('#')[2]}"
            yield Rejected(name, reason, f"{where}: {message}", found.raw[:RAW_BYTES])
        elif record:
            yield record


def _frames(stream: Stream, codec: str, limits: Limits) -> Iterator[tuple[_Place, Frame | Broken]]:
    """Whole records, each once its member is known to be sound as far as the record goes.

    The last record of a member waits for the member's checksum; those before it cannot, as a member
    may be the whole archive.
    """
    packed = bool(codec)
    cutter, waiting = Cutter(limits, packed=packed), None
    for piece in unpack(stream, codec, limits, resync=SIGN):
        if isinstance(piece, Break):
            if waiting:
                place, found = waiting
                yield place, Broken(place.offset, piece.reason, f"not checked, as its {piece.message}", found.raw[:RAW_BYTES])
            broken = cutter.rest(piece.reason, piece.message)
            if broken.raw or not waiting:
                yield _Place(piece.at, broken.offset, packed), broken
        else:
            for found in cutter.feed(piece.plain, last=piece.ends):
                if waiting:
                    yield waiting
                waiting = _Place(piece.at, found.offset, packed), found
        if isinstance(piece, Break) or piece.ends:
            if waiting and not isinstance(piece, Break):
                yield waiting
            cutter, waiting = Cutter(limits, packed=packed), None


def _parser() -> Callable[[bytes], Any]:
    """What parses the headers of one record."""
    try:
        from fastwarc.warc import ArchiveIterator
    except ImportError as error:
        raise UsageError("web archives need FastWARC; pip install 'cleaner[warc]'") from error

    def parse(headers: bytes) -> Any:
        try:
            records = ArchiveIterator(io.BytesIO(headers), auto_decode="none", stream_detect=False, fsspec_args=False)
            return next(iter(records), None)
        except (OSError, ValueError) as error:
            raise PayloadError("bad-record", f"cannot be parsed ({error})") from error

    return parse


def _record(frame: Frame, id: str, parse: Callable[[bytes], Any], limits: Limits) -> Record | None:
    """The page of a record; None where it holds none. Raises PayloadError where it is damaged."""
    content = frame.raw[frame.body :]
    http = _HTTP_END.search(content)
    head = _LINE_END.sub(b"\r\n", content[: http.end()]) if http else b""
    record = parse(frame.raw[: frame.body] + head)
    if record is None:
        raise PayloadError("bad-record", "cannot be parsed")
    headers = _lowered(record.headers)
    type_ = headers.get("warc-type", "").lower()
    if type_ in OTHER_TYPES:
        return None
    if type_ not in TYPES:
        raise PayloadError("bad-record", f"its type is {type_[:40]!r}, none of {', '.join(TYPES + OTHER_TYPES)}")
    _check_digest(headers.get("warc-block-digest", ""), content)
    if not record.is_http:
        if content.startswith(b"HTTP/"):
            raise PayloadError("bad-record", "an HTTP response whose Content-Type is not application/http")
        media, charset = _media(headers.get("content-type", ""))
        return Record(id, with_charset(content, charset), KINDS[media], _metadata(headers)) if media in KINDS else None
    if http is None or record.http_headers is None or record.http_headers.status_code is None:
        raise PayloadError("bad-record", "holds no HTTP response with a status and an end of its header")
    if record.http_headers.status_code // 100 != 2:
        return None
    return _response(content[http.end() :], _lowered(record.http_headers), headers, id, limits)


def _response(body: bytes, http: Mapping[str, str], headers: Mapping[str, str], id: str, limits: Limits) -> Record | None:
    media, charset = _media(http.get("content-type", ""))
    if media and media not in KINDS:
        return None
    raw = payload_of(body, http.get("transfer-encoding", ""), http.get("content-encoding", ""), limits)
    if not media and not raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return None
    return Record(id, with_charset(raw, charset), KINDS.get(media), _metadata(headers))


def _lowered(headers: Any) -> dict[str, str]:
    """Headers by lower-case name; those that stand twice one after the other, as HTTP reads them."""
    found: dict[str, str] = {}
    for given, value in headers.items() if headers else ():
        name = given.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _media(content_type: str) -> tuple[str, str]:
    """Media type and charset of a Content-Type, in lower case; empty where it names none."""
    media, _, parameters = content_type.lower().partition(";")
    charset = _CHARSET.search(parameters)
    return media.strip(), charset[1] if charset else ""


def _metadata(headers: Mapping[str, str]) -> dict[str, str]:
    found = {key: headers.get(name, "").strip("<> ") for key, name in _METADATA.items()}
    return {key: value for key, value in found.items() if value}


def _check_digest(named: str, content: bytes) -> None:
    """Raise PayloadError where the digest that a header names is not that of the content; unknown kinds pass."""
    kind, _, value = named.strip().lower().partition(":")
    kind = kind.replace("-", "")
    if kind not in _DIGESTS or not value:
        return
    digest = hashlib.new(kind, content, usedforsecurity=False)
    forms = (digest.hexdigest(), base64.b32encode(digest.digest()).decode().lower())
    if value.rstrip("=") not in (form.rstrip("=") for form in forms):
        raise PayloadError("digest", f"its bytes do not give the digest {named[:80]} that its header names")
