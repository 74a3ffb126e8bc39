"""cleaner as a scikit-learn estimator: a step of a `Pipeline` that turns raw articles into clean text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d

from cleaner.errors import SourceError
from cleaner.pipeline import Cleaner, as_source, segment


class ArticleCleaner(TransformerMixin, BaseEstimator):
    """Transform raw articles (pages or texts) into clean texts.

    Parameters are those of `Cleaner.load`; `workers` are processes. The model is trained already, so
    `fit` only loads it: it can stand first in a pipeline, before a vectoriser.

    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.pipeline import make_pipeline
    >>> pipeline = make_pipeline(ArticleCleaner(), TfidfVectorizer())
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        style: str = "news",
        policy: str | None = None,
        kind: str | None = None,
        workers: int = 1,
    ) -> None:
        self.model = model
        self.style = style
        self.policy = policy
        self.kind = kind
        self.workers = workers

    def fit(self, X: Sequence[bytes | str], y: Any = None) -> ArticleCleaner:  # noqa: ARG002, N803  (scikit-learn's names)
        """Load the model; the articles are only checked. Raises ValueError for input that is not a column of texts."""
        _texts(X)
        self.cleaner_ = Cleaner.load(self.model, style=self.style, policy=self.policy)
        return self

    def transform(self, X: Sequence[bytes | str]) -> NDArray[np.object_]:  # noqa: N803  (scikit-learn's name)
        """Clean texts, shape (n,), one an article, in order; empty where nothing of a source is an article."""
        check_is_fitted(self)
        articles = [_article(item, self.kind) for item in _texts(X)]
        results = self.cleaner_.clean_many((a for a in articles if a is not None), workers=self.workers)
        return np.array(["" if a is None else next(results).text for a in articles], dtype=object)

    def __sklearn_tags__(self) -> Any:
        """One-dimensional text in, one-dimensional text out, nothing to learn."""
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.requires_fit = True
        tags.no_validation = False
        return tags


def _texts(articles: Sequence[bytes | str]) -> list[bytes | str]:
    if isinstance(articles, (str, bytes)):
        raise ValueError("a list of articles is expected, not one text; wrap it in a list")  # noqa: TRY004  (scikit-learn's contract)
    column = column_or_1d(np.asarray(articles, dtype=object))
    wrong = [type(item).__name__ for item in column if not isinstance(item, (str, bytes))]
    if wrong:
        raise ValueError(f"articles must be text or bytes, not {wrong[0]}")
    return list(column)


def _article(item: bytes | str, kind: str | None) -> list[str] | None:
    """An article's paragraphs as lines; None where there is no text in it."""
    try:
        return [paragraph.text for paragraph in segment(as_source(item, kind=kind)).paragraphs]
    except SourceError:
        return None
