"""What every request must show before it reaches the page: a closed list, checked before anything is read or done.

No other page can know the token; none can set our header without the browser asking first, which is
refused; and a name that was bound to this machine by someone else is not in the list of hosts.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_HEADER = b"x-cleaner-token"
MOST_BODY = 4096
"""Bytes. A label is 60."""
MOST_URL = 2048
MOST_HEADERS = 64
BODY_SECONDS = 10.0
CHANGES = frozenset({"/api/label"})
READS = frozenset({"/api/state", "/api/queue", "/api/article", "/api/evidence"})
FILES = frozenset({"/", "/review.css", "/review.js"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Mapping[bytes, bytes] = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
"""On every answer, refusals included."""


class Guard:
    """Lets through what the page itself asks, and answers all else with a refusal."""

    def __init__(self, app: App, token: str, port: int) -> None:
        self._app, self._token = app, token.encode()
        self._hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        status = refusal(scope, self._hosts, self._token)
        if status:
            await _refuse(_Sealed(send, close=True), status)
            return
        body = b""
        if scope["method"] == "POST":
            try:
                read = await asyncio.wait_for(_body(receive), BODY_SECONDS)
            except asyncio.TimeoutError:
                await _refuse(_Sealed(send, close=True), 408)
                return
            if read is None:
                await _refuse(_Sealed(send, close=True), 413)
                return
            body = read
        await self._app(scope, _given(body), _Sealed(send, close=False))


def refusal(scope: Scope, hosts: set[bytes], token: bytes) -> int:
    """The status that a request is refused with, 0 for one that may pass. A pure function of its head."""
    fields: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        fields.setdefault(name.lower(), []).append(value)
    path, method, host = scope["path"], scope["method"], fields.get(b"host", [])
    methods = ("POST",) if path in CHANGES else ("GET", "HEAD") if path in FILES else ("GET",)
    checks = (
        (431, len(scope["headers"]) <= MOST_HEADERS),
        (414, len(scope["raw_path"]) + len(scope["query_string"]) <= MOST_URL),
        (421, len(host) == 1 and host[0] in hosts),
        (404, path in CHANGES | READS | FILES and scope["raw_path"] == path.encode("utf-8", "replace")),
        (405, method in methods),
        (403, _is_from_here(fields, b"http://" + b"".join(host), path, method)),
        (401, path in FILES or _has_token(fields, token)),
    )
    return next((status for status, passed in checks if not passed), _bad_body(fields) if method == "POST" else 0)


def _is_from_here(fields: Mapping[bytes, list[bytes]], own: bytes, path: str, method: str) -> bool:
    """Whether the browser says that our own page asks. Only the page itself may be opened from elsewhere, as a page."""
    site = fields.get(b"sec-fetch-site", [b""])
    origin = fields.get(b"origin", [] if method == "POST" else [own])
    if origin != [own]:  # a missing one in a POST, `null`, two of them, another port
        return False
    if path == "/" and site != [b"same-origin"]:
        opened = fields.get(b"sec-fetch-mode", [b"navigate"]) == [b"navigate"]
        return opened and fields.get(b"sec-fetch-dest", [b"document"]) == [b"document"]
    allowed = ([b""], [b"same-origin"], [b"none"]) if path in FILES else ([b""], [b"same-origin"])
    return site in allowed


def _has_token(fields: Mapping[bytes, list[bytes]], token: bytes) -> bool:
    given = fields.get(TOKEN_HEADER, [])
    return len(given) == 1 and hmac.compare_digest(given[0], token)


def _bad_body(fields: Mapping[bytes, list[bytes]]) -> int:
    kind = fields.get(b"content-type", [])
    if len(kind) != 1 or kind[0] not in (b"application/json", b"application/json; charset=utf-8"):
        return 415
    length = fields.get(b"content-length", [b"0"])
    if not length[0].isdigit() or int(length[0][:20]) > MOST_BODY:
        return 413
    return 0


async def _body(receive: Receive) -> bytes | None:
    """The body, or None for one that is longer than any of ours."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _given(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


class _Sealed:
    """Sends with our headers on every answer; a refusal ends the connection, so that no unread body is waited for."""

    def __init__(self, send: Send, *, close: bool) -> None:
        self._send = send
        self._own = {**HEADERS, **({b"connection": b"close"} if close else {})}

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in self._own]
            message = {**message, "headers": [*kept, *self._own.items()]}
        await self._send(message)


async def _refuse(send: _Sealed, status: int) -> None:
    body = b'{"error":"refused"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
