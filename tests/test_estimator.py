"""ArticleCleaner keeps scikit-learn's contract and stands first in a pipeline."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from cleaner import Cleaner, ModelError
from cleaner.estimator import ArticleCleaner

BODY = (
    "The old viaduct reopened on Monday after eleven months of repairs, and a small crowd came to see the first train cross it."
)
TEXT = f"Home\n\nSign in\n\n{BODY}\n\nShare this article\n\nCookie policy"
PAGE = f"<html><body><article><p>{BODY}</p></article></body></html>"
PARAMETERS = {"model", "style", "policy", "kind", "workers"}


DATA_FREE = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_mixin_order,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_set_params,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
]
"""scikit-learn's checks that draw no tables of numbers. `parametrize_with_checks` leaves them out with all others,
because its checks of what an estimator does with data only know numbers; the tests below do those with texts."""

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SkipTestWarning)  # "can't test estimator which requires input of type string"
    contract = parametrize_with_checks([ArticleCleaner()])


@contract
def test_scikit_learn_contract(estimator: ArticleCleaner, check: Callable[[ArticleCleaner], None]) -> None:
    """Every check that scikit-learn runs on an estimator of texts passes, none excepted."""
    check(estimator)


@pytest.mark.parametrize("check", DATA_FREE, ids=lambda check: check.__name__)
def test_scikit_learn_conventions(check: Callable[[str, ArticleCleaner], None]) -> None:
    """Parameters, tags, mixins and copies follow scikit-learn's conventions, by its own checks."""
    check("ArticleCleaner", ArticleCleaner())


def test_tags_say_texts() -> None:
    """Scikit-learn is told that input is one column of texts, so that it sends no tables of numbers."""
    tags = get_tags(ArticleCleaner()).input_tags
    assert (tags.one_d_array, tags.string, tags.two_d_array) == (True, True, False)


def test_transform_gives_clean_texts(cleaner: Cleaner) -> None:
    """Each article comes out as `Cleaner` cleans it, one text an article, in order."""
    texts = [TEXT, BODY, "", f"{BODY}\n\nRead more"]
    found = ArticleCleaner().fit(texts).transform(texts)
    assert found.shape == (4,)
    assert found.tolist() == [cleaner.clean(text).text for text in texts]
    assert BODY in found[0]


def test_kinds_of_input(cleaner: Cleaner) -> None:
    """Lists, tuples, object arrays and string arrays give the same; bytes are decoded."""
    fitted = ArticleCleaner().fit([TEXT])
    expected = [cleaner.clean(TEXT).text, cleaner.clean(BODY).text]
    for given in ([TEXT, BODY], (TEXT, BODY), np.array([TEXT, BODY]), np.array([TEXT, BODY], object), [TEXT.encode(), BODY]):
        assert fitted.transform(given).tolist() == expected


def test_nothing_in_nothing_out() -> None:
    """No articles give no texts."""
    assert ArticleCleaner().fit([]).transform([]).shape == (0,)


def test_source_is_not_changed() -> None:
    """Neither fit nor transform changes the caller's texts or the parameters."""
    texts = np.array([TEXT, BODY], object)
    step = ArticleCleaner(style="all")
    before = step.get_params()
    assert step.fit(texts) is step
    step.transform(texts)
    assert texts.tolist() == [TEXT, BODY]
    assert step.get_params() == before


def test_first_step_of_a_pipeline() -> None:
    """Clean texts feed a vectoriser and a classifier, and furniture never reaches the vocabulary's texts."""
    texts = [TEXT, BODY, f"{BODY} Musicians played on the bank.", "Home"]
    pipeline = make_pipeline(ArticleCleaner(), TfidfVectorizer())
    table = pipeline.fit_transform(texts)
    assert table.shape[0] == len(texts)
    assert "viaduct" in pipeline[-1].vocabulary_
    assert np.allclose(table.toarray(), TfidfVectorizer().fit_transform(pipeline[0].transform(texts)).toarray())
    learner = make_pipeline(ArticleCleaner(), TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0])
    assert learner.predict(texts).shape == (4,)


def test_parameters() -> None:
    """get_params names the parameters of `Cleaner.load` and two more, set_params sets them, clone copies them unfitted."""
    step = ArticleCleaner(style="all", workers=2)
    assert set(step.get_params()) == PARAMETERS
    assert step.set_params(kind="text").kind == "text"
    copy = clone(step.fit([TEXT]))
    assert copy.get_params() == step.get_params()
    assert copy is not step
    with pytest.raises(NotFittedError):
        copy.transform([TEXT])
    with pytest.raises(ValueError, match="threshold"):
        step.set_params(threshold=0.5)


def test_parameters_of_a_pipeline_step() -> None:
    """A grid search reaches the parameters through the pipeline."""
    pipeline = make_pipeline(ArticleCleaner(), TfidfVectorizer())
    assert pipeline.set_params(articlecleaner__style="all").get_params()["articlecleaner__style"] == "all"


def test_not_fitted() -> None:
    """Transform before fit is scikit-learn's own error."""
    with pytest.raises(NotFittedError):
        ArticleCleaner().transform([TEXT])


@pytest.mark.parametrize(
    "wrong",
    [TEXT, TEXT.encode(), [1, 2], [TEXT, None], [[TEXT, TEXT]], [float("nan")]],
    ids=["text", "bytes", "numbers", "none", "table", "nan"],
)
def test_wrong_input(wrong: object) -> None:
    """Anything but a column of texts is refused as ValueError by fit and by transform."""
    with pytest.raises(ValueError, match=r"."):
        ArticleCleaner().fit(wrong)
    with pytest.raises(ValueError, match=r"."):
        ArticleCleaner().fit([TEXT]).transform(wrong)


def test_wrong_parameters_show_at_fit() -> None:
    """Building never fails; a missing model is told at fit."""
    with pytest.raises(ModelError, match="nowhere"):
        ArticleCleaner(model="nowhere.model").fit([TEXT])


def test_style_reaches_the_model(cleaner: Cleaner) -> None:
    """`style` chooses what `Cleaner.load` would."""
    texts = [TEXT, f"{BODY}\n\nPaul: I was there!\n\nReply"]
    assert ArticleCleaner(style="all").fit(texts).cleaner_.style == "all"
    expected = [Cleaner(cleaner.model, cleaner.policy, "all").clean(text).text for text in texts]
    assert ArticleCleaner(style="all").fit(texts).transform(texts).tolist() == expected


def test_kind_is_obeyed(cleaner: Cleaner) -> None:
    """`kind="text"` reads a page's source as text, as `Cleaner.clean` does with the same word."""
    assert ArticleCleaner(kind="text").fit([PAGE]).transform([PAGE])[0] == cleaner.clean(PAGE, kind="text").text


def test_a_page_without_text_is_empty() -> None:
    """One empty page among many gives an empty text, as transform promises, and the others are still cleaned."""
    found = ArticleCleaner().fit([TEXT]).transform(["<html><body></body></html>", BODY])
    assert found.tolist() == ["", BODY]


def test_fitted_step_can_be_sent_to_a_process() -> None:
    """A fitted step survives pickling, as joblib needs to run it in parallel, and gives the same texts."""
    fitted = ArticleCleaner().fit([TEXT])
    assert pickle.loads(pickle.dumps(fitted)).transform([TEXT]).tolist() == fitted.transform([TEXT]).tolist()  # noqa: S301  (our own)
