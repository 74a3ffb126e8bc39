"""What a browser would find in a page of ours: nothing that runs, loads or hides."""

from __future__ import annotations

from html.parser import HTMLParser

from cleaner.report.html import ATTRIBUTES, ELEMENTS
from cleaner.visible import shown

HEAD = {"html", "head", "meta", "title", "style", "body"}


class Seen(HTMLParser):
    """What a browser would find: elements, attributes, text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(markup: str) -> Seen:
    parser = Seen()
    parser.feed(markup)
    parser.close()
    return parser


def is_inert(markup: str) -> None:
    """Only elements and attributes of a report, links within it, nothing that a reader would not see."""
    found = seen(markup)
    assert found.elements <= {name.lower() for name in ELEMENTS} | HEAD
    assert found.attributes <= {name.lower() for name in ATTRIBUTES} | {"http-equiv", "content", "charset", "name"}
    assert all(link.startswith("#") for link in found.links)
    assert shown(markup) == markup
    markup.encode("utf-8")
