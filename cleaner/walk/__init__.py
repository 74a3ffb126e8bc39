"""One walk over a page: its paragraphs, and the elements that hold them or stand around them.

`_walk.c` does it over the markup that lexbor writes of its tree, where it was compiled at installation and the markup holds
nothing odd; otherwise `tree.py` does it over the tree itself. Both give the same, held by tests.
"""

from __future__ import annotations

from types import ModuleType

from selectolax.lexbor import LexborHTMLParser

from cleaner.walk.tree import NO_SIGN, TRAITS, Walked, only_used, walk_in_python

compiled: ModuleType | None
try:
    from cleaner.walk import _walk

    compiled = _walk
except ImportError:  # no C compiler where it was installed
    compiled = None

__all__ = ["NO_SIGN", "Walked", "compiled", "only_used", "walk", "walk_in_python"]


def walk(tree: LexborHTMLParser) -> Walked:
    """The paragraphs of a page, as a browser would show them, in the order of the source."""
    found = compiled.walk(tree.html or "", TRAITS) if compiled else None
    return Walked(*found) if found else walk_in_python(tree)
