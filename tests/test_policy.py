"""The policy keeps the article, says which key is wrong, and decides by rules that a person can read."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cleaner.cli import main
from cleaner.errors import PolicyError
from cleaner.policy import DEFAULT, RULES, Decided, Policy, decide, load_policy
from cleaner.records import ACTIONS, LABELS, STAYING

DEFAULT_POLICY = load_policy()
NUMBERS = {
    "short": 40, "long": 400, "short_least": 0.5, "long_least": 0.8, "least_content": 0.4, "last_resort": 0.4, "most_lost": 0.35,
}  # fmt: skip
ROUNDING = 0.01  # of a character
LONG_ARTICLE = 20_000
"""Characters of sure content that stand beside a line under test, so that its loss alone sets nothing aside."""


def shares(**named: float) -> list[float]:
    return [named.get(label, 0.0) for label in LABELS]


def written(folder: Path, old: str = "", new: str = "", also: str = "") -> Path:
    """A policy like the default one, its numbers fixed here and no label suspected, with one passage replaced."""
    text = re.sub(r"(?m)^enough = .*\n", "", DEFAULT.read_text(encoding="utf-8"))
    for key, number in NUMBERS.items():
        text, found = re.subn(rf"(?m)^{key} = .*$", f"{key} = {number}", text)
        assert found == (1 if key == "most_lost" else 2)
    assert old in text
    file = folder / "own.toml"
    file.write_text(text.replace(old, new, 1) + also, encoding="utf-8")
    return file


def decided(policy: Policy, length: int = 100, **named: float) -> tuple[str, str]:
    """Action and rule for one line that stands in a long article."""
    found = decide(policy, np.array([shares(**named), shares(content=1.0)]), [length, LONG_ARTICLE])
    assert not found.set_aside
    return ACTIONS[found.actions[0]], RULES[found.rules[0]]


@pytest.fixture(scope="module")
def default() -> Policy:
    return load_policy()


def test_default_actions(default: Policy) -> None:
    """Out of the box the article stays, bylines become metadata, and all other furniture goes."""
    expected = dict.fromkeys(LABELS, "remove") | {"content": "keep", "heading": "keep", "byline": "metadata"}
    assert dict(default.actions) == expected


@pytest.mark.parametrize("label", LABELS)
def test_a_sure_line_gets_its_labels_action(default: Policy, label: str) -> None:
    """A line that the model is sure of is kept, removed or moved as the policy says of its label."""
    action = default.actions[label]
    assert decided(default, **{label: 1.0}) == (action, {"keep": "kept", "remove": "removed", "metadata": "moved"}[action])


def test_longer_paragraphs_need_more_certainty(tmp_path: Path) -> None:
    """The same doubt that lets a short teaser go keeps a long paragraph, for review."""
    policy = load_policy(written(tmp_path))
    assert decided(policy, 30, teaser=0.7, content=0.3) == ("remove", "removed")
    assert decided(policy, 800, teaser=0.7, content=0.3) == ("review", "doubtful")
    assert decided(policy, 800, teaser=0.95, content=0.05) == ("remove", "removed")


def test_the_default_asks_more_of_longer_paragraphs(default: Policy) -> None:
    """Out of the box a long paragraph needs more certainty than a short line, and neither goes on less than even odds."""
    assert default.doubt["news"].short < default.doubt["news"].long
    assert 0.5 <= default.doubt["news"].short_least < default.doubt["news"].long_least < 1


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.integers(0, 1000), st.integers(0, 1000))
def test_length_never_speaks_for_removal(share: float, length: int, more: int) -> None:
    """A paragraph that stays would stay too if it were longer."""
    if decided(DEFAULT_POLICY, length, promo=share, content=1 - share)[0] in STAYING:
        assert decided(DEFAULT_POLICY, length + more, promo=share, content=1 - share)[0] in STAYING


def test_a_labels_own_least_probability(tmp_path: Path) -> None:
    """A user who asks for 0.9 before spam may leave keeps spam at 0.8 for review, and loses it at 0.95."""
    policy = load_policy(written(tmp_path, '[labels.spam]\naction = "remove"', '[labels.spam]\naction = "remove"\nleast = 0.9'))
    assert decided(policy, spam=0.95, content=0.05) == ("remove", "removed")
    assert decided(policy, 20, spam=0.8, content=0.2) == ("review", "unsure label")
    assert decided(policy, 20, promo=0.8, content=0.2) == ("remove", "removed")


def test_least_is_about_the_label_itself(tmp_path: Path) -> None:
    """A line that may be spam or promo is not spam at 0.9, although it is surely not the article's."""
    policy = load_policy(written(tmp_path, '[labels.spam]\naction = "remove"', '[labels.spam]\naction = "remove"\nleast = 0.9'))
    assert decided(policy, 20, spam=0.6, promo=0.4) == ("review", "unsure label")


def test_review_is_kept(tmp_path: Path) -> None:
    """A label that goes to review stays in the article and takes nothing else with it."""
    policy = load_policy(written(tmp_path, '[labels.caption]\naction = "remove"', '[labels.caption]\naction = "review"'))
    assert decided(policy, caption=1.0)[0] == "review"
    assert "review" in STAYING
    assert decided(policy, promo=1.0) == ("remove", "removed")


def test_a_label_can_be_kept(tmp_path: Path) -> None:
    """A user who wants captions keeps them, sure or unsure."""
    policy = load_policy(written(tmp_path, '[labels.caption]\naction = "remove"', '[labels.caption]\naction = "keep"'))
    assert decided(policy, caption=1.0) == ("keep", "kept")
    assert decided(policy, 20, caption=0.6, teaser=0.4)[0] in STAYING


def test_a_line_that_is_rather_the_articles_stays(default: Policy) -> None:
    """A line that is content or heading rather than noise is not lost because one noise label is likelier than each."""
    assert decided(default, 20, content=0.3, heading=0.25, teaser=0.45) == ("keep", "kept")
    assert decided(default, 20, content=0.55, teaser=0.25, navigation=0.2) == ("keep", "kept")


def test_an_article_that_would_lose_too_much_is_set_aside(tmp_path: Path) -> None:
    """When much of what would leave may be the article, all of it stays for a person to look at."""
    lines = [shares(promo=0.65, content=0.35)] * 8 + [shares(content=1.0)]
    found = decide(load_policy(written(tmp_path)), np.array(lines), [40] * 9)
    assert found.set_aside
    assert {ACTIONS[action] for action in found.actions} == {"review"}
    assert {RULES[rule] for rule in found.rules} == {"set aside"}


def test_sure_furniture_sets_nothing_aside(default: Policy) -> None:
    """A page of ten menus around one short article is cleaned, however much of it leaves."""
    found = decide(default, np.array([shares(navigation=1.0)] * 10 + [shares(content=1.0)]), [200] * 11)
    assert not found.set_aside
    assert [ACTIONS[action] for action in found.actions] == ["remove"] * 10 + ["keep"]


def test_the_most_that_may_be_lost_is_the_users(tmp_path: Path) -> None:
    """With `most_lost = 1` nothing is set aside; with 0 any possible loss is."""
    lines, lengths = np.array([shares(promo=0.65, content=0.35)] * 8 + [shares(content=1.0)]), [40] * 9
    free = decide(load_policy(written(tmp_path, "most_lost = 0.35", "most_lost = 1")), lines, lengths)
    strict = decide(load_policy(written(tmp_path, "most_lost = 0.35", "most_lost = 0")), lines, lengths)
    assert (free.set_aside, strict.set_aside) == (False, True)


def test_an_empty_article_is_decided(default: Policy) -> None:
    """A source without paragraphs gives no decisions and no error."""
    found = decide(default, np.zeros((0, len(LABELS))), [])
    assert (found.actions.tolist(), found.rules.tolist(), found.set_aside) == ([], [], False)


ARTICLES = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 25), st.sampled_from([0.02, 0.1, 0.3, 1.0, 50.0]))
"""Seed, paragraphs, and how flat the probabilities are: a made-up article that shrinks quickly."""


def judged(made_up: tuple[int, int, float]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Label probabilities and lengths of a made-up article."""
    seed, count, flatness = made_up
    random = np.random.default_rng(seed)
    weights = random.gamma(flatness, size=(count, len(LABELS))) + 1e-12
    return weights / weights.sum(axis=1, keepdims=True), random.integers(1, 2000, count)


def kept_share(policy: Policy, table: NDArray[np.float64]) -> NDArray[np.float64]:
    return table[:, [policy.actions[label] in STAYING for label in LABELS]].sum(axis=1)


def gone(found: Decided) -> NDArray[np.bool_]:
    return ~np.isin(found.actions, [ACTIONS.index(action) for action in STAYING])


@settings(max_examples=60, deadline=None)
@given(ARTICLES)
def test_every_paragraph_has_one_decision(made_up: tuple[int, int, float]) -> None:
    """Each paragraph gets exactly one action and the one rule that belongs to it."""
    table, lengths = judged(made_up)
    found = decide(DEFAULT_POLICY, table, lengths)
    assert found.actions.shape == found.rules.shape == (len(lengths),)
    said = {(ACTIONS[action], RULES[rule]) for action, rule in zip(found.actions, found.rules, strict=True)}
    whole = {("review", "set aside")}
    single = {("keep", "kept"), ("remove", "removed"), ("metadata", "moved"), ("review", "doubtful"), ("review", "unsure label")}
    single |= {("remove", "suspected")}
    assert said == whole if found.set_aside else said <= single


@settings(max_examples=60, deadline=None)
@given(ARTICLES)
def test_content_lines_are_never_lost(made_up: tuple[int, int, float]) -> None:
    """No line that is at least as likely content or heading as noise leaves, but where the policy says what is enough."""
    table, lengths = judged(made_up)
    found = decide(DEFAULT_POLICY, table, lengths)
    leaves, suspected = gone(found), found.rules == RULES.index("suspected")
    assert kept_share(DEFAULT_POLICY, table)[leaves & ~suspected].max(initial=0) < 0.5
    assert table[suspected, LABELS.index("spam")].min(initial=1) >= DEFAULT_POLICY.enough["spam"]


def test_enough_of_a_label_takes_a_line(tmp_path: Path) -> None:
    """A line with enough of spam in it leaves though it is rather content; below that, or for other labels, it stays."""
    policy = load_policy(written(tmp_path, '[labels.spam]\naction = "remove"', '[labels.spam]\naction = "remove"\nenough = 0.3'))
    assert decided(policy, spam=0.3, content=0.7) == ("remove", "suspected")
    assert decided(policy, spam=0.29, content=0.71) == ("keep", "kept")
    assert decided(policy, teaser=0.4, content=0.6) == ("keep", "kept")
    assert decided(policy, spam=0.9, content=0.1) == ("remove", "removed")


def test_a_paragraph_said_twice_leaves_once(default: Policy) -> None:
    """Of a long paragraph that stands twice the first stays; short lines stay as often as they stand, and so does a copy of what left."""
    table = np.array([shares(content=1.0)] * 5 + [shares(teaser=0.9, content=0.1), shares(content=0.9, teaser=0.1)])
    copied, lengths = [0, 0, 2, 2, 0, 5, 5], [200, 200, 20, 20, 200, 90, 90]
    found = decide(default, table, lengths, copied=copied)
    assert [RULES[rule] for rule in found.rules] == ["kept", "repeated", "kept", "kept", "repeated", "removed", "kept"]
    assert ACTIONS[found.actions[1]] == "remove"


def test_enough_never_takes_a_whole_article(default: Policy) -> None:
    """A text of one line that looks a little like spam is set aside for a person, not lost."""
    found = decide(default, np.array([shares(spam=0.4, content=0.6)]), [120])
    assert found.set_aside
    assert [ACTIONS[action] for action in found.actions] == ["review"]


def test_an_article_of_doubtful_lines_is_cut_by_its_own_measure(tmp_path: Path) -> None:
    """Where the bound would take too much, what is likeliest of an article stays, down to the last resort."""
    own = written(tmp_path)
    own.write_text(own.read_text(encoding="utf-8").replace("last_resort = 0.4", "last_resort = 0.1"), encoding="utf-8")
    lines = [shares(promo=0.7, content=0.3)] * 4 + [shares(navigation=0.98, content=0.02)] * 4
    found = decide(load_policy(own), np.array(lines), [40] * 8)
    assert [ACTIONS[action] for action in found.actions] == ["review"] * 4 + ["remove"] * 4


@settings(max_examples=60, deadline=None)
@given(ARTICLES)
def test_an_article_never_loses_more_than_the_policy_allows(made_up: tuple[int, int, float]) -> None:
    """The characters that are probably the article's and leave are at most the share that the policy names."""
    table, lengths = judged(made_up)
    content = kept_share(DEFAULT_POLICY, table) * lengths
    lost = content[gone(decide(DEFAULT_POLICY, table, lengths))].sum()
    assert lost <= DEFAULT_POLICY.most_lost * content.sum() + ROUNDING


@settings(max_examples=60, deadline=None)
@given(ARTICLES)
def test_the_order_of_paragraphs_decides_nothing(made_up: tuple[int, int, float]) -> None:
    """The policy sees no neighbours: the same lines in another order get the same decisions."""
    table, lengths = judged(made_up)
    order = np.random.default_rng(made_up[0]).permutation(len(lengths))
    straight = decide(DEFAULT_POLICY, table, lengths)
    mixed = decide(DEFAULT_POLICY, table[order], lengths[order])
    assert straight.actions[order].tolist() == mixed.actions.tolist()
    assert straight.rules[order].tolist() == mixed.rules.tolist()


@pytest.mark.parametrize(
    ("old", "new", "key", "near"),
    [
        ("[labels.caption]", "[labels.captions]", "labels.captions", "caption"),
        ("[labels.caption]\naction", "[labels.caption]\nactoin", "labels.caption.actoin", "action"),
        ("short_least", "short_lest", "doubt.news.short_lest", "short_least"),
        ("\nmost_lost", "\nmost_loss", "limits.most_loss", "most_lost"),
        ("[limits]", "[limit]", "limit", "limits"),
        ("[limits]\nmost_lost", "[limits]\nzzz", "limits.zzz", "most_lost, shortest_repeat"),
    ],
)
def test_an_unknown_key_names_the_nearest(tmp_path: Path, old: str, new: str, key: str, near: str) -> None:
    """A misspelt key is refused with the file, the key and the key that was probably meant."""
    file = written(tmp_path, old, new)
    with pytest.raises(PolicyError) as raised:
        load_policy(file)
    message = str(raised.value)
    assert str(file) in message
    assert f"`{key}`" in message
    assert f"`{near}`" in message


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('[labels.promo]\naction = "remove"', '[labels.promo]\naction = "delete"', "labels.promo.action"),
        ('[labels.promo]\naction = "remove"', "[labels.promo]\naction = 1", "labels.promo.action"),
        ('[labels.promo]\naction = "remove"', "[labels.promo]", "labels.promo.action"),
        ('[labels.promo]\naction = "remove"', '[labels.promo]\naction = "remove"\nleast = 1.5', "labels.promo.least"),
        ('[labels.promo]\naction = "remove"', '[labels.promo]\naction = "remove"\nleast = "0.5"', "labels.promo.least"),
        ('[labels.promo]\naction = "remove"\n', "", "labels.promo"),
        ("short_least = 0.5", "short_least = -0.1", "doubt.news.short_least"),
        ("long_least = 0.8", "long_least = nan", "doubt.news.long_least"),
        ("long_least = 0.8", "long_least = true", "doubt.news.long_least"),
        ("short = 40", "short = 40.5", "doubt.news.short"),
        ("long = 400", "long = -1", "doubt.news.long"),
        ("long = 400", "", "doubt.news.long"),
        ("most_lost = 0.35", "most_lost = 35", "limits.most_lost"),
        ("most_lost = 0.35", "", "limits.most_lost"),
        ("version = 1", "version = 2", "version"),
        ("version = 1", "", "version"),
        ("[limits]\nmost_lost = 0.35", "", "limits"),
    ],
)
def test_a_wrong_value_names_its_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    """A value that is missing or makes no sense is refused with the file and the key that it stands at."""
    file = written(tmp_path, old, new)
    with pytest.raises(PolicyError) as raised:
        load_policy(file)
    assert str(file) in str(raised.value)
    assert key in str(raised.value)


def test_a_wrong_action_lists_the_right_ones(tmp_path: Path) -> None:
    """Who writes `delete` is told which actions there are."""
    with pytest.raises(PolicyError, match="keep, remove, metadata, review"):
        load_policy(written(tmp_path, 'action = "keep"', 'action = "delete"'))


@pytest.mark.parametrize("raw", [b"version = ", b"\xff\xfe\x00", b"[labels\n"])
def test_what_is_no_toml_is_refused(tmp_path: Path, raw: bytes) -> None:
    """A file that is no TOML is refused with its name, not with a traceback."""
    file = tmp_path / "broken.toml"
    file.write_bytes(raw)
    with pytest.raises(PolicyError, match=r"broken\.toml"):
        load_policy(file)


def test_a_missing_policy_is_a_policy_error(tmp_path: Path) -> None:
    """A path that does not exist, or is a folder, is named in the error."""
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(PolicyError) as raised:
            load_policy(path)
        assert str(path) in str(raised.value)


def test_the_digest_tells_policies_apart(tmp_path: Path) -> None:
    """Audits name the policy by a digest that is the same for a copy and another for a changed file."""
    copy = tmp_path / "copy.toml"
    copy.write_bytes(DEFAULT.read_bytes())
    assert load_policy(copy).digest == load_policy().digest
    assert load_policy(written(tmp_path, also="\n# changed\n")).digest != load_policy().digest


def test_the_command_line_ends_with_78(tmp_path: Path) -> None:
    """A wrong policy ends a run with its own status and one line that names the key, before anything is written."""
    article = tmp_path / "a.txt"
    article.write_text("The bridge reopens on Monday.\n", encoding="utf-8")
    policy = written(tmp_path, "\nmost_lost", "\nmost_loss")
    result = CliRunner().invoke(main, ["clean", str(article), "-o", str(tmp_path / "out"), "--policy", str(policy)])
    assert result.exit_code == 78
    assert "limits.most_loss" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
