"""The page and its questions over HTTP, on this machine alone."""

from __future__ import annotations

import json
import logging
import re
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cleaner.errors import CleanerError, OutputError, UsageError, WriteError
from cleaner.review.connections import Bounded
from cleaner.review.desk import SORTS, Asked, Desk
from cleaner.review.guard import FILES, App, Guard

STATIC = Path(__file__).parent / "static"
HOST = "127.0.0.1"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
MOST_HEAD = 16 << 10
"""Bytes of a request's head."""
AT_ONCE = 16
"""Connections that are accepted in one go: room is made between two such lots, so the open files stay few."""
WAITING = 1024
"""Connections that the system keeps until they are accepted. Beyond it a browser would try again, seconds later."""
MOST_WORDS = 200
"""Characters of a search."""
STATUS: Mapping[type[CleanerError], int] = {UsageError: 400, WriteError: 507, OutputError: 409}
_NUMBER = re.compile(r"[0-9]{1,9}")


def listen(port: int = 0) -> socket.socket:
    """A socket on this machine alone; port 0 takes a free one. Raises UsageError where the port is taken."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise UsageError(f"port {port}: cannot be listened on ({error.strerror}); choose another with --port") from error


def new_token() -> str:
    """256 bits that nobody can guess."""
    return secrets.token_urlsafe(32)


def app_of(desk: Desk, token: str, port: int) -> App:
    """The application: the guard before everything else."""
    routes = [Route(path, _file(path)) for path in sorted(FILES)]
    routes += [
        Route("/api/state", _answering(lambda _: desk.state())),
        Route("/api/queue", _answering(lambda request: desk.queue(asked_of(request.query_params.multi_items())))),
        Route("/api/article", _answering(lambda request: desk.article(_only_number(request.query_params.multi_items())))),
        Route("/api/evidence", _answering(lambda request: desk.evidence(_only_number(request.query_params.multi_items())))),
        Route("/api/label", _labelling(desk), methods=["POST"]),
    ]
    return Guard(Starlette(routes=routes), token, port)


def serve(desk: Desk, listener: socket.socket, token: str) -> None:
    """Serve until interrupted."""
    app = app_of(desk, token, listener.getsockname()[1])
    config = uvicorn.Config(
        app, http=Bounded, ws="none", lifespan="off", log_config=None, log_level="error", access_log=False, server_header=False,
        proxy_headers=False, h11_max_incomplete_event_size=MOST_HEAD, timeout_keep_alive=75, timeout_graceful_shutdown=2,
        backlog=AT_ONCE,
    )  # fmt: skip
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    with suppress(KeyboardInterrupt):
        _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Accepts few connections in one go while many may wait: to asyncio both are one number, its `backlog`."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(WAITING)


def _file(path: str) -> Callable[[Request], Awaitable[Response]]:
    """One of the page's own files, read once: no path of a request is ever opened."""
    name = "review.html" if path == "/" else path.removeprefix("/")
    content, kind = (STATIC / name).read_bytes(), KINDS[Path(name).suffix]

    async def give(_: Request) -> Response:
        return Response(content, media_type=kind)

    return give


def _answering(answer: Callable[[Request], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def give(request: Request) -> Response:
        return await run_in_threadpool(_answer, answer, request)

    return give


def _labelling(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def give(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_answer, lambda _: desk.label(*_label_of(body)), request)

    return give


def _answer(answer: Callable[[Request], Any], request: Request) -> Response:
    try:
        return _json(200, answer(request))
    except CleanerError as error:
        return _json(next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400), {"error": str(error)})


def _json(status: int, row: Any) -> Response:
    """JSON in ASCII: whatever a text holds, it is bytes that any parser takes."""
    return Response(json.dumps(row, separators=(",", ":")), status, media_type="application/json")


def asked_of(fields: list[tuple[str, str]]) -> Asked:
    """The filters of a request. Raises UsageError for anything that is none."""
    given: dict[str, Any] = {}
    for name, value in fields:
        if name in ("site", "label", "language", "decision", "after"):
            given[name] = _number(value)
        elif name == "doubtful" and value == "1":
            given[name] = True
        elif name == "said" and value in _SAID:
            given[name], given["proposed"] = _SAID[value], value == "proposed"
        elif (name == "sort" and value in SORTS) or (name == "words" and len(value) <= MOST_WORDS):
            given[name] = value
        else:
            raise UsageError("there is no such filter")
    return Asked(**given)


def _only_number(fields: list[tuple[str, str]]) -> int:
    if len(fields) != 1 or fields[0][0] != "paragraph":
        raise UsageError("a paragraph is asked for by its number")
    return _number(fields[0][1])


def _number(value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise UsageError("not a number")
    return int(value)


def _label_of(body: bytes) -> tuple[int, str]:
    """Paragraph and label of a request's body. Raises UsageError for anything else."""
    try:
        row = json.loads(body)
        paragraph, label = row["paragraph"], row["label"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError("not a label") from error
    if not isinstance(paragraph, int) or isinstance(paragraph, bool) or not isinstance(label, str) or len(row) != 2:
        raise UsageError("not a label")
    return paragraph, label


_SAID = {"no": False, "yes": True, "all": None, "proposed": None}
