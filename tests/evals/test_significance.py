import pytest

from evals.significance import is_significant
from evals.statistics import Mean


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Mean(0.2, 0.1, 0.3, 6), True),
        (Mean(-0.2, -0.3, -0.1, 6), True),
        (Mean(0.2, 0.0, 0.3, 6), False),
        (Mean(1.0, 1.0, 1.0, 5), False),
        (Mean(None, None, None, 0), False),
    ],
)
def test_interval_must_leave_out_zero_on_enough_pairs(change: Mean, expected: bool) -> None:
    assert is_significant(change) is expected
