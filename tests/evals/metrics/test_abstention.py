from evals.metrics.abstention import abstention_values, f1_parts
from tests.evals.made_rows import make_answer, make_case, make_error, make_refusal, make_statement

UNANSWERABLE = make_case(answerable=False)


def test_an_unanswerable_case_refused_is_right() -> None:
    row = make_refusal(UNANSWERABLE)
    assert abstention_values(row) == {
        "abstention_precision": 1,
        "abstention_recall": 1,
        "wrongly_answered": 0,
    }
    assert f1_parts(row) == (2, 2)


def test_an_unanswerable_case_answered_is_wrong() -> None:
    row = make_answer(UNANSWERABLE, make_statement())
    assert abstention_values(row) == {"abstention_recall": 0, "wrongly_answered": 1}
    assert f1_parts(row) == (0, 1)


def test_an_answerable_case_refused_is_wrong() -> None:
    row = make_refusal()
    assert abstention_values(row) == {"abstention_precision": 0, "wrongly_refused": 1}
    assert f1_parts(row) == (0, 1)


def test_an_answerable_case_answered_is_right() -> None:
    row = make_answer(None, make_statement())
    assert abstention_values(row) == {"wrongly_refused": 0}
    assert f1_parts(row) == (0, 0)


def test_an_error_is_wrong_either_way() -> None:
    assert abstention_values(make_error()) == abstention_values(make_refusal())
    wrong = abstention_values(make_answer(UNANSWERABLE, make_statement()))
    assert abstention_values(make_error(UNANSWERABLE)) == wrong
