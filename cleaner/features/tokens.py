"""The tokens of an element, hashed: its tag, class names and their words, id, role, itemprop.

`_tokens.c` does it where it was compiled at installation and a name is ASCII, as nearly all are; otherwise Python does.
Both give the same, held by tests.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from types import ModuleType

import numpy as np

compiled: ModuleType | None
try:
    from cleaner.features import _tokens

    compiled = _tokens
except ImportError:  # no C compiler where it was installed
    compiled = None

NAMES_A_SIGN, WORDS_A_NAME, NAME_LENGTH = 12, 5, 40
ELEMENTS_KEPT, NAMES_KEPT = 1 << 16, 1 << 15
"""Elements and names whose hashes are kept, as a site's pages share them."""
TOKEN_BYTES = 8

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+")
_DIGITS = re.compile(r"\d+")


@lru_cache(maxsize=ELEMENTS_KEPT)
def tokens(tag: str, sign: str) -> bytes:
    """Hashes of an element's tokens, each once, the tag's first: 64-bit words in the machine's order.

    `sign` is the class, id, role and itemprop that line feeds part.
    """
    found: bytes | None = compiled.tokens(tag, sign) if compiled else None
    return tokens_in_python(tag, sign) if found is None else found


def tokens_in_python(tag: str, sign: str) -> bytes:
    """As `tokens`, whatever the letters."""
    classes, identity, role, prop = sign.split("\n", 3) if sign.count("\n") == 3 else (sign, "", "", "")
    names = chain.from_iterable(_of_name(".", name) for name in classes.split()[:NAMES_A_SIGN])
    values = (_hash(f"{mark}{value[:NAME_LENGTH].lower()}") for mark, value in (("@", role), ("!", prop)) if value)
    found = dict.fromkeys([_hash(f"<{tag}"), *names, *(_of_name("#", identity) if identity else ()), *values])
    return np.array([*found], np.uint64).tobytes()


def _of_name(mark: str, name: str) -> tuple[int, ...]:
    """Hashes of a class or id, all numbers zero, and of its words."""
    return _of_plain_name(mark, _DIGITS.sub("0", name[:NAME_LENGTH]))


@lru_cache(maxsize=NAMES_KEPT)
def _of_plain_name(mark: str, name: str) -> tuple[int, ...]:
    """Kept, as elements share their classes, and ids differ by a number."""
    return (_hash(f"{mark}{name.lower()}"), *map(_hash, _words(name)))


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name) if len(word) > 1][:WORDS_A_NAME]


@lru_cache(maxsize=NAMES_KEPT)
def _hash(token: str) -> int:
    return int.from_bytes(blake2b(token.encode("utf-8", "replace"), digest_size=8).digest(), "little")
