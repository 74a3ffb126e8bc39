"""A paragraph's verdict is a distribution over labels that depends on its own article alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cleaner import Cleaner
from cleaner.classifier import calibrated, judge, network
from cleaner.classifier.alone import LinearWeights, judge_alone, pack
from cleaner.features.buffer import lay_out
from cleaner.features.ngrams import Spans, grams_of
from cleaner.pipeline import BATCH_LINES, BATCH_SOURCES, Result
from cleaner.records import LABELS, STYLES

MENU = ["Home", "Sign in", "Subscribe now"]
STORY = ["The ferry is back", "The ferry sailed again on Monday. Forty people were aboard!", "It rained.", "Share this article"]
PHARMACY = ["Buy cheap pills online without prescription!!!", "Click here: http://pills.example", "c a s i n o b0nus"]
ARTICLES = [MENU, STORY, PHARMACY, ["Une gifle."], [], [""], ["雨。", "Читайте также", "Ça va ?"], ["It ended.", "Home"]]

lines = st.one_of(
    st.text(max_size=30),
    st.text("Ab1.!? \n»", max_size=6),
    st.sampled_from([*MENU, *STORY, *PHARMACY, "", "\n", "x" * 1500, "\ud800"]),
)
articles = st.lists(lines, max_size=6)
steady = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def verdicts(result: Result) -> list[tuple[object, ...]]:
    return [(p.text, p.label, p.probabilities, p.decision, p.rule, p.opens) for p in result.paragraphs]


def judged(cleaner: Cleaner, batch: Sequence[Sequence[str]], style: str = "news") -> list[NDArray[np.float64]]:
    """Probabilities of every article of a batch, judged in one call."""
    offsets = np.cumsum([0, *map(len, batch)])
    together = judge(cleaner.model.classifier, [line for article in batch for line in article], offsets, style)
    return np.split(together, offsets[1:-1])


@steady
@given(article=articles.filter(len), style=st.sampled_from(STYLES))
def test_probabilities_sum_to_one(cleaner: Cleaner, article: list[str], style: str) -> None:
    """Every paragraph has one probability a label, from 0 to 1, that sum to 1 within the rounding to ten-thousandths."""
    (probabilities,) = judged(cleaner, [article], style)
    assert probabilities.shape == (len(article), len(LABELS))
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert np.abs(probabilities.sum(axis=1) - 1).max() <= len(LABELS) * 0.5e-4 + 1e-9


@steady
@given(article=articles.filter(len), before=articles, after=articles, style=st.sampled_from(STYLES))
def test_other_articles_change_nothing(
    cleaner: Cleaner, article: list[str], before: list[str], after: list[str], style: str
) -> None:
    """An article's probabilities are bit-identical alone and between unrelated articles."""
    (lonely,) = judged(cleaner, [article], style)
    assert judged(cleaner, [before, article, after], style)[1].tobytes() == lonely.tobytes()


@pytest.mark.parametrize("other", ARTICLES, ids=lambda article: ascii(article[0]) if article else "empty")
def test_appending_an_article_changes_nothing(cleaner: Cleaner, other: list[str]) -> None:
    """Cleaning one more article leaves the results of the others as they were."""
    before = [verdicts(result) for result in cleaner.clean_many([STORY, PHARMACY])]
    assert [verdicts(result) for result in cleaner.clean_many([STORY, PHARMACY, other])][:2] == before
    assert [verdicts(result) for result in cleaner.clean_many([other, STORY, PHARMACY])][1:] == before


@pytest.fixture(scope="module")
def many() -> list[list[str]]:
    """More articles than one batch of sources holds, no two the same."""
    return [[*article, f"Story {i} ends."] for i in range(BATCH_SOURCES // len(ARTICLES) + 2) for article in ARTICLES]


@pytest.fixture(scope="module")
def one_by_one(cleaner: Cleaner, many: list[list[str]]) -> list[list[tuple[object, ...]]]:
    return [verdicts(cleaner.clean_lines(article)) for article in many]


@pytest.mark.parametrize("size", [2, 7, 10_000])
def test_groupings_change_nothing(
    cleaner: Cleaner, many: list[list[str]], one_by_one: list[list[tuple[object, ...]]], size: int
) -> None:
    """Results are the same one by one and in groups of any size, and come in order."""
    groups = [many[i : i + size] for i in range(0, len(many), size)]
    assert [verdicts(result) for group in groups for result in cleaner.clean_many(group)] == one_by_one


def test_order_changes_nothing(cleaner: Cleaner, many: list[list[str]], one_by_one: list[list[tuple[object, ...]]]) -> None:
    """An article's result is its own, wherever in the run it comes."""
    assert [verdicts(result) for result in cleaner.clean_many(many[::-1])] == one_by_one[::-1]


def test_workers_change_nothing(cleaner: Cleaner, many: list[list[str]], one_by_one: list[list[tuple[object, ...]]]) -> None:
    """Two worker processes give what one gives, in order."""
    assert len(many) > BATCH_SOURCES
    assert [verdicts(result) for result in cleaner.clean_many(many, workers=2)] == one_by_one


def test_an_article_longer_than_a_batch(cleaner: Cleaner) -> None:
    """An article of more lines than a batch is judged whole: a short one before it changes nothing."""
    long = [f"Entry {i} of the log. Calm." for i in range(BATCH_LINES + 1)]
    alone = verdicts(cleaner.clean_lines(long))
    assert len(alone) == len(long)
    assert verdicts(list(cleaner.clean_many([STORY, long]))[1]) == alone


@steady
@given(article=articles)
def test_one_paragraph_a_line(cleaner: Cleaner, article: list[str]) -> None:
    """`clean_lines` gives exactly one paragraph a line, in order, text untouched, each at its place in the source."""
    result = cleaner.clean_lines(article)
    assert [p.text for p in result.paragraphs] == article
    assert [result.article.text[p.start : p.end] for p in result.paragraphs] == article


@pytest.mark.parametrize("odd", ["", " ", "\n", "a\nb", "\n\nMenu\n", "a\r\nb", "\u2028", "\x00"])
def test_odd_lines_stay_one_paragraph(cleaner: Cleaner, odd: str) -> None:
    """An empty line or one that holds newlines is one paragraph, judged as if they were spaces."""
    found = cleaner.clean_lines([*MENU, odd, *PHARMACY]).paragraphs
    plain = cleaner.clean_lines([*MENU, odd.replace("\n", " "), *PHARMACY]).paragraphs
    assert [p.text for p in found] == [*MENU, odd, *PHARMACY]
    assert [p.probabilities for p in found] == [p.probabilities for p in plain]


def test_no_lines(cleaner: Cleaner) -> None:
    """An article without lines has no paragraphs and an empty text."""
    result = cleaner.clean_lines([])
    assert (result.paragraphs, result.text, result.set_aside) == ((), "", False)


def test_blatant_lines(cleaner: Cleaner) -> None:
    """A share button is navigation and a pill seller is spam, so that the tests above compare something."""
    assert cleaner.clean_lines(["Partager cet article"]).paragraphs[0].label == "navigation"
    assert cleaner.clean_lines(["Buy cheap viagra online without prescription, best price!"]).paragraphs[0].label == "spam"


def small_network(seed: int) -> tuple[network.Network, NDArray[np.float32], NDArray[np.float64]]:
    """Random networks side by side, inputs for them, and what they give together in floats, before anything is rounded."""
    random = np.random.default_rng(seed)
    centre, spread = random.normal(0, 3, 20).astype(np.float32), random.uniform(0.2, 4, 20).astype(np.float32)
    shapes = ((1, 20, 12), (2, 6, 4), (1, 8, 5))
    trained = [(random.normal(0, 0.4, shape), random.normal(0, 0.5, shape[0] * shape[2])) for shape in shapes]
    inputs = (centre + spread * random.uniform(-3, 3, (200, 20))).astype(np.float32)
    first = np.maximum((inputs - centre) / spread @ trained[0][0][0] + trained[0][1], 0)
    apart = np.concatenate([first[:, :6] @ trained[1][0][0], first[:, 6:] @ trained[1][0][1]], axis=1)
    second = np.maximum(apart + trained[1][1], 0)
    trained[2][0][0, :, 0], trained[2][1][0] = 0, -10  # a label that training never saw
    rounded = network.quantise(centre, spread, trained, [np.float32(first.max(axis=0)), np.float32(second.max(axis=0))])
    return rounded, inputs, second @ trained[2][0][0] + trained[2][1]


@pytest.mark.parametrize("seed", range(5))
def test_rounding_the_network_changes_little(seed: int) -> None:
    """The network in whole numbers gives the scores of the trained one to within a few hundredths of their spread."""
    rounded, inputs, exact = small_network(seed)
    error = np.abs(network.evaluate(rounded, inputs) - exact)
    assert error[:, 0].max() < 0.001
    assert error.max() < 0.06 * exact.std()
    assert error.mean() < 0.015 * exact.std()


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_the_network_are_their_own(seed: int) -> None:
    """A row's scores are bit-identical in any batch and order, whatever sums the processor's libraries reorder."""
    rounded, inputs, _ = small_network(seed)
    whole = network.evaluate(rounded, inputs)
    assert np.concatenate([network.evaluate(rounded, row[None]) for row in inputs]).tobytes() == whole.tobytes()
    assert network.evaluate(rounded, inputs[::-1])[::-1].tobytes() == whole.tobytes()


def assert_exact(found: network.Network) -> None:
    for depth, layer in enumerate(found.layers):
        limit = network.HIDDEN_LIMIT if depth else network.INPUT_LIMIT
        assert (layer.weights == np.rint(layer.weights)).all()
        assert (layer.bias == np.rint(layer.bias)).all()
        assert np.abs(layer.weights).max() <= network.LARGEST
        sums = limit * np.abs(layer.weights.astype(np.float64)).sum(axis=1).ravel()
        assert (sums + np.abs(layer.bias.astype(np.float64))).max() < network.EXACT


def test_sums_are_exact_in_single_precision(cleaner: Cleaner) -> None:
    """No sum inside the shipped networks, or a new one, can leave the whole numbers that a float holds exactly."""
    new = small_network(0)[0]
    assert_exact(new)
    assert np.abs(new.layers[0].weights).max() == network.LARGEST_GIVEN
    shipped = cleaner.model.classifier
    assert shipped.pages is not None
    for found in (*(stage.network for stage in shipped.contexts), shipped.pages.keep, shipped.pages.labels):
        assert_exact(found)


def first_layer(found: network.Network, **arrays: NDArray[np.float32]) -> network.Network:
    return found._replace(layers=(found.layers[0]._replace(**arrays), *found.layers[1:]))


MISFITS: dict[str, Callable[[network.Network], network.Network]] = {
    "no layer": lambda n: n._replace(layers=()),
    "a layer less": lambda n: n._replace(layers=n.layers[:-1]),
    "one centre for all": lambda n: n._replace(centre=n.centre[:1]),
    "no spread": lambda n: n._replace(spread=np.zeros_like(n.spread)),
    "rows missing": lambda n: first_layer(n, weights=n.layers[0].weights[:, 1:]),
    "two parts first": lambda n: first_layer(n, weights=n.layers[0].weights.reshape(2, 10, 12)),
    "one bias for all": lambda n: first_layer(n, bias=n.layers[0].bias[:1]),
    "one scale for all": lambda n: first_layer(n, scale=n.layers[0].scale[:1]),
    "half a step": lambda n: first_layer(n, weights=n.layers[0].weights + np.float32(0.5)),
    "sums too large": lambda n: first_layer(n, bias=n.layers[0].bias + np.float32(network.EXACT)),
}


@pytest.mark.parametrize("change", MISFITS.values(), ids=MISFITS)
def test_a_network_that_does_not_fit_is_refused(change: Callable[[network.Network], network.Network]) -> None:
    """A network whose arrays do not fit together, or whose sums could depend on their order, is refused before it says anything."""
    found = small_network(0)[0]
    assert network.checked(found, 20, 5) is found
    with pytest.raises(ValueError, match=r"layer|scale|scores"):
        network.checked(change(found), 20, 5)


@pytest.mark.parametrize("shared", [False, True])
def test_networks_side_by_side(shared: bool) -> None:
    """Networks that are asked together, of one scale of inputs or two, say what each says alone, a constant column included."""
    one, other = small_network(0)[0], small_network(1)[0]
    other = other._replace(centre=one.centre, spread=one.spread) if shared else other
    columns = np.random.default_rng(3).normal(0, 2, (network.ROWS + 1, len(one.centre))).astype(np.float32)
    columns[:, -1] = 1
    found = network.evaluate_all([one, other], columns[:, :-1], columns[0, -1:])
    for asked, said in zip((one, other), found, strict=True):
        assert said.tobytes() == network.evaluate(asked, columns).tobytes()


@settings(max_examples=60, deadline=None)
@given(
    outputs=st.lists(st.lists(st.floats(-1e6, 1e6), min_size=10, max_size=10), min_size=1, max_size=5),
    steepness=st.floats(0.01, 5),
)
def test_calibration_gives_probabilities(outputs: list[list[float]], steepness: float) -> None:
    """Calibrated scores are probabilities that keep the order of the scores, however large those are."""
    mapping = np.concatenate([np.eye(len(LABELS)) * steepness, np.zeros((1, len(LABELS)))])
    scores = np.array(outputs)
    found = calibrated(mapping, scores)
    assert np.abs(found.sum(axis=1) - 1).max() <= len(LABELS) * 0.5e-4 + 1e-9
    rows = np.arange(len(scores))
    assert (found[rows, scores.argmax(axis=1)] == found.max(axis=1)).all()


LONG_LINES = {
    "letters": "a lie. " * 500,
    "ideographs": "".join(chr(0x4E00 + i) for i in range(3000)),
    "one emoji": "😀" * 3000,
    "expanding": "\u200b" + "\ufdfa" * 1399,
}
"""`expanding`: the ligature U+FDFA becomes 18 characters when a disguise is undone."""


@pytest.mark.parametrize("name", LONG_LINES)
@pytest.mark.parametrize("high", [False, True])
def test_line_scores_are_plain_sums(name: str, high: bool) -> None:
    """Packing weights into words changes no score, not even for the longest or most hostile line."""
    random = np.random.default_rng(1)
    columns, size = len(LABELS) + len(STYLES), 1 << 12
    weights = random.integers(120 if high else -127, 128, (size, columns)).astype(np.int8)
    scale, bias = random.uniform(1e-5, 1e-4, columns), random.normal(0, 0.3, columns)
    linear = LinearWeights(weights, scale, bias, np.zeros(size, np.int8), np.array([1.0, 0.5]))
    batch = ["It rained.", LONG_LINES[name], "It rained."]
    buffer = lay_out(batch, [0, 3])
    grams = grams_of(buffer, Spans(buffer.folded))
    found = judge_alone(pack(linear), buffer, Spans(buffer.folded))
    slots = (grams.hashes >> np.uint64(64 - 12)).astype(np.int64)
    sums = np.array([weights[slots[grams.lines == i]].astype(np.int64).sum(axis=0) for i in range(len(batch))])
    counts = np.bincount(grams.lines, minlength=len(batch))
    keeps = (sums * scale / np.sqrt(counts)[:, None] + bias)[:, len(LABELS) :]
    error = np.abs(found.keep_logits - 16 * np.clip(keeps, -6, 6)).max()
    assert error <= 0.51
    assert (found.spam_logit == 8).all()
