"""An element's tokens are hashed in C or in Python: both find the same, whatever the element."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleaner.features import tokens

needs_compiled = pytest.mark.skipif(tokens.compiled is None, reason="not compiled: no C compiler where cleaner was installed")

ASCII = st.characters(max_codepoint=127)
NAMED = st.text(st.sampled_from(string.ascii_letters + string.digits + "-_:"), max_size=60)
PART = st.one_of(NAMED, st.text(ASCII, max_size=60), st.lists(NAMED, max_size=15).map(" ".join))
SIGN = st.one_of(
    st.lists(PART, min_size=4, max_size=4).map("\n".join), st.text(ASCII, max_size=99), st.lists(PART, max_size=6).map("\n".join)
)
TAG = st.text(ASCII, max_size=160)


@needs_compiled
@given(TAG, SIGN)
@example("p", "\n\n\n")
@example("foreignObject", "HTMLParser XMLHttpRequest aB ABc ABCd a1b2C3 A AB\n\n\n")
@example("div", "x12345y67 12 0\x1f1\x1ca\n 7 x\nMAIN\narticleBody")
@example("div", "a" * 41 + "\n" + "1" * 50 + "b\n" + "R" * 41 + "\n" + "p" * 200)
@example("div", "a b\nc\nd\ne\nf")
@example("x" * 127, "")
@example("x" * 128, "")
@example("div", " ".join(f"{'abcdefghijklmnop'[i]}{i}-one-two-three-four-five-six" for i in range(16)))
def test_both_hash_the_same(tag: str, sign: str) -> None:
    """Whoever has no C compiler gets the same scores."""
    assert tokens.compiled is not None
    found = tokens.compiled.tokens(tag, sign)
    assert found == tokens.tokens_in_python(tag, sign) if len(tag) < 128 else found is None


@given(st.text(max_size=20), st.text(max_size=60))
def test_any_element_has_its_tag_and_its_tokens_once(tag: str, sign: str) -> None:
    """No name on a page, in whatever script or with half a character, stops it."""
    found = tokens.tokens(tag, sign)
    words = [found[i : i + tokens.TOKEN_BYTES] for i in range(0, len(found), tokens.TOKEN_BYTES)]
    assert len(set(words)) == len(words)
    assert words[0] == tokens.tokens(tag, "")[: tokens.TOKEN_BYTES]


@needs_compiled
@pytest.mark.parametrize(("tag", "sign"), [("p", "é"), ("é", ""), ("p", "\ud800"), ("x" * 500, "")])
def test_what_is_not_ascii_is_left_to_python(tag: str, sign: str) -> None:
    """Lower case and words of other scripts are Python's alone."""
    assert tokens.compiled is not None
    assert tokens.compiled.tokens(tag, sign) is None
    assert tokens.tokens(tag, sign) == tokens.tokens_in_python(tag, sign)


@needs_compiled
@pytest.mark.parametrize("arguments", [(), ("p",), ("p", b""), (None, "x"), ("p", "", "")])
def test_wrong_arguments_are_refused(arguments: tuple[object, ...]) -> None:
    """A mistaken call is an error of Python, never a crash."""
    assert tokens.compiled is not None
    with pytest.raises(TypeError):
        tokens.compiled.tokens(*arguments)


def test_numbers_and_case_do_not_tell_elements_apart() -> None:
    """`post-123` and `POST-77` are one template's."""
    assert tokens.tokens("div", "Post-123\n\n\n") == tokens.tokens("div", "POST-77\n\n\n")
    assert tokens.tokens("div", "post\n\n\n") != tokens.tokens("div", "\npost\n\n")
