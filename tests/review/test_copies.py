"""Near copies are found, and what differs is left apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaner.review.copies import clusters_of, files_with, signs_of

LONG = (
    "Gagnez {} euros par jour sans quitter votre canapé grâce à notre méthode secrète que les banques ne veulent surtout pas vous montrer. "
    "Inscrivez-vous dès maintenant, les places sont limitées et l'offre se termine ce soir à minuit pour les lecteurs de {}."
)


def clusters(texts: list[str]) -> list[int]:
    return clusters_of(signs_of(texts)).tolist()


def test_masked_copies() -> None:
    """Case, numbers and signs make no difference: 'Lu 5 fois' and 'LU 1 204 FOIS !' are one line of furniture, 'Lue' is another."""
    masked = signs_of(["Lu 5 fois", "LU 1204 fois !", "Lue 5 fois", "***", "---", "", "雨"]).masked
    assert masked[0] == masked[1]
    assert len(set(masked.tolist())) == 6


def test_near_copies() -> None:
    """Spam that changes a word in each copy is one cluster; another story is none of it."""
    texts = [LONG.format(sum_, town) for sum_, town in ((500, "Lyon"), (1200, "Saint-Aubin"), (75, "Dole"), (9000, "Pau"))]
    found = clusters(
        [*texts, "Une gifle.", "La mairie promet un nouveau marché couvert sur la place pour le printemps prochain."]
    )
    assert len(set(found[:4])) == 1
    assert len(set(found)) == 3


def test_order_of_words_counts() -> None:
    """Two short lines of the same words are two lines."""
    assert len(set(clusters(["le maire a dit", "dit a le maire"]))) == 2


@given(st.lists(st.text(max_size=60), max_size=12))
def test_a_text_is_known_whatever_stands_beside_it(texts: list[str]) -> None:
    """A paragraph's hashes do not depend on the others that were read with it, whatever characters they hold."""
    together = signs_of(texts)
    for i, text in enumerate(texts):
        own = signs_of([text])
        assert own.masked[0] == together.masked[i]
        assert np.array_equal(own.bands[0], together.bands[i])


def test_files_of_a_site() -> None:
    """'In 2 files of this site' counts files, not lines, and no other site's."""
    masked = signs_of(["Menu", "menu", "Menu", "Le pont rouvre.", "MENU"]).masked
    files = files_with(masked, np.array([0, 0, 0, 0, 1]), np.array([0, 0, 1, 1, 2]))
    assert files.tolist() == [2, 2, 2, 1, 1]
    assert files_with(masked[:0], np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []
