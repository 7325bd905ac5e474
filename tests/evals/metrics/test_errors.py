from evals.metrics.errors import error_values
from tests.evals.made_rows import make_error, make_refusal


def test_an_error_counts_one_and_anything_else_zero() -> None:
    assert error_values(make_error()) == {"errors": 1}
    assert error_values(make_refusal()) == {"errors": 0}
