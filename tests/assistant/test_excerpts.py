from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.excerpts import choose_excerpts
from assistant.prompts import Excerpt, estimate_tokens
from tests.assistant.samples import candidate


def texts(excerpts: Sequence[Excerpt]) -> list[tuple[int, str]]:
    return [(excerpt.number, excerpt.text) for excerpt in excerpts]


def test_sentences_come_in_their_own_order_with_an_ellipsis_for_gaps() -> None:
    item = candidate(["One is.", "Two is.", "Three is.", "Four is."], [0.5, 0.0, 0.1, 0.9], 0.5)
    # Four (.9), One (.5), Two (.8 of One) and Three (.1): about 4 tokens each, 25 for the passage.

    assert texts(choose_excerpts([item], max_tokens=35, max_passages=1)) == [
        (1, "One is. … Four is.")
    ]
    assert texts(choose_excerpts([item], max_tokens=100, max_passages=1)) == [
        (1, "One is. Two is. Three is. Four is.")
    ]


def test_sentence_after_a_very_good_one_goes_before_a_better_stranger() -> None:
    item = candidate(["Best is.", "Next is.", "Far is.", "Good is."], [0.9, 0.0, 0.0, 0.6], 0.5)

    # The neighbour counts .8 * .9 = .72, which is more than .6.
    assert texts(choose_excerpts([item], max_tokens=35, max_passages=1)) == [
        (1, "Best is. Next is.")
    ]


def test_neighbours_keep_their_line_breaks() -> None:
    item = candidate(["def f():", "    return 1"], [0.5, 0.5], 0.5, between="\n")

    assert texts(choose_excerpts([item], max_tokens=99, max_passages=1)) == [
        (1, "def f():\n    return 1")
    ]


def test_best_sentence_of_the_best_hit_is_always_in() -> None:
    first = candidate(["Weak is.", "Weaker is."], [0.2, 0.1], 0.9)
    second = candidate(["Strong is.", "Stronger is."], [0.95, 0.99], 0.89)

    assert texts(choose_excerpts([first, second], max_tokens=9, max_passages=2)) == [
        (1, "Weak is.")
    ]


def test_numbers_count_the_hits_that_something_was_taken_of() -> None:
    items = [
        candidate(["First is."], [0.9], 0.9),
        candidate(["A very long second sentence is too dear for what is left."], [0.8], 0.8),
        candidate(["Third is."], [0.7], 0.7),
    ]

    excerpts = choose_excerpts(items, max_tokens=62, max_passages=3)

    assert texts(excerpts) == [(1, "First is."), (2, "Third is.")]
    assert [excerpt.hit for excerpt in excerpts] == [items[0].hit, items[2].hit]


def test_hits_past_the_limit_are_left_out() -> None:
    items = [candidate([f"Number {n}."], [0.5], 0.5) for n in range(5)]

    assert len(choose_excerpts(items, max_tokens=999, max_passages=2)) == 2


def test_no_hits_give_no_excerpts() -> None:
    assert choose_excerpts([], max_tokens=100, max_passages=4) == []


def test_over_long_sentence_is_cut() -> None:
    item = candidate(["词" * 3000], [0.9], 0.9)

    (excerpt,) = choose_excerpts([item], max_tokens=100, max_passages=1)

    assert excerpt.text.endswith("…")
    assert 100 < estimate_tokens(excerpt.text) <= 200


SENTENCES = st.tuples(st.sampled_from(["猫睡觉。", "A cat.", "x " * 40]), st.floats(-1, 1))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(SENTENCES, min_size=1, max_size=5), min_size=1, max_size=4),
    st.integers(30, 200),
)
def test_budget_holds(passages: list[list[tuple[str, float]]], max_tokens: int) -> None:
    items = [
        candidate([text.strip() for text, _ in each], [cosine for _, cosine in each], 0.5)
        for each in passages
    ]

    excerpts = choose_excerpts(items, max_tokens=max_tokens, max_passages=4)

    used = sum(25 + estimate_tokens(excerpt.text) for excerpt in excerpts)
    dearest = max(estimate_tokens(text) for each in passages for text, _ in each)
    # Only one sentence may be over the budget; ellipses and rounding cost a token or two each.
    assert used <= max(max_tokens, 25 + dearest) + 4 * len(excerpts)
    assert excerpts[0].hit == items[0].hit
    assert [excerpt.number for excerpt in excerpts] == list(range(1, len(excerpts) + 1))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_estimate_counts_chinese_by_characters_and_english_by_words(language: str) -> None:
    text = {"zh": "注意力" * 10, "en": "attention " * 10}[language]

    # 0.7 a character, 1.35 a word, and one more.
    assert estimate_tokens(text) == {"zh": 22, "en": 15}[language]
