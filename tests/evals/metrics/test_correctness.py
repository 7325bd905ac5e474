import pytest

from evals.metrics.correctness import correctness_values, token_f1, token_recall, tokens
from evals.metrics.verdicts import Verdicts
from tests.evals.made_rows import (
    NO_VERDICTS,
    make_answer,
    make_case,
    make_error,
    make_refusal,
    make_statement,
    verdicts,
)

CASE = make_case(reference="A mask hides later tokens. It is a matrix.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The GPT-3 model, an LLM, has 4.4!", ["gpt3", "model", "llm", "has", "44"]),
        ("掩码遮住后面的词元。", list("掩码遮住后面的词元")),
        ("BERT，ＧＰＴ是LLM", ["bert", "gpt", "是", "llm"]),
        ("A mask hides [1][2], 见【3】", ["mask", "hides", "见"]),
        ("。!", []),
    ],
)
def test_tokens_are_words_and_chinese_characters(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_token_f1_by_hand() -> None:
    # Three of four tokens said are wanted, three of five wanted are said: 2 · 3 / 9.
    assert token_f1("mask hides later words", "The mask hides all later tokens") == pytest.approx(
        2 / 3
    )
    # 掩码 遮住 shared: 4 of 4 characters said, 4 of 6 wanted.
    assert token_f1("掩码遮住", "掩码遮住未来。") == pytest.approx(0.8)


def test_a_token_counts_as_often_as_both_have_it() -> None:
    assert token_f1("mask mask mask", "mask") == pytest.approx(0.5)


def test_texts_without_tokens() -> None:
    assert token_f1("", "mask") == token_f1("mask", "") == 0
    assert token_f1("", "。") == 1
    assert token_recall("", "") == 1


def test_token_recall_is_of_the_reference() -> None:
    assert token_recall("a mask hides much more than that", "mask hides tokens of") == 0.5


def test_recall_is_of_the_reference_and_precision_of_the_answer() -> None:
    row = make_answer(
        CASE,
        make_statement("A mask hides later tokens."),
        make_statement("It is triangular."),
        make_statement("See below:", is_claim=False),
        make_statement("It is applied before softmax."),
    )
    judged = verdicts("reference", True, False) + verdicts("answer", True, False, True, False)
    values = correctness_values(row, Verdicts(judged))
    assert values["reference_recall"] == 1 / 2
    assert values["reference_precision"] == 1 / 3
    assert 0 < values["token_f1"] < 1


def test_what_was_not_judged_has_only_token_f1() -> None:
    assert set(correctness_values(make_answer(CASE, make_statement()), NO_VERDICTS)) == {"token_f1"}


def test_a_reference_that_was_judged_in_part_has_no_recall() -> None:
    row = make_answer(CASE, make_statement())
    assert "reference_recall" not in correctness_values(row, Verdicts(verdicts("reference", True)))


def test_a_refusal_says_nothing_of_the_reference() -> None:
    expected = {"reference_recall": 0, "token_f1": 0}
    assert correctness_values(make_refusal(CASE), NO_VERDICTS) == expected


def test_an_error_is_the_worst() -> None:
    values = correctness_values(make_error(CASE), NO_VERDICTS)
    assert values == {"reference_recall": 0, "reference_precision": 0, "token_f1": 0}


def test_unanswerable_cases_and_those_without_reference_have_no_values() -> None:
    for case in (make_case(), make_case(reference="Not given.", answerable=False)):
        assert correctness_values(make_answer(case, make_statement()), NO_VERDICTS) == {}
        assert correctness_values(make_error(case), NO_VERDICTS) == {}
