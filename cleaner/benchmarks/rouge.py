"""ROUGE-LSum as fundus-evaluation scores it, from the definition.

Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004), section 3.2: for every reference
sentence, the union of its longest common subsequences with each sentence of the output. As in ROUGE 1.5.5
and the rouge-score package, a token counts at most as often as it stands on each side, tokens are lower-case
runs of a-z and 0-9, and nothing is stemmed. One thing differs: fundus-evaluation cuts sentences with NLTK's
Punkt model, which is a download; we cut after `.`, `!`, `?` and `…`, for all systems alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations

Sentence = tuple[str, ...]

MOST_OPTIONAL = 4
"""Above so many optional paragraphs only all and none are tried (entry_points/score.py, utils.py)."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+")
_TOKEN = re.compile(r"[a-z0-9]+")


def best_rouge(paragraphs: Sequence[str], text: str) -> tuple[float, float, float]:
    """Precision, recall and F1 against the version of the gold, with or without optional paragraphs, that fits best."""
    output = sentences(text)
    return max((rouge_lsum(sentences("\n\n".join(gold)), output) for gold in versions(paragraphs)), key=lambda score: score[2])


def versions(paragraphs: Sequence[str]) -> Iterator[list[str]]:
    """The gold with every choice of its optional paragraphs (those in square brackets)."""
    optional = [i for i, p in enumerate(paragraphs) if p.startswith("[") and p.endswith("]")]
    sizes = range(len(optional) + 1) if len(optional) <= MOST_OPTIONAL else (0, len(optional))
    for size in sizes:
        for left_out in combinations(optional, size):
            yield [p[1:-1] if i in optional else p for i, p in enumerate(paragraphs) if i not in left_out]


def sentences(text: str) -> list[Sentence]:
    """A text as sentences of tokens."""
    return [tuple(_TOKEN.findall(sentence.lower())) for sentence in _SENTENCE_END.split(text)]


def rouge_lsum(reference: Sequence[Sentence], output: Sequence[Sentence]) -> tuple[float, float, float]:
    """Precision, recall and F1 of one output; all zero when either side is empty."""
    left = Counter(token for sentence in reference for token in sentence)
    given = Counter(token for sentence in output for token in sentence)
    wanted, size, hits = left.total(), given.total(), 0
    for sentence in reference:
        for i in _union(sentence, output):
            if left[sentence[i]] > 0 and given[sentence[i]] > 0:
                hits += 1
                left[sentence[i]] -= 1
                given[sentence[i]] -= 1
    return (hits / size, hits / wanted, 2 * hits / (size + wanted)) if hits else (0.0, 0.0, 0.0)


def _union(sentence: Sentence, output: Sequence[Sentence]) -> list[int]:
    """Places of a reference sentence that lie on its longest common subsequence with any output sentence."""
    if sentence in output:
        return list(range(len(sentence)))
    own = set(sentence)
    return sorted({i for other in output if not own.isdisjoint(other) for i in _common(sentence, other)})


@lru_cache(maxsize=1 << 14)
def _common(one: Sentence, other: Sentence) -> tuple[int, ...]:
    """Places in the first of one longest common subsequence, read from the end as rouge-score does."""
    table = _lengths(one, other)
    i, j, places = len(one), len(other), []
    while i and j:
        if one[i - 1] == other[j - 1]:
            i, j = i - 1, j - 1
            places.append(i)
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return tuple(places)


def _lengths(one: Sentence, other: Sentence) -> list[list[int]]:
    """Lengths of the longest common subsequence of every two beginnings."""
    table = [[0] * (len(other) + 1)]
    for token in one:
        above, row = table[-1], [0]
        for j, against in enumerate(other):
            row.append(above[j] + 1 if token == against else max(above[j + 1], row[-1]))
        table.append(row)
    return table
