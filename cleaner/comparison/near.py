"""One of each cluster of near copies, among a few hundred paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from cleaner.labels.weighting import mask

GRAM = 5
ALIKE = 0.6
"""Jaccard similarity of character 5-grams from which two texts are near copies: a teaser with another name in it still is."""
Thing = TypeVar("Thing")


def one_of_each(things: Iterable[Thing], text_of: Callable[[Thing], str], most: int) -> list[tuple[Thing, int]]:
    """The first of each cluster in the order given, at most so many, each with how many near copies of it came after."""
    kept: list[tuple[Thing, set[str]]] = []
    copies: list[int] = []
    for thing in things:
        own = _grams(mask(text_of(thing)))
        near = next((at for at, (_, grams) in enumerate(kept) if _alike(own, grams)), None)
        if near is not None:
            copies[near] += 1
        elif len(kept) < most:
            kept.append((thing, own))
            copies.append(0)
    return [(thing, count) for (thing, _), count in zip(kept, copies, strict=True)]


def _grams(text: str) -> set[str]:
    return {text[at : at + GRAM] for at in range(max(len(text) - GRAM + 1, 1))}


def _alike(one: set[str], other: set[str]) -> bool:
    common = len(one & other)
    return common >= ALIKE * (len(one) + len(other) - common)
