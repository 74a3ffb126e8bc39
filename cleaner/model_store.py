"""A model is data: a header, arrays, a self-test and a checksum in one file. Nothing in it can run.

Layout: 8 bytes of magic, 4 bytes little-endian header length, the header as JSON, the arrays one
after the other in the order of the header, and the SHA-256 of everything before it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.classifier import Classifier, Context, PageClassifier, judge, judge_pages
from cleaner.classifier.adaptation import Adaptation, Shift, ShiftWeights, pack_shift
from cleaner.classifier.alone import LayoutWeights, LinearWeights, pack, pack_layout
from cleaner.classifier.network import LARGEST_GIVEN, Layer, Network, checked
from cleaner.classifier.opening import NAMES as OPENING
from cleaner.errors import ModelError
from cleaner.features.context import column_names
from cleaner.features.page import page_column_names
from cleaner.promotions import model_at
from cleaner.records import LABELS, STYLES, Layout
from cleaner.store.commit import Disk, write_whole

MAGIC = b"CLEANER1"
FORMAT = 4
HEADER_LIMIT = 1 << 20
DIGEST_BYTES = 32
TYPES = {"int8": "<i1", "int16": "<i2", "float16": "<f2", "float32": "<f4", "float64": "<f8"}
NAME = "press.model"
TEXT_COLUMNS = len(column_names(STYLES))
PAGE_COLUMNS = TEXT_COLUMNS + len(page_column_names()) + 1
"""What networks read; of a page the style as well."""
COLUMNS = hashlib.sha256("\n".join([*column_names(STYLES), *page_column_names()]).encode()).hexdigest()[:16]
"""Names them: a model that was trained on other columns is refused. The names themselves would take 11 KB of a model."""
ADAPTATION, INFORMATION = "adaptation.", "information."
"""Begin the names of the arrays that labels of a user's own add, and of those that only training reads."""

_PACKAGED = Path(__file__).parent / "models" / NAME
_CHECKED_OUT = Path(__file__).parent.parent / "models" / NAME

SELF_TEST = (
    ("Accueil", "Se connecter", "Le pont de Saint-Aubin rouvre aux voitures", "Par Lise Morel, le 3 mai 2021 à 18h12",
     "Après onze mois de travaux, le pont a été rendu à la circulation lundi matin, devant une centaine d'habitants.",
     "« On ne l'attendait plus », sourit une boulangère de la rive gauche.", "Lire aussi : Le bac fait ses adieux",
     "Achetez du viagra sans ordonnance, livraison gratuite", "Partager cet article", "Mentions légales"),
    ("Rain stops play", "The umpires waited until six and then sent everyone home.", "Read more", "© 2021 The Gazette"),
    ("Une gifle.",),
    ("雨のため試合は中止となった。", "関連記事", "Пресс-служба сообщила о ремонте моста.", "c a s i n o b0nus"),
)  # fmt: skip
SELF_TEST_PAGE = Layout(
    parents=(-1, 0, 1, 1, 0, 4, 4, 4, 0),
    tags=("html", "nav", "a", "a", "article", "h1", "p", "p", "footer"),
    signs=(
        "\n\n\n", "main-menu\n\nnavigation\n", "\n\n\n", "\n\n\n", "entry-content\n\n\n", "title\n\n\n", "\n\n\n", "\n\n\n",
        "site-footer\n\n\n",
    ),
    hidden=(False, False, False, False, False, False, False, False, True),
    holders=(2, 3, 5, 5, 6, 6, 7, 7, 8, 8),
    links=(7, 12, 0, 0, 0, 0, 40, 0, 10, 16),
)  # fmt: skip
"""A layout for the first article of SELF_TEST."""


@dataclass(frozen=True, slots=True)
class Model:
    """A classifier with what is known of it."""

    classifier: Classifier
    header: Mapping[str, Any]
    digest: str
    """First 12 hexadecimal digits of the file's checksum: the name of the model in audits."""
    information: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """By kind, `text` and `page`: what its training lines say of where labels could move it (see `training.information`)."""


def save_model(
    path: Path,
    linear: LinearWeights,
    rest: Classifier,
    provenance: Mapping[str, Any],
    layout: LayoutWeights | None = None,
    information: Mapping[str, NDArray[Any]] | None = None,
) -> str:
    """Write a model file with its self-test; returns its digest. Same arrays, same bytes.

    `linear` is the unpacked form of `rest.linear`, `layout` that of `rest.pages.layout`. Raises WriteError when the disk fails.
    """
    named = {f"{INFORMATION}{kind}": array for kind, array in (information or {}).items()}
    return _save(path, _named_arrays(linear, rest, layout) | named, provenance)


def save_adapted(path: Path, base: Path, shifts: Mapping[str, ShiftWeights], provenance: Mapping[str, Any]) -> str:
    """Write the model of `base` (a file or a shelf) with shifts for `text` and `page` in the place of those that it has.

    Returns its digest. Raises ModelError when `base` cannot be read, WriteError when the disk fails.
    """
    file = model_at(base).path
    header, body, _ = _opened(_file_bytes(file), str(file))
    arrays = {n: a for n, a in _read_arrays(header, body, str(file)).items() if not n.startswith(ADAPTATION)}
    for kind, shift in shifts.items():
        arrays |= {f"{ADAPTATION}{kind}.{name}": array for name, array in shift._asdict().items()}
    return _save(path, arrays, provenance)


def without_adaptation(classifier: Classifier) -> Classifier:
    """The classifier as it was trained, before labels of a user's own."""
    return classifier._replace(adaptation=Adaptation())


def _save(path: Path, arrays: Mapping[str, NDArray[Any]], provenance: Mapping[str, Any]) -> str:
    header = {
        "format": FORMAT,
        "labels": LABELS,
        "styles": STYLES,
        "columns": COLUMNS,
        "arrays": [{"name": n, "type": a.dtype.name, "shape": a.shape} for n, a in arrays.items()],
        "self_test": _self_test_scores(_classifier(arrays)),
        "provenance": provenance,
    }
    head = json.dumps(header, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    body = b"".join(a.astype(TYPES[a.dtype.name]).tobytes() for a in arrays.values())
    payload = MAGIC + len(head).to_bytes(4, "little") + head + body
    digest = hashlib.sha256(payload)
    write_whole(path, payload + digest.digest(), Disk())
    return digest.hexdigest()[:12]


def load_model(path: Path | str | None = None) -> Model:
    """Read a model file, or the promoted model of a shelf (a folder); the shipped one when no path is given.

    Raises ModelError when the file is missing, damaged, of another version, not the one that was promoted, or
    fails its self-test.
    """
    file, promised = model_at(Path(path) if path is not None else shipped())
    raw = _file_bytes(file)
    if promised and hashlib.sha256(raw).hexdigest() != promised:
        raise ModelError(f"{file}: not the file that was promoted, its checksum differs; put it back, or `cleaner rollback`")
    header, body, digest = _opened(raw, str(file))
    try:
        arrays = _read_arrays(header, body, str(file))
        classifier = _classifier(arrays)
        scores = _self_test_scores(classifier)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"{file}: arrays do not fit together ({error}); get the file again") from error
    if scores != header.get("self_test"):
        raise ModelError(f"{file}: the self-test gives other scores than the model promises; get the file again")
    information = {n.removeprefix(INFORMATION): a for n, a in arrays.items() if n.startswith(INFORMATION)}
    return Model(classifier, header, digest[:12], information)


def _file_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: no model can be read there ({error.strerror}); train one with `cleaner train`") from error


def digest_of(raw: bytes) -> str:
    """The digest that a model file's bytes carry, as `Model.digest` has it; whether it is true only loading tells."""
    return raw[-DIGEST_BYTES:].hex()[:12]


def shipped() -> Path:
    """Where the model that comes with cleaner lies: in the installed package, or in the checkout."""
    return _PACKAGED if _PACKAGED.exists() else _CHECKED_OUT


def _opened(raw: bytes, where: str) -> tuple[Mapping[str, Any], memoryview, str]:
    if raw[: len(MAGIC)] != MAGIC:
        raise ModelError(f"{where}: not a cleaner model (pickle, joblib and skops files are never read)")
    payload, digest = raw[:-DIGEST_BYTES], raw[-DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        raise ModelError(f"{where}: damaged, its checksum does not fit; get the file again")
    size = int.from_bytes(raw[8:12], "little")
    if size > min(HEADER_LIMIT, len(payload) - 12):
        raise ModelError(f"{where}: its header claims {size:,} bytes, more than a header has")
    try:
        header = json.loads(payload[12 : 12 + size])
        fits = header["format"] == FORMAT and tuple(header["labels"]) == LABELS and tuple(header["styles"]) == STYLES
        fits = fits and header["columns"] == COLUMNS and isinstance(header["provenance"], dict)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{where}: its header cannot be read ({error})") from error
    if not fits:
        raise ModelError(f"{where}: made for another version of cleaner; train it again with `cleaner train`")
    return header, memoryview(payload)[12 + size :], digest.hex()


def _read_arrays(header: Mapping[str, Any], body: memoryview, where: str) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    at = 0
    for entry in header["arrays"]:
        shape = tuple(entry["shape"])
        if not isinstance(entry["name"], str) or entry["name"] in arrays:
            raise ModelError(f"{where}: array {entry['name']!r} has no name of its own")
        if entry["type"] not in TYPES or not all(isinstance(n, int) and 0 <= n <= len(body) for n in shape):
            raise ModelError(f"{where}: array {entry.get('name')!r} has an unknown type or shape")
        size = math.prod(shape) * np.dtype(TYPES[entry["type"]]).itemsize
        if at + size > len(body):
            raise ModelError(f"{where}: array {entry['name']!r} runs past the end of the file")
        array = np.frombuffer(body[at : at + size], TYPES[entry["type"]]).reshape(shape)
        if not np.isfinite(array).all():
            raise ModelError(f"{where}: array {entry['name']!r} holds numbers that are not finite")
        arrays[entry["name"]], at = array, at + size
    if at != len(body):
        raise ModelError(f"{where}: {len(body) - at} bytes more than its header says")
    return arrays


def _named_arrays(linear: LinearWeights, rest: Classifier, layout: LayoutWeights | None) -> dict[str, NDArray[Any]]:
    named: dict[str, NDArray[Any]] = {f"linear.{name}": array for name, array in linear._asdict().items()}
    named |= _named_contexts(rest.contexts) | {"opening": rest.opening}
    if rest.pages is not None and layout is not None:
        named |= {f"layout.{name}": array for name, array in layout._asdict().items()}
        named |= _named_network("page.keep", rest.pages.keep) | _named_network("page.labels", rest.pages.labels)
        named["page.calibration"] = rest.pages.calibration
    return named


def _named_contexts(contexts: tuple[Context, ...]) -> dict[str, NDArray[Any]]:
    named: dict[str, NDArray[Any]] = {}
    for style, context in zip(STYLES, contexts, strict=True):
        named |= _named_network(style, context.network) | {f"{style}.calibration": context.calibration}
    return named


def _named_network(prefix: str, network: Network) -> dict[str, NDArray[Any]]:
    named: dict[str, NDArray[Any]] = {f"{prefix}.centre": network.centre, f"{prefix}.spread": network.spread}
    for depth, layer in enumerate(network.layers):
        named |= {f"{prefix}.{depth}.{name}": array for name, array in layer._asdict().items()}
        named[f"{prefix}.{depth}.weights"] = _whole(layer.weights)
    return named


def _whole(weights: NDArray[np.float32]) -> NDArray[np.signedinteger[Any]]:
    """Weights in one byte where they fit, else in two."""
    stored: NDArray[np.signedinteger[Any]] = weights.astype(
        np.int8 if np.abs(weights).max(initial=0) <= LARGEST_GIVEN else np.int16
    )
    if not np.array_equal(stored, weights):
        raise ValueError("weights of a network are not whole numbers of two bytes")
    return stored


def _classifier(arrays: Mapping[str, NDArray[Any]]) -> Classifier:
    linear = LinearWeights(*(arrays[f"linear.{name}"] for name in LinearWeights._fields))
    networks = [_network(style, arrays, TEXT_COLUMNS, len(LABELS)) for style in STYLES]
    contexts = tuple(Context(net, arrays[f"{style}.calibration"]) for style, net in zip(STYLES, networks, strict=True))
    adaptation = Adaptation(_shift("text", arrays), _shift("page", arrays))
    if arrays["opening"].shape != (len(OPENING) + 1,):
        raise ValueError(f"opening has the shape {arrays['opening'].shape}")
    return Classifier(pack(linear), contexts, arrays["opening"], _pages(arrays), adaptation)


def _shift(kind: str, arrays: Mapping[str, NDArray[Any]]) -> Shift | None:
    if f"{ADAPTATION}{kind}.grams" not in arrays:
        return None
    return pack_shift(ShiftWeights(*(arrays[f"{ADAPTATION}{kind}.{name}"] for name in ShiftWeights._fields)))


def _pages(arrays: Mapping[str, NDArray[Any]]) -> PageClassifier | None:
    if "layout.weights" not in arrays:
        return None
    layout = LayoutWeights(*(arrays[f"layout.{name}"] for name in LayoutWeights._fields))
    networks = _network("page.keep", arrays, PAGE_COLUMNS, 1), _network("page.labels", arrays, PAGE_COLUMNS, len(LABELS))
    return PageClassifier(pack_layout(layout), *networks, arrays["page.calibration"])


def _network(prefix: str, arrays: Mapping[str, NDArray[Any]], inputs: int, outputs: int) -> Network:
    depths = takewhile(lambda depth: f"{prefix}.{depth}.weights" in arrays, count())
    layers = tuple(_layer(f"{prefix}.{depth}", arrays) for depth in depths)
    return checked(Network(arrays[f"{prefix}.centre"], arrays[f"{prefix}.spread"], layers), inputs, outputs)


def _layer(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Layer:
    weights = arrays[f"{prefix}.weights"].astype(np.float32)
    return Layer(weights, arrays[f"{prefix}.bias"], arrays[f"{prefix}.scale"])


def _self_test_scores(classifier: Classifier) -> dict[str, list[Any]]:
    """Probabilities of the self-test lines in ten-thousandths, by style, and the opening score of plain values."""
    lines = [line for article in SELF_TEST for line in article]
    offsets = np.cumsum([0, *map(len, SELF_TEST)])
    page = SELF_TEST[0]
    scores: dict[str, list[Any]] = {}
    for style in STYLES:
        scores[style] = _ten_thousandths(judge(classifier, lines, offsets, style))
        scores[f"page.{style}"] = _ten_thousandths(judge_pages(classifier, page, [0, len(page)], [SELF_TEST_PAGE], style))
    return scores | {"opening": [round(float(weight), 9) for weight in classifier.opening]}


def _ten_thousandths(probabilities: NDArray[np.float64]) -> list[list[int]]:
    whole: list[list[int]] = np.rint(probabilities * 10_000).astype(int).tolist()
    return whole
