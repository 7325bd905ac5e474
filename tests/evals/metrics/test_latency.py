from evals.metrics.latency import latency_values
from tests.evals.made_rows import make_answer, make_error, make_refusal, make_statement


def test_what_was_measured_is_a_value() -> None:
    measured = {"first_token_s": 0.5, "total_s": 2.25, "prompt_tokens": 700, "new_tokens": 80}
    row = make_answer(None, make_statement()).model_copy(update=measured)
    assert latency_values(row) == measured


def test_a_refusal_without_the_model_has_only_a_total() -> None:
    row = make_refusal().model_copy(update={"total_s": 0.02})
    assert latency_values(row) == {"total_s": 0.02}


def test_errors_are_not_timed() -> None:
    assert latency_values(make_error().model_copy(update={"total_s": 60.0})) == {}
