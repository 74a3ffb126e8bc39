"""Scraped text is text: no payload runs, none changes the page, and what a reader could not see is shown."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from made_audit import entry, write_audit
from served import REPOSITORY, Served, until

from cleaner.labels.events import LabelEvent
from cleaner.labels.journal import append_events
from cleaner.visible import is_hidden, shown

RUN = "window.__xss=1"
FORMS = (
    "<script>{}</script>", "</script><script>{}</script>", "<img src=x onerror={}>", "<img src=x onerror='{}'>", '"><img src=x onerror={}>',
    "<svg onload={}>", "<svg><script>{}</script></svg>", "<svg/onload={}>", "<svg><animate onbegin={} attributeName=x dur=1s>",
    "<body onload={}>", "<iframe srcdoc='<script>parent.{}</script>'>", "<iframe src='javascript:parent.{}'>", "<a href='javascript:{}'>x</a>",
    "javascript:{}", "<math><mtext></mtext><script>{}</script></math>", "<details open ontoggle={}>", "<input autofocus onfocus={}>",
    "<style>@import 'data:text/css,*{{}}'</style>{}", "<link rel=stylesheet href='data:text/css,x'>{}", "<object data='javascript:{}'>",
    "<embed src='javascript:{}'>", "<form action='javascript:{}'><button>x</button></form>", "<base href='//evil.example/'>{}",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>", "<template><script>{}</script></template>", "<noscript><p title='</noscript><img src=x onerror={}>'>",
    "{{{{constructor.constructor('{}')()}}}}", "${{{}}}", "`${{{}}}`", "\\u003cscript\\u003e{}\\u003c/script\\u003e", "&lt;script&gt;{}&lt;/script&gt;",
    "&#60;script&#62;{}&#60;/script&#62;", "<scr\0ipt>{}</scr\0ipt>", "<\u200bscript>{}</script>", "\u202e<script>{}</script>", "]]><script>{}</script>",
    "--><script>{}</script>", "'-{}-'", '";{}//', "\\';{}//", "</textarea><script>{}</script>", "</title><script>{}</script>",
    "<xss style='animation:x' onanimationstart={}>", "<video><source onerror={}>", "<marquee onstart={}>", "<p onpointerenter={}>x</p>",
    "<?xml version='1.0'?><x xmlns:h='http://www.w3.org/1999/xhtml'><h:script>{}</h:script></x>", "\uff1cscript\uff1e{}\uff1c/script\uff1e",
    "<ScRiPt>{}</sCrIpT>", "<script\n>{}</script\n>",
)  # fmt: skip
ENDS = ("{}", "before {} after", "{}\u2028", "'{}'", '"{}"', "<p>{}</p>")
PAYLOADS = [end.format(form.format(RUN)) for form, end in product(FORMS, ENDS)]
PER_ARTICLE = 15


def name_of(at: int, payload: str) -> str:
    """A file name; the one character that no name can hold is left out."""
    return f"{at}/{payload}".replace("\0", "")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every payload as paragraph; and as title, address, file name, author, reason, site and model name."""
    entries = []
    for at in range(0, len(PAYLOADS), PER_ARTICLE):
        some = PAYLOADS[at : at + PER_ARTICLE]
        name, metadata = name_of(at, some[1]), {"title": some[0], "url": some[2], "author": some[3], "sitename": some[4]}
        entries.append(entry(name, some, metadata=metadata, model=some[5], reason=some[6]))
    return write_audit(tmp_path_factory.mktemp("hostile") / "out", entries)


def said_by_strangers() -> list[LabelEvent]:
    """A journal that somebody shared: each article's first paragraph is labelled, with payloads in every field that takes text."""
    begins = range(0, len(PAYLOADS), PER_ARTICLE)
    return [
        LabelEvent(PAYLOADS[at], "legal", name_of(at, PAYLOADS[at + 1]), "0" * 64, 0, *PAYLOADS[at + 8 : at + 10], PAYLOADS[at + 7],
                   *PAYLOADS[at + 10 : at + 13])
        for at in begins
    ]  # fmt: skip


def test_payloads_are_shown_and_none_runs(hostile: Path, tmp_path: Path, serve: Callable[..., Served], tab: Any) -> None:
    """300 payloads in every place where the page shows text: no script runs, and the page's text is the payload, marks included (V1)."""
    assert len(PAYLOADS) == 300
    name = "<img src=x onerror=window.__xss=1>.jsonl"
    append_events(tmp_path / name, said_by_strangers())
    served = serve(hostile, tmp_path / name, "--who", "<script>window.__xss=1</script>")
    page = tab(served.address)
    page.on("dialog", lambda dialog: page.said.append(dialog.message))
    page.keyboard.press("0")  # so that our own name is shown
    page.select_option("#said", "all")
    page.select_option("#sort", "corpus")
    for at in range(0, len(PAYLOADS), PER_ARTICLE):
        some = PAYLOADS[at : at + PER_ARTICLE]
        for _ in range(200):
            if page.text_content("#title") == shown(some[0]):
                break
            page.wait_for_timeout(10)
        texts = page.evaluate("[...document.querySelectorAll('#paragraphs .text')].map(e => e.textContent)")
        assert texts == list(map(shown, some)), page.text_content("#saved")
        about = page.text_content("#about")
        assert all(shown(one) in about for one in (name_of(at, some[1]), some[2], some[5], some[6]))
        until(page, "[...document.querySelectorAll('#paragraphs li.current .why bdi')].length > 0")
        assert f"legal says {shown(some[7])}" in page.text_content("#paragraphs li.current .why"), (
            "who labelled it, in a shared file"
        )
        for _ in range(PER_ARTICLE):
            page.keyboard.press("j")
    inside = page.evaluate("[...new Set([...document.querySelectorAll('#article *, #queue *')].map(e => e.localName))].sort()")
    assert set(inside) <= {"b", "bdi", "button", "div", "h2", "li", "mark", "ol", "p", "span"}
    assert page.evaluate("window.__xss === undefined")
    assert page.title() == f"Review · {name}"
    assert page.said == [], "not even a refusal by the policy: nothing was tried"


def test_answers_hold_no_markup(hostile: Path, serve: Callable[..., Served]) -> None:
    """Without a browser: the page is the same bytes whatever the corpus holds, and texts come as JSON that no browser takes for a page (V1)."""
    served = serve(hostile)
    static = REPOSITORY / "cleaner/review/static"
    assert served.raw(get(served, "/")).partition(b"\r\n\r\n")[2] == (static / "review.html").read_bytes()
    for path in ("/api/state", "/api/queue?said=all", "/api/article?paragraph=20"):
        head, _, body = served.raw(get(served, path)).partition(b"\r\n\r\n")
        assert b"content-type: application/json" in head
        assert b"nosniff" in head
        assert body.isascii()
    script = (static / "review.js").read_text()
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", ".src", ".href", 'setTimeout("',
                   "DOMParser", "createContextualFragment", "import("):  # fmt: skip
        assert unsafe not in script


def get(served: Served, path: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nX-Cleaner-Token: {served.token}\r\nConnection: close\r\n\r\n"
    return head.encode()


def hidden_characters() -> list[str]:
    """Every character that is not seen or turns others around; of the unassigned and private ones every 97th."""
    rare = ("Cn", "Co", "Cs")
    every = (chr(code) for code in range(0x110000))
    return [c for c in every if is_hidden(c) and (unicodedata.category(c) not in rare or ord(c) % 97 == 0)]


def test_hidden_characters_are_marked(tmp_path: Path, serve: Callable[..., Served], tab: Any) -> None:
    """Each invisible, direction-changing, private or unassigned character is shown as a mark with its number, in the browser too (V5)."""
    characters = hidden_characters()
    must = "\u202e\u202a\u2066\u2069\u200b\u200e\u200f\ufeff\u00ad\u2028\u2029\u0000\u001b\u009b\ue000\U000e0041\u061c\u180e\u3164\ud800"
    assert set(must) - set(characters) - {"\ue000", "\ud800"} == set()
    texts = ["".join(f"a{c}" for c in [*must, *characters][at : at + 200]) for at in range(0, len(characters) + len(must), 200)]
    served = serve(write_audit(tmp_path / "out", [entry("a.txt", texts)]))
    page = tab(served.address)
    found = page.evaluate("[...document.querySelectorAll('#paragraphs .text')].map(e => e.textContent)")
    assert found == list(map(shown, texts))
    assert not [c for text in found for c in text if is_hidden(c)]
    marks = page.evaluate("document.querySelectorAll('#paragraphs .text mark').length")
    assert marks == len(characters) + len(must)
    assert page.evaluate("[...document.querySelectorAll('#paragraphs bdi')].every(e => e.dir === 'auto')")


IGNORABLE = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E),
    (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
"""Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt, the same from Unicode 5.2 on but for U+180F): shown as nothing."""


def test_nothing_unseen_passes_unmarked() -> None:
    """Of all code points, each that Unicode shows as nothing, that turns the direction, that is a control, private or unassigned is marked;
    no letter, digit or punctuation mark is (V5)."""
    unseen = {code for first, last in IGNORABLE for code in range(first, last + 1)} - set(b"\n\t")
    odd = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}
    for code in range(0x110000):
        c = chr(code)
        category = unicodedata.category(c)
        if c not in "\n\t" and (code in unseen or category in odd):
            assert shown(c) == f"⟦U+{code:04X}⟧"
        elif category[0] in "NP" or category in ("Lu", "Ll", "Lt", "Lm"):
            assert shown(c) == c


class Links(HTMLParser):
    """Addresses in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"], tag
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "action", "data", "poster")]


def test_nothing_is_fetched() -> None:
    """The page names no other machine, and has no script or style inside its markup (V6)."""
    static = REPOSITORY / "cleaner/review/static"
    for path in static.iterdir():
        content = path.read_text(encoding="utf-8")
        assert "://" not in content
        assert "@import" not in content
        assert "url(" not in content
    links = Links()
    links.feed((static / "review.html").read_text(encoding="utf-8"))
    assert sorted(links.found) == ["#article", "/review.css", "/review.js"]


ALONE = """
import fcntl, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lo:
    fcntl.ioctl(lo, 0x8914, struct.pack("16sh14x", b"lo", 1))
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from served import Served
served = Served(Path(sys.argv[2]), Path(sys.argv[3]))
assert served.say(1, "spam")["said"]["label"] == "spam"
assert served.end()[0] == 0
print("sound")
"""


def test_without_a_network(out: Path, tmp_path: Path) -> None:
    """The page works where there is no network at all (V6)."""
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace can be made here")
    call = ["unshare", "-rn", sys.executable, "-c", ALONE, str(Path(__file__).parent), str(out), str(tmp_path / "l.jsonl")]
    run = subprocess.run(
        call,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
    )
    assert run.stdout == "sound\n", run.stderr
