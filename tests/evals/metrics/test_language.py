from evals.metrics.language import language_values
from tests.evals.made_rows import make_answer, make_case, make_error, make_refusal, make_statement


def test_an_answer_in_the_language_of_the_question_matches() -> None:
    chinese = make_case(language="zh")
    assert language_values(make_answer(chinese, make_statement())) == {"language_match": 1}
    assert language_values(make_refusal(chinese)) == {"language_match": 1}


def test_an_answer_in_the_other_language_or_none_does_not() -> None:
    row = make_answer(make_case(language="zh"), make_statement())
    assert language_values(row.model_copy(update={"language": "en"})) == {"language_match": 0}
    assert language_values(make_error()) == {"language_match": 0}
