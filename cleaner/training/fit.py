"""Train both stages on articles, grouped by site, and calibrate on sites not trained on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from cleaner.classifier import Classifier, Context, calibrated, measure, opening
from cleaner.classifier import alone as stage_one
from cleaner.classifier import network as stage_two
from cleaner.features.buffer import lay_out
from cleaner.features.ngrams import Spans, grams_of
from cleaner.records import KEPT_LABELS, LABELS, STYLES
from cleaner.training.corpora import FOLDS, UNKNOWN, Example

Log = Callable[[str], None]
Matrix = NDArray[np.float32]

HASH_BITS, SPAM_BITS = 18, 20
"""2**18 slots: 17 cost 0.4 points of label accuracy on unseen press sites, 19 gave 0.1."""
LABEL_ALPHA, KEEP_ALPHA = 1e-5, 1e-6
"""L2 strengths: a factor of ten either way lost 1 to 2 points of AUC on unseen sites. L-BFGS run to
convergence gave .882/.949/.927 (WCXB, news, press), SGD at 1e-6 .883/.954/.930 in a fifth of the time."""
SPAM_ALPHA, SPAM_BALANCE, SPAM_PAGES = 1e-5, 0.5, 10_000
"""AUC against genuine look-alikes .90; more page lines or a stronger penalty gave .85 to .87."""
PASSES = 10
HIDDEN, NETWORKS, EPOCHS, NETWORK_ALPHA = 48, (2, 3), 6, 1e-2
"""32 to 128 hidden units score alike; networks averaged (by style) are steadier than one."""
LABELLED_WEIGHT = (2.0, 0.5)
"""By style: what a labelled row weighs beside a row of a page that is known by its gold text alone.
Labelled articles follow the `news` convention."""
PAGE_CAP = 60.0
"""In lines of LINE characters: a page counts by the 0.3rd power of what exceeds it."""
LINE = 60.0
OPENING_CAUTION = -0.5
"""Added to the logit: a sub-heading taken for a title cuts an article in two, a missed title only
leaves two articles in one file."""
MADE = ("spammed", "lone", "groups", "framed", "glued", "boxed")
PLACED_WEIGHT = 2.5
"""A noise line put into a body teaches against the strongest habit, that what stands in a body is body."""
BATCH = 400
"""Articles a batch when columns are measured."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Training articles as one table of lines."""

    lines: list[str]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]
    keep: NDArray[np.bool_]
    style: NDArray[np.int64]
    fold: NDArray[np.int64]
    weight: NDArray[np.float64]
    opens: NDArray[np.bool_]

    @property
    def labelled(self) -> NDArray[np.bool_]:
        return self.labels != UNKNOWN


def rows_of(examples: Sequence[Example]) -> Rows:
    """Lay examples out line by line, with weights."""
    sizes = [len(e.lines) for e in examples]

    def spread(value: Callable[[Example], int]) -> NDArray[np.int64]:
        return np.repeat([value(e) for e in examples], sizes)

    return Rows(
        lines=[line for e in examples for line in e.lines],
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        labels=np.concatenate([e.labels for e in examples]),
        keep=np.concatenate([e.keep for e in examples]),
        style=spread(lambda e: e.style),
        fold=spread(lambda e: e.fold),
        weight=np.concatenate(list(_weights(examples))),
        opens=np.concatenate([np.isin(np.arange(len(e.lines)), list(e.opens)) for e in examples]),
    )


def _weights(examples: Sequence[Example]) -> Iterator[NDArray[np.float64]]:
    """What each line of each example weighs.

    Longer lines of pages count more, by the root: their gold is a text, not a list of lines. Lines
    labelled by hand count alike. Crowded pages and sites with many pages count less.
    """
    sites: dict[str, int] = {}
    for e in examples:
        sites[e.site + e.group] = sites.get(e.site + e.group, 0) + 1
    for e in examples:
        lengths = np.minimum([len(line) for line in e.lines], 600)
        weight = np.ones(len(lengths)) if e.labels.min() >= 0 else np.sqrt(lengths / LINE)
        page = min(1.0, PAGE_CAP / weight.sum()) ** 0.7
        made = e.group in MADE
        site = 1.0 if made else min(1.0, 4 / sites[e.site + e.group]) ** 0.5
        placed = np.where(made & ~e.keep, PLACED_WEIGHT, 1.0)
        yield weight * page * site * placed


def gram_matrix(rows: Rows, bits: int) -> sparse.csr_matrix:
    """Hashed grams as a sparse matrix, each row divided by the root of its gram count."""
    parts = []
    for first, last in _batches(rows):
        lines = rows.lines[rows.offsets[first] : rows.offsets[last]]
        buffer = lay_out(lines, [0, len(lines)])
        grams = grams_of(buffer, Spans(buffer.folded))
        slots = (grams.hashes >> np.uint64(64 - bits)).astype(np.int64)
        share = 1 / np.sqrt(np.bincount(grams.lines, minlength=len(lines)))
        shape = (len(lines), 1 << bits)
        parts.append(sparse.csr_matrix((share[grams.lines].astype(np.float32), (grams.lines, slots)), shape))
    return sparse.vstack(parts, format="csr")


def fit_linear(
    grams: sparse.csr_matrix, fine: sparse.csr_matrix, rows: Rows, chosen: NDArray[np.bool_]
) -> stage_one.LinearWeights:
    """Train the linear stage on the chosen rows: ten label scores, one keep score a style, and spam."""
    labelled = np.flatnonzero(chosen & rows.labelled)
    labels = _sgd(LABEL_ALPHA).fit(grams[labelled], rows.labels[labelled], sample_weight=_even(rows.weight[labelled]))
    coefficients, bias = np.zeros((len(LABELS), grams.shape[1])), np.full(len(LABELS), -6.0)
    coefficients[labels.classes_], bias[labels.classes_] = labels.coef_, labels.intercept_
    for style in range(len(STYLES)):
        mine = np.flatnonzero(chosen & (rows.style == style))
        mine = mine if len(set(rows.keep[mine].tolist())) > 1 else labelled
        keep = _sgd(KEEP_ALPHA).fit(grams[mine], rows.keep[mine], sample_weight=_even(rows.weight[mine]))
        coefficients, bias = np.vstack([coefficients, keep.coef_]), np.append(bias, keep.intercept_)
    return stage_one.quantise(coefficients, bias, *_fit_spam(fine, rows, chosen))


def _fit_spam(grams: sparse.csr_matrix, rows: Rows, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Spam against text that is the article's: rare lines, weighed up to SPAM_BALANCE of the others.

    Furniture is left to the other labels; trained against everything, rare spam drowns.
    """
    spam = rows.labels == LABELS.index("spam")
    against = np.flatnonzero(chosen & ~spam & rows.labelled)
    pages = np.flatnonzero(chosen & ~rows.labelled & rows.keep)
    pages = pages[:: max(1, len(pages) // SPAM_PAGES)]
    positive = np.flatnonzero(chosen & spam)
    if not len(positive):
        return np.zeros(grams.shape[1]), -6.0
    taken = np.concatenate([positive, against, pages])
    weights = np.where(spam[taken], SPAM_BALANCE * (len(taken) - len(positive)) / len(positive), 1.0)
    model = _sgd(SPAM_ALPHA).fit(grams[taken], spam[taken], sample_weight=_even(weights))
    return model.coef_[0], float(model.intercept_[0])


def _sgd(alpha: float) -> SGDClassifier:
    return SGDClassifier(loss="log_loss", alpha=alpha, max_iter=PASSES, tol=None, random_state=0, n_jobs=2)


def _even(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return weights / weights.mean()


def measure_columns(linear: stage_one.LinearWeights, rows: Rows, chosen: NDArray[np.bool_]) -> Matrix:
    """Dense columns of the chosen articles' lines, through the same path as scoring."""
    packed = stage_one.pack(linear)
    parts = []
    for first, last in _batches(rows, chosen):
        begin, end = rows.offsets[first], rows.offsets[last]
        parts.append(measure(packed, rows.lines[begin:end], rows.offsets[first : last + 1] - begin)[1])
    return np.concatenate(parts)


def _batches(rows: Rows, chosen: NDArray[np.bool_] | None = None) -> Iterator[tuple[int, int]]:
    """Runs of chosen articles, at most BATCH long."""
    articles = len(rows.offsets) - 1
    wanted = np.ones(articles, bool) if chosen is None else chosen[rows.offsets[:-1]]
    first = 0
    while first < articles:
        if not wanted[first]:
            first += 1
            continue
        last = first
        while last < articles and wanted[last] and last - first < BATCH:
            last += 1
        yield first, last
        first = last


def fit_network(columns: Matrix, targets: NDArray[np.int64], weights: NDArray[np.float64], networks: int) -> stage_two.Network:
    """Train one-layer networks on standardised columns and lay them side by side as one."""
    centre, spread = columns.mean(axis=0), columns.std(axis=0) + np.float32(1e-3)
    inputs = np.asarray(stage_two.standardise(centre, spread, columns) / stage_two.INPUT_STEP, np.float32)
    trained = [_train(inputs, targets, weights, seed) for seed in range(networks)]
    first = np.concatenate([net.coefs_[0] for net in trained], axis=1)
    first_bias = np.concatenate([net.intercepts_[0] for net in trained])
    second = np.concatenate([_all_labels(net, net.coefs_[1]) for net in trained]) / networks
    second_bias = sum(_all_labels(net, net.intercepts_[1][None])[0] for net in trained) / networks
    peak = np.quantile(np.maximum(inputs[::7] @ first + first_bias, 0), 0.9999, axis=0)
    layers = [np.asarray(first, np.float64), np.asarray(second, np.float64)]
    biases = [np.asarray(first_bias, np.float64), np.asarray(second_bias, np.float64)]
    return stage_two.quantise(centre, spread, layers, biases, np.asarray(peak, np.float32))


def _train(inputs: Matrix, targets: NDArray[np.int64], weights: NDArray[np.float64], seed: int) -> MLPClassifier:
    net = MLPClassifier(
        (HIDDEN,), alpha=NETWORK_ALPHA, max_iter=EPOCHS, batch_size=min(512, len(targets)),
        n_iter_no_change=EPOCHS + 1, random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of passes is what we want
        return net.fit(inputs, targets, sample_weight=_even(weights))


def _all_labels(net: MLPClassifier, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns for all labels, those never seen in training far below the rest."""
    full = np.zeros((weights.shape[0], len(LABELS)))
    full[:, net.classes_] = weights
    if weights.shape[0] == 1:
        full[:, np.setdiff1d(np.arange(len(LABELS)), net.classes_)] = -10
    return full


def complete(labels: NDArray[np.int64], keep: NDArray[np.bool_], outputs: NDArray[np.float64]) -> NDArray[np.int64]:
    """Fill unknown labels with the teacher's likeliest label on the gold's side of keep and drop."""
    kept_side = np.arange(len(LABELS)) < len(KEPT_LABELS)
    allowed = np.where(keep[:, None], kept_side, ~kept_side)
    doubtful = outputs.copy()
    doubtful[:, LABELS.index("spam")] -= 3.0  # clean public pages carry next to none
    return np.where(labels == UNKNOWN, np.where(allowed, doubtful, -np.inf).argmax(axis=1), labels)


def fit_context(columns: Matrix, rows: Rows, chosen: NDArray[np.bool_], style: int) -> stage_two.Network:
    """Train the second stage of a style.

    A teacher, trained on labelled rows, names the unknown labels of that style's pages; then all of
    them train.
    """
    labelled = chosen & rows.labelled
    network = fit_network(columns[labelled], rows.labels[labelled], rows.weight[labelled], 1)
    pages = chosen & ~rows.labelled & (rows.style == style)
    if not pages.any():
        return network
    taken = labelled | pages
    teacher = np.full((len(rows.lines), len(LABELS)), -np.inf)
    teacher[taken] = stage_two.evaluate(network, columns[taken])
    targets = complete(rows.labels, rows.keep, teacher)
    weights = rows.weight * np.where(rows.labelled, LABELLED_WEIGHT[style], 1.0)
    return fit_network(columns[taken], targets[taken], weights[taken], NETWORKS[style])


def fit_opening(rows: Rows, unseen: NDArray[np.float64], natural: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logistic model of "a further article begins here", on probabilities for unseen sites.

    Learned from natural articles and from glued ones.
    """
    measured, opens = [], []
    for first, last in zip(rows.offsets, rows.offsets[1:], strict=False):
        if not natural[first] and not rows.opens[first:last].any():
            continue
        for candidate in opening.candidates(rows.lines[first:last], unseen[first:last]):
            measured.append(candidate.values)
            opens.append(bool(rows.opens[first + candidate.line]))
    if len(set(opens)) < 2:
        return np.append(np.zeros(len(opening.NAMES)), -1.0)
    values = np.array(measured)
    centre, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    model = LogisticRegression(C=1.0, max_iter=1000).fit((values - centre) / spread, opens)
    weights = model.coef_[0] / spread
    return np.append(weights, model.intercept_[0] - (weights * centre).sum() + OPENING_CAUTION)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model, with what it says of every training line when its site was not trained on."""

    linear: stage_one.LinearWeights
    contexts: tuple[Context, ...]
    opening: NDArray[np.float64]
    unseen: NDArray[np.float64]
    """Calibrated probabilities of each row, in its own style, from the fold that did not train on its site."""

    def classifier(self) -> Classifier:
        """Ready to score."""
        return Classifier(stage_one.pack(self.linear), self.contexts, self.opening)


def fit(rows: Rows, log: Log, natural: NDArray[np.bool_]) -> Fitted:
    """Train with grouped cross-validation, then on everything; calibrate on the `natural` rows."""
    grams, fine = gram_matrix(rows, HASH_BITS), gram_matrix(rows, SPAM_BITS)
    log(f"{len(rows.lines):,} lines, {grams.nnz:,} grams")
    everything = np.ones(len(rows.lines), bool)
    columns = _unseen_columns(grams, fine, rows, log)
    linear = fit_linear(grams, fine, rows, everything)
    contexts, unseen = [], np.zeros((len(rows.lines), len(LABELS)))
    for style, name in enumerate(STYLES):
        outputs = _unseen_outputs(columns, rows, style)
        log(f"{name}: folds scored")
        network = fit_context(columns, rows, everything, style)
        calibration = fit_calibration(outputs, rows, natural, style)
        contexts.append(Context(network, calibration))
        mine = rows.style == style
        unseen[mine] = calibrated(calibration, outputs[mine])
        log(f"{name}: fitted on all sites")
    return Fitted(linear, tuple(contexts), fit_opening(rows, unseen, natural), unseen)


def _unseen_columns(grams: sparse.csr_matrix, fine: sparse.csr_matrix, rows: Rows, log: Log) -> Matrix:
    """Columns of every row, made by a first stage that was not trained on its site."""

    def of_fold(fold: int) -> Matrix:
        inside = rows.fold == fold
        measured = measure_columns(fit_linear(grams, fine, rows, ~inside), rows, inside)
        log(f"stage one, fold {fold + 1} of {FOLDS}")
        return measured

    folds = _present_folds(rows)
    parts = _side_by_side(of_fold, folds)
    columns = np.zeros((len(rows.lines), parts[0].shape[1]), np.float32)
    for fold, part in zip(folds, parts, strict=True):
        columns[rows.fold == fold] = part
    return columns


def _present_folds(rows: Rows) -> list[int]:
    return sorted(set(rows.fold.tolist()))


def _side_by_side(work: Callable[[int], NDArray[Any]], folds: Sequence[int]) -> list[NDArray[Any]]:
    """Folds in two threads: SGD and NumPy let go of the interpreter lock, and no fold sees another."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, folds))


def _unseen_outputs(columns: Matrix, rows: Rows, style: int) -> NDArray[np.float64]:
    """Second-stage outputs of every row by a network that was not trained on its site."""

    def of_fold(fold: int) -> NDArray[np.float64]:
        inside = rows.fold == fold
        return stage_two.evaluate(fit_context(columns, rows, ~inside, style), columns[inside])

    folds = _present_folds(rows)
    outputs = np.zeros((len(rows.lines), len(LABELS)))
    with threadpool_limits(1):  # small products: two threads of ours beat two of BLAS
        for fold, part in zip(folds, _side_by_side(of_fold, folds), strict=True):
            outputs[rows.fold == fold] = part
    return outputs


def fit_calibration(outputs: NDArray[np.float64], rows: Rows, natural: NDArray[np.bool_], style: int) -> NDArray[np.float64]:
    """Vector scaling on outputs for unseen sites: an affine map to calibrated logits.

    Labelled rows calibrate `news`; `all` has pages with gold text only, whose labels are completed.
    """
    pages = (rows.style == style) & ~rows.labelled
    chosen = natural & rows.labelled if style == 0 or not pages.any() else pages
    bounded = np.clip(outputs - outputs.max(axis=1, keepdims=True), -30, 0)[chosen]
    labels = complete(rows.labels, rows.keep, outputs)[chosen]
    model = LogisticRegression(C=1.0, max_iter=2000, tol=1e-3).fit(bounded, labels)
    calibration = np.vstack([np.eye(len(LABELS)), np.full(len(LABELS), -10.0)])
    calibration[:-1, model.classes_], calibration[-1, model.classes_] = model.coef_.T, model.intercept_
    return calibration
