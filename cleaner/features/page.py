"""Dense columns for a paragraph of a page: its element, its like on the page, its containers.

What carries most (measured, share of gain): the mean judgement of paragraphs in like elements .32,
of the containers around .27, the paragraph's own .17. All sums are sums of integers (thousandths),
so no order of addition changes a column.
"""

from __future__ import annotations

from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.features.buffer import Hashes, Ints
from cleaner.features.context import CONTENT, NAVIGATION, TEASER, Alone
from cleaner.features.layout import REGIONS, TAGS, Layouts
from cleaner.features.ngrams import mix
from cleaner.features.standing import standing, standing_names
from cleaner.features.surface import Columns, log2_1p, side_by_side
from cleaner.records import LABELS, STYLES

WINDOWS = ((-4, -1), (1, 4), (-12, -1), (1, 12), (-40, -1), (1, 40))
STEPS = (-2, -1, 1, 2)
CONTAINERS = 6
"""Containers looked at, from the nearest that holds more than the paragraph itself."""
LENGTH_CAP = 400
LONG = 100
SEMANTIC = ("nav", "footer", "aside", "article", "main")
COMMENT = LABELS.index("comment")
ENDLESS = 1 << 40


class LayoutAlone(NamedTuple):
    """What the linear stage says of a paragraph's layout alone, in integers."""

    probabilities: Ints
    """(paragraphs, labels), thousandths."""
    keep_logits: Ints
    """(paragraphs, styles), sixteenths, from -128 to 128."""


def page_columns(layouts: Layouts, text: Alone, layout: LayoutAlone) -> Columns:
    """Columns of `page_column_names()` for every paragraph of a batch of pages."""
    return side_by_side(page_parts(layouts, text, layout), len(layouts.holders))


def page_parts(layouts: Layouts, text: Alone, layout: LayoutAlone) -> list[NDArray[Any]]:
    """The same in parts that lie side by side."""
    joint = text.keep_logits + layout.keep_logits
    seen = _Seen(layouts, text, _thousandths(joint), _thousandths(layout.keep_logits))
    return [
        layout.keep_logits / 16,
        joint / 16,
        seen.joint / 1000,
        seen.layout / 1000,
        layout.probabilities / 1000,
        seen.link_share[:, None] / 1000,
        log2_1p(layouts.links)[:, None],
        *_own_element(layouts),
        *_like_elements(seen),
        *_containers(seen),
        *_neighbours(seen),
        *_windows(seen),
        *_whole_page(seen),
        standing(seen.joint, seen.lengths, layouts.offsets),
    ]


def page_column_names() -> list[str]:
    """Names of the columns of `page_columns`, in order."""
    both = [f"joint.{style}" for style in STYLES]
    layout = [f"layout.{style}" for style in STYLES]
    like = [*both, *layout, "content", "teaser", "navigation", "length", "link_share", "count", *(f"{j}_weighted" for j in both)]
    container = [
        *both,
        "text",
        "paragraphs",
        "link_share",
        "teaser",
        "navigation",
        "comment",
        *(f"{j}_share" for j in both),
        "long",
        "semantic",
    ]
    near = [*both, *layout, *(f"{j}_weighted" for j in both)]
    step = [*both, *layout, "link_share", "same_element", "same_parent", "length", "deeper"]
    return [
        *(f"layout_logit.{style}" for style in STYLES), *(f"joint_logit.{style}" for style in STYLES), *both, *layout,
        *(f"layout.{label}" for label in LABELS), "link_share", "links",
        *(f"tag.{tag}" for tag in (*TAGS, "other")), *(f"parent.{tag}" for tag in (*TAGS, "other")),
        *(f"in.{tag}" for tag in REGIONS), "hidden", "depth",
        *(f"like{i}.{name}" for i in (1, 2, 3) for name in like),
        *(f"container{i}.{name}" for i in range(1, CONTAINERS + 1) for name in container),
        *(f"{name}.{style}" for name in ("best", "in_best", "best_gain") for style in STYLES),
        *(f"paragraph{i:+d}.{name}" for i in STEPS for name in step),
        *(f"near{low:+d}..{high:+d}.{name}" for low, high in WINDOWS for name in near),
        *(f"page.{name}" for name in (*both, "text", *(f"{j}_gain" for j in both), *(f"{j}_mass_place" for j in both))),
        *standing_names("joint", STYLES),
    ]  # fmt: skip


class _Seen:
    """A batch with the integers that all columns are sums of."""

    def __init__(self, layouts: Layouts, text: Alone, joint: Ints, layout: Ints) -> None:
        self.layouts = layouts
        self.text = text
        self.joint = joint
        self.layout = layout
        self.lengths = np.minimum(layouts.lengths, LENGTH_CAP)
        self.link_share = np.minimum(1000, 1000 * layouts.links // np.maximum(layouts.lengths, 1))
        self.weighted = joint * self.lengths[:, None]
        self.gain = (joint - 500) * self.lengths[:, None]
        self.won = np.maximum(self.gain, 0)
        self.first = layouts.offsets[layouts.article]
        self.after = layouts.offsets[layouts.article + 1]

    @property
    def paragraphs(self) -> Ints:
        return np.arange(len(self.lengths))


def _thousandths(sixteenths: Ints) -> Ints:
    return _LOGISTIC[np.clip(sixteenths, -_REACH, _REACH) + _REACH]


def _own_element(layouts: Layouts) -> list[Columns | NDArray[np.uint8] | NDArray[np.float64]]:
    """Tags of the holder and its parent, regions around, hidden or not, depth."""
    holders, parents = layouts.holders, layouts.above(layouts.holders)
    other = len(TAGS)
    number = np.array([*map(_TAG_NUMBER.get, layouts.kind_tags, repeat(other)), other], np.int64)[layouts.kinds_or_none]
    bits = np.array([*map(_REGION_BIT.get, layouts.kind_tags, repeat(0))], np.uint32)
    region = bits[layouts.kinds] | (layouts.hidden.astype(np.uint32) << np.uint32(len(REGIONS)))
    for level in layouts.levels[1:]:
        region[level] |= region[layouts.parents[level]]
    bytes_of = region[holders].astype("<u4").view(np.uint8).reshape(-1, 4)
    regions = np.unpackbits(bytes_of, axis=1, count=len(REGIONS) + 1, bitorder="little")
    depth = np.minimum(layouts.depths[holders], 40) / 10
    own_tag, parent_tag = (np.take(_ONE_HOT, number[elements], axis=0) for elements in (holders, parents))
    return [own_tag, parent_tag, regions, depth[:, None]]


def _like_elements(seen: _Seen) -> list[Columns]:
    """Means over the paragraphs of the page whose elements, then parents, then grandparents have like tokens."""
    layouts = seen.layouts
    parents = layouts.above(layouts.holders)
    grandparents = layouts.above(parents)
    labels = seen.text.probabilities[:, [CONTENT, TEASER, NAVIGATION]]
    values = np.column_stack([seen.joint, seen.layout, labels, 2 * seen.lengths, seen.link_share])
    key = mix(layouts.signature(layouts.holders) + mix(layouts.article.astype(np.uint64) + np.uint64(5)))
    columns = [_mean_of_like(key, values, seen)]
    for above in (parents, grandparents):
        key = mix(key * np.uint64(3) + layouts.signature(above))
        columns.append(_mean_of_like(key, values, seen))
    return columns


def _mean_of_like(keys: Hashes, values: Ints, seen: _Seen) -> Columns:
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(np.append(starts, len(keys)))
    sums = np.add.reduceat(np.column_stack([values, seen.weighted, seen.lengths])[order], starts, axis=0)
    width = values.shape[1]
    means = sums[:, :width] / counts[:, None] / 1000
    weighted = sums[:, width:-1] / np.maximum(sums[:, -1:], 1) / 1000
    group = np.empty(len(keys), np.int64)
    group[order] = np.repeat(np.arange(len(starts)), counts)
    return np.asarray(np.column_stack([means, log2_1p(counts), weighted])[group], np.float32)


def _containers(seen: _Seen) -> list[Columns]:
    """Sums over each of the CONTAINERS around a paragraph, and where the page's best container lies.

    Rows for all elements and, after them, pages, which are the widest containers; then a row a paragraph and step.
    """
    layouts = seen.layouts
    low, high = _ranges(layouts)
    totals, offsets = _totals(seen), layouts.offsets
    sums = totals[np.maximum(high, low)] - totals[low]
    pages, articles = totals[offsets[1:]] - totals[offsets[:-1]], np.arange(len(offsets) - 1)
    counts = np.concatenate([high - low, np.diff(offsets)])
    owner = np.concatenate([layouts.element_article, articles])
    semantic = np.array([*(tag in SEMANTIC for tag in layouts.kind_tags), False], bool)
    kinds = np.concatenate([layouts.kinds, np.full(len(articles), -1)])
    table = _container(np.concatenate([sums, pages]), counts, pages[owner], semantic[kinds])
    wider = np.concatenate([_wider(layouts, high - low), np.full(len(articles), -1)])
    wider = np.where(wider >= 0, wider, len(sums) + owner)
    at, columns = layouts.holders, []
    for _ in range(CONTAINERS):
        at = wider[at]
        columns.append(np.take(table, at, axis=0))
    return [*columns, _best(layouts, sums[:, _GAIN])]


_WEIGHTED, _LENGTHS, _GAIN, _WON, _LINKED, _NOISE, _LONG = (
    slice(0, 2),
    slice(2, 3),
    slice(3, 5),
    slice(5, 7),
    slice(7, 8),
    slice(8, 11),
    slice(11, 12),
)


def _totals(seen: _Seen) -> Ints:
    """Running sums over paragraphs, the columns named above."""
    long = (seen.lengths > LONG) & (seen.joint.max(axis=1, initial=0) > 500)
    noise = seen.text.probabilities[:, [TEASER, NAVIGATION, COMMENT]]
    linked = seen.link_share * seen.lengths
    return _running(np.column_stack([seen.weighted, seen.lengths, seen.gain, seen.won, linked, noise, long]))


def _container(own: Ints, count: Ints, page: Ints, semantic: NDArray[np.bool_]) -> Columns:
    text = np.maximum(own[:, _LENGTHS], 1)
    columns: list[NDArray[Any]] = [
        own[:, _WEIGHTED] / text / 1000, log2_1p(own[:, _LENGTHS] >> 4), log2_1p(count)[:, None], own[:, _LINKED] / text / 1000,
        own[:, _NOISE] / np.maximum(count, 1)[:, None] / 1000, own[:, _WON] / np.maximum(page[:, _WON], 1),
        log2_1p(own[:, _LONG]), semantic[:, None],
    ]  # fmt: skip
    return side_by_side(columns, len(own))


def _ranges(layouts: Layouts) -> tuple[Ints, Ints]:
    """First paragraph and the one after the last that each element holds."""
    count, elements = len(layouts.holders), len(layouts.parents)
    low, high = np.full(elements, count, np.int64), np.zeros(elements, np.int64)
    np.minimum.at(low, layouts.holders, np.arange(count))
    np.maximum.at(high, layouts.holders, np.arange(count) + 1)
    for level in layouts.levels[:0:-1]:
        np.minimum.at(low, layouts.parents[level], low[level])
        np.maximum.at(high, layouts.parents[level], high[level])
    return low, high


def _wider(layouts: Layouts, counts: Ints) -> Ints:
    """The nearest ancestor of each element that holds more paragraphs; -1 for none."""
    wider = np.full(len(layouts.parents), -1, np.int64)
    for level in layouts.levels[1:]:
        parents = layouts.parents[level]
        wider[level] = np.where(counts[parents] > counts[level], parents, wider[parents])
    return wider


def _best(layouts: Layouts, gain: Ints) -> Columns:
    """The best container around a paragraph against the best of the page, by text won minus text lost."""
    best = gain.copy()
    for level in layouts.levels[1:]:
        best[level] = np.maximum(best[level], best[layouts.parents[level]])
    page = np.full((len(layouts.offsets) - 1, gain.shape[1]), -ENDLESS, np.int64)
    np.maximum.at(page, layouts.element_article, gain)
    own, top = best[layouts.holders], page[layouts.article]
    ratio = np.clip(own / np.maximum(top, 1), -1, 1)
    return np.asarray(np.column_stack([ratio, own >= top, log2_1p(np.clip(top >> 14, 0, None))]), np.float32)


def _neighbours(seen: _Seen) -> list[Columns]:
    layouts, rows = seen.layouts, seen.paragraphs
    values = np.column_stack([seen.joint, seen.layout, seen.link_share])
    own = layouts.signature(layouts.holders)
    parents, depths = layouts.above(layouts.holders), layouts.depths[layouts.holders]
    columns = []
    for step in STEPS:
        inside = (rows + step >= seen.first) & (rows + step < seen.after)
        at = np.where(inside, rows + step, rows)
        parts = [
            np.where(inside[:, None], values[at], 0) / 1000,
            inside & (own == own[at]),
            inside & (parents == parents[at]),
            np.where(inside, log2_1p(layouts.lengths[at]), 0),
            np.where(inside, np.clip(depths[at] - depths, -10, 10), 0) / 5,
        ]
        columns.append(np.asarray(np.column_stack(parts), np.float32))
    return columns


def _windows(seen: _Seen) -> list[Columns]:
    rows = seen.paragraphs
    totals = _running(np.column_stack([seen.joint, seen.layout, seen.weighted, seen.lengths]))
    columns = []
    for low, high in WINDOWS:
        begin = np.clip(rows + low, seen.first, seen.after)
        end = np.clip(rows + high + 1, seen.first, seen.after)
        sums = np.take(totals, end, axis=0)
        sums -= np.take(totals, begin, axis=0)
        count = np.maximum(end - begin, 1)[:, None]
        text = np.maximum(sums[:, 6:], 1)
        columns.append(np.asarray(np.column_stack([sums[:, :4] / count, sums[:, 4:6] / text]) / 1000, np.float32))
    return columns


def _whole_page(seen: _Seen) -> list[Columns | NDArray[np.float64]]:
    totals = _running(np.column_stack([seen.weighted, seen.lengths, seen.won]))
    page = totals[seen.after] - totals[seen.first]
    before = totals[seen.paragraphs, 3:] - totals[seen.first, 3:]
    return [
        page[:, :2] / np.maximum(page[:, 2:3], 1) / 1000,
        log2_1p(page[:, 2:3] >> 6),
        log2_1p(page[:, 3:] >> 16),
        before / np.maximum(page[:, 3:], 1),
    ]


def _running(values: Ints) -> Ints:
    return np.concatenate([np.zeros((1, values.shape[1]), np.int64), np.cumsum(values, axis=0, dtype=np.int64)])


_REACH = 256
_LOGISTIC = np.rint(1000 / (1 + np.exp(-np.arange(-_REACH, _REACH + 1) / 16))).astype(np.int64)
"""Logistic function of sixteenths, in thousandths."""
_TAG_NUMBER = {tag: i for i, tag in enumerate(TAGS)}
_REGION_BIT = {tag: 1 << i for i, tag in enumerate(REGIONS)}
_ONE_HOT = np.eye(len(TAGS) + 1, dtype=np.float32)
