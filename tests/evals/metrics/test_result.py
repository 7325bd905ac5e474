import pytest

from evals.metrics.result import gives_result, result_values, results_of
from evals.records import Case, Kind, Row
from tests.evals.made_rows import (
    make_answer,
    make_case,
    make_error,
    make_refusal,
    make_statement,
)

IDLE = make_case(
    kind="calculation",
    question="8 pipeline stages, 24 micro batches: how much idle time",
    reference="The idle share is (8 − 1)/(24 + 8 − 1) = 7/31, about 22.6%.",
)


def asked(question: str, reference: str, *, kind: Kind = "calculation") -> Case:
    return make_case(kind=kind, question=question, reference=reference)


def said(case: Case, text: str) -> Row:
    return make_answer(case, make_statement(text, 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The idle share is 22.6 % [1].", 1.0),
        ("It is 7/31, or 0.2258.", 1.0),
        ("About 23% of the time.", 1.0),
        ("It is (8 − 1)/31 = 20%, with 8 stages and 24 batches.", 0.0),
        ("See passage [226].", 0.0),
    ],
)
def test_answer_has_the_last_number_or_not(text: str, expected: float) -> None:
    assert result_values(said(IDLE, text)) == {"result_given": expected}


def test_refusals_and_errors_give_nothing() -> None:
    assert result_values(make_refusal(IDLE)) == {"result_given": 0.0}
    assert result_values(make_error(IDLE)) == {"result_given": 0.0}
    assert gives_result(make_refusal(IDLE)) is None


@pytest.mark.parametrize(
    ("question", "reference", "expected"),
    [
        ("MB at 2 bytes?", "51,200,000 parameters take 102.4 MB at 2 bytes each.", 102.4),
        ("五分之四规则过得了吗？", "比值是 0.625，低于 0.80，过不了。", 0.625),
        ("passes?", "The ratio is 0.625, below 0.80, so it doesn't.", 0.625),
        ("大概多少参数", "12 × 1024² = 12,582,912，约 1258 万个参数。", 1.258e7),
    ],
)
def test_result_is_neither_given_by_the_question_nor_a_bound(
    question: str, reference: str, expected: float
) -> None:
    assert [each.value for each in results_of(asked(question, reference))] == [expected]


def test_only_calculations_make_the_figure() -> None:
    fact = asked("BERT large 一共几层", "BERT-large 有 24 层、3.4 亿参数。", kind="fact")
    assert result_values(said(fact, "有 24 层。")) == {}
    assert result_values(said(asked("Why?", "Because."), "7")) == {}


def test_fact_asked_for_a_number_has_at_least_one_of_the_references() -> None:
    fact = asked("汉字在UTF-8里占几个字节？", "一个常用汉字占 3 字节。", kind="fact")
    assert gives_result(said(fact, "一个汉字占三个字节。")) is True
    assert gives_result(said(fact, "一个汉字占 2 个字节。")) is False
    layers = asked("BERT large 一共几层", "BERT-large 有 24 层、3.4 亿参数。", kind="fact")
    assert gives_result(said(layers, "BERT-large 有 24 层。")) is True


def test_other_questions_are_not_checked() -> None:
    why = asked("Which positions does GPT-2 have?", "A table of 1,024 vectors.", kind="fact")
    assert gives_result(said(why, "Learned ones.")) is None
    how = asked("How many layers?", "24.", kind="explain")
    assert gives_result(said(how, "12.")) is None
    unknown = make_case(kind="calculation", question="1 + 1?", reference="3", answerable=False)
    assert result_values(said(unknown, "3")) == {}
