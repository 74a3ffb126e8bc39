"""Nothing but the page itself can touch the labels or read the corpus: raw requests of every kind."""

from __future__ import annotations

import random
import re
import resource
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from served import Served

Serve = Callable[..., Served]
POLICY = (
    b"content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
LABEL = b'{"paragraph":1,"label":"spam"}'


@pytest.fixture(scope="module")
def served(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all that is refused."""
    place = tmp_path_factory.mktemp("guarded")
    running = Served(Path(shutil.copytree(corpus / "out", place / "out")), place / "reviewed.jsonl")
    yield running
    running.end()


def request(served: Served, method: str = "POST", path: str = "/api/label", body: bytes = LABEL, **fields: str | None) -> bytes:
    """A request, right in everything that is not given; None leaves a field out."""
    own = {
        "Host": f"127.0.0.1:{served.port}", "Origin": f"http://127.0.0.1:{served.port}", "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json", "X-Cleaner-Token": served.token, "Content-Length": str(len(body)), "Connection": "close",
    }  # fmt: skip
    own |= {name.replace("_", "-"): value for name, value in fields.items()}  # type: ignore[dict-item]
    head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in own.items() if value is not None)]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1.1 (\d+)", answer)
    return int(found[1]) if found else 0


def written(served: Served) -> list[bytes]:
    """The labels in the journal as it is now; the page of a labelled article comes by itself, a little later."""
    lines = served.labels.read_bytes().splitlines() if served.labels.exists() else []
    return [line for line in lines if not line.startswith(b'{"record": "article"')]


def combinations(served: Served) -> Iterator[tuple[bool, bytes]]:
    """Requests from everywhere, and whether each may change anything."""
    port = served.port
    own, none = f"http://127.0.0.1:{port}", None
    origins = (own, none, "null", "http://evil.com", f"http://localhost.evil.com:{port}", f"http://127.0.0.1:{port + 1}",
               f"https://127.0.0.1:{port}")  # fmt: skip
    sites = ("same-origin", none, "same-site", "cross-site", "none")
    kinds = ("application/json", "text/plain", "application/x-www-form-urlencoded", none)
    places = ("header", "none", "wrong", "cookie", "address")
    for origin, site, kind, place in product(origins, sites, kinds, places):
        fields = {"Origin": origin, "Sec-Fetch-Site": site, "Content_Type": kind}
        fields["X_Cleaner_Token"] = {"header": served.token, "wrong": served.token[::-1]}.get(place)
        fields["Cookie"] = f"X-Cleaner-Token={served.token}" if place == "cookie" else none
        path = f"/api/label?token={served.token}" if place == "address" else "/api/label"
        right = origin == own and site in ("same-origin", none) and kind == "application/json" and place == "header"
        yield right, request(served, path=path, **fields)
    for method, origin in product(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"), (own, none, "http://evil.com")):
        yield False, request(served, method, Origin=origin)
        yield False, request(served, method, "/api/label?paragraph=1&label=spam", b"", Origin=origin)
        yield False, request(served, method, Origin=origin, X_HTTP_Method_Override="POST")


def test_only_the_page_changes_anything(served: Served) -> None:
    """Of hundreds of combinations of method, Origin, Sec-Fetch-Site, content type and token only the page's own are taken (V2)."""
    accepted = tried = 0
    for right, content in combinations(served):
        before = written(served)
        code = status(served.raw(content))
        after = written(served)
        assert (after != before) == right, content
        assert (code == 200) == right, content
        tried, accepted = tried + 1, accepted + right
    assert (tried > 400, accepted) == (True, 2)


@pytest.mark.parametrize("body", [
    b"", b"[]", b"null", b"{}", b'{"paragraph":1}', b'{"paragraph":"1","label":"spam"}', b'{"paragraph":true,"label":"spam"}',
    b'{"paragraph":-1,"label":"spam"}', b'{"paragraph":99999999999999999999,"label":"spam"}', b'{"paragraph":1,"label":"nonsense"}',
    b'{"paragraph":1,"label":"spam","source":"../../etc/passwd"}', b'{"paragraph":1,"label":null}', b"[" * 4000, b"\xff\xfe",
])  # fmt: skip
def test_bodies_that_are_no_label(served: Served, body: bytes) -> None:
    """A body that is not exactly a paragraph and a label is refused with a reason, and nothing is written."""
    before = written(served)
    assert status(served.raw(request(served, body=body))) == 400
    assert written(served) == before


def test_hosts(served: Served) -> None:
    """A name that somebody bound to this machine is not ours: only the two exact names are answered, with a token or without (V3)."""
    port = served.port
    for name in ("127.0.0.1", "localhost"):
        host = f"{name}:{port}"
        assert status(served.raw(request(served, "GET", "/api/state", b"", Host=host, Origin=f"http://{host}"))) == 200
    hosts = (f"evil.com:{port}", "evil.com", f"127.0.0.1.nip.io:{port}", "", f"[::1]:{port}", f"0.0.0.0:{port}", f"LOCALHOST:{port}",
             f"localhost.:{port}", "127.0.0.1", "localhost", f"127.0.0.1:{port + 1}", f"127.1:{port}", f"2130706433:{port}",
             f"127.0.0.1:{port}@evil.com", f"evil.com#127.0.0.1:{port}", f"localhost:{port}, evil.com")  # fmt: skip
    for host, path in product(hosts, ("/", "/api/state")):
        for origin in (f"http://{host}", None):
            assert status(served.raw(request(served, "GET", path, b"", Host=host, Origin=origin))) in (400, 421), host
    twice = request(served, "GET", "/", b"").replace(b"Origin:", b"Host: evil.com\r\nOrigin:")
    assert status(served.raw(twice)) in (400, 421)
    assert status(served.raw(request(served, "GET", "/", b"", Host=None))) in (400, 421)
    for target in (f"http://evil.com:{port}/", f"http://127.0.0.1:{port}/api/state", "evil.com:80", "*", "//evil.com/"):
        assert status(served.raw(request(served, "GET", target, b""))) in (400, 404, 421), target


def test_listens_on_this_machine_alone(served: Served) -> None:
    """No other machine reaches the page: the only listener is on 127.0.0.1 (V3)."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).exists() else []:
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and int(address.rpartition(":")[2], 16) == served.port:
                found.append(address.rpartition(":")[0])
    assert found == ["0100007F"]


def test_answers_carry_the_rules(served: Served) -> None:
    """Every answer, refusals too, tells the browser to run nothing but our script, and to keep nothing (V6)."""
    answers = [served.raw(request(served, method, path, b"", **fields)) for method, path, fields in (
        ("GET", "/", {}), ("GET", "/review.js", {}), ("GET", "/api/state", {}), ("GET", "/nothing", {}), ("GET", "/api/state", {"Host": "a"}),
        ("GET", "/api/article?paragraph=x", {}), ("POST", "/", {}),
    )]  # fmt: skip
    for answer in answers:
        head = answer.partition(b"\r\n\r\n")[0].lower()
        for field in (
            POLICY,
            b"x-content-type-options: nosniff", b"referrer-policy: no-referrer", b"cross-origin-opener-policy: same-origin",
            b"cross-origin-resource-policy: same-origin", b"cache-control: no-store",
        ):  # fmt: skip
            assert field in head, answer
        assert b"access-control" not in head
        assert b"\r\nserver:" not in head


def traversals() -> list[str]:
    """A thousand ways to ask for a file."""
    ups = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", "..%5c", "%252e%252e%252f", "....//", "..;/", "%c0%ae%c0%ae/")
    targets = ("etc/passwd", "proc/self/environ", "reviewed.jsonl", ".cleaner/journal.db", "review.js")
    starts = ("/", "/review.css/", "/api/article/", "/static/")
    return [start + up * depth + target for start, up, depth, target in product(starts, ups, (1, 2, 4, 8, 12), targets)]


def test_no_path_reaches_the_disk(served: Served) -> None:
    """A thousand paths that climb are answered with nothing of any file, as are paths in every parameter (V4)."""
    paths = traversals()
    assert len(paths) == 1000
    paths += [
        f"/api/{name}?{field}=../../etc/passwd"
        for name in ("article", "queue", "state")
        for field in ("paragraph", "site", "file")
    ]
    for path in paths:
        answer = served.raw(request(served, "GET", path, b""))
        assert b"root:" not in answer
        assert status(answer) in (400, 404) or (status(answer) == 200 and path.startswith("/api/state?")), path


def resident(served: Served) -> int:
    """Megabytes of memory that the server holds."""
    lines = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", lines)[0]) // 1024


def test_hostile_connections(out: Path, serve: Serve) -> None:
    """Hundreds of connections that say little, a gigabyte announced, 100,000 headers, noise: the page still answers at once (V4)."""
    served = serve(out)
    served.ask("/api/state")
    resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (400, 400))  # a machine that allows few open files
    before, began = resident(served), time.monotonic()
    slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(600)]
    for connection in slow:
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: ")
        except ConnectionError:
            continue  # there were too many: this one gave way
    assert answers(served)
    half = socket.create_connection(("127.0.0.1", served.port))
    half.sendall(request(served, Content_Length="900")[:-10])
    assert status(served.raw(request(served, Content_Length=str(1 << 30)))) == 413
    endless = request(served, Content_Length=None, Transfer_Encoding="chunked", body=b"") + b"1000\r\n" + b"x" * 4096 + b"\r\n"
    assert status(served.raw(endless + b"1000\r\n" + b"x" * 4096 + b"\r\n")) in (0, 413)
    many = request(served, "GET", "/", b"")[:-2] + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\n"
    assert status(served.raw(many)) in (0, 400, 431)
    assert status(served.raw(request(served, "GET", "/", b"", **{f"X-{n}": "y" for n in range(80)}))) == 431
    assert status(served.raw(request(served, "GET", "/api/queue?words=" + "x" * 3000, b""))) == 414
    noise = random.Random(4)
    for _ in range(200):
        content = bytearray(request(served))
        for _ in range(noise.randrange(1, 20)):
            content[noise.randrange(len(content) - len(LABEL))] = noise.randrange(256)
        try:
            with socket.create_connection(("127.0.0.1", served.port), 5) as connection:
                connection.sendall(bytes(content))
                connection.shutdown(socket.SHUT_WR)
                connection.recv(100)
        except (ConnectionError, TimeoutError):
            continue
    assert answers(served)
    assert resident(served) - before < 100
    for connection in slow:  # none of them is held open for ever
        connection.settimeout(max(0.1, began + 12 - time.monotonic()))
        try:
            assert connection.recv(10) == b""
        except ConnectionError:
            pass
        connection.close()
    half.close()
    assert answers(served)
    assert served.end()[0] == 0, "and Ctrl-C still ends it quietly"


def answers(served: Served) -> bool:
    """Whether the page answers in less than a tenth of a second, at the best of three times (the machine has other work)."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        served.ask("/api/queue")
        times.append(time.perf_counter() - began)
    return min(times) < 0.1
