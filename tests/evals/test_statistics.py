import math
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.statistics import (
    Mean,
    bootstrap_mean,
    bootstrap_ratio,
    paired_difference,
    paired_ratio_difference,
)

NOTHING = Mean(None, None, None, 0)


def test_no_values_have_no_mean() -> None:
    assert bootstrap_mean([]) == NOTHING
    assert bootstrap_ratio([], []) == NOTHING
    assert paired_difference([], []) == NOTHING


def test_equal_values_have_an_interval_without_width() -> None:
    assert bootstrap_mean([0.5] * 7) == Mean(0.5, 0.5, 0.5, 7)


def test_the_mean_of_two_values_may_be_either() -> None:
    # Of 2000 draws a quarter are 0, 0 and a quarter 1, 1.
    assert bootstrap_mean([0.0, 1.0]) == Mean(0.5, 0.0, 1.0, 2)


def test_the_interval_of_a_share_is_near_that_of_the_normal_distribution() -> None:
    mean = bootstrap_mean([1.0] * 80 + [0.0] * 20)
    assert mean.value == pytest.approx(0.8)
    # 0.8 ± 1.96 · sqrt(0.8 · 0.2 / 100)
    assert mean.low == pytest.approx(0.8 - 0.0784, abs=0.011)
    assert mean.high == pytest.approx(0.8 + 0.0784, abs=0.011)


def test_the_interval_of_many_different_values_is_near_that_of_the_normal_distribution() -> None:
    values = [number / 399 for number in range(400)]
    mean = bootstrap_mean(values)
    half = 1.96 * math.sqrt(1 / 12 / 400)
    assert mean.low == pytest.approx(0.5 - half, abs=0.004)
    assert mean.high == pytest.approx(0.5 + half, abs=0.004)


def test_neither_order_nor_repetition_changes_the_interval() -> None:
    values = [number**2 / 1600 for number in range(40)]
    shuffled = random.Random(1).sample(values, len(values))
    assert bootstrap_mean(values) == bootstrap_mean(shuffled) == bootstrap_mean(values)
    assert bootstrap_mean(values) != bootstrap_mean(values, seed=1)


def test_a_ratio_is_of_the_sums() -> None:
    # F1 with TP 3, FP 1, FN 1 and five true negatives: 6 / 8.
    ratio = bootstrap_ratio([2.0] * 3 + [0.0] * 7, [2.0] * 3 + [1.0] * 2 + [0.0] * 5)
    assert ratio.value == pytest.approx(0.75)
    assert ratio.n == 10
    assert ratio.low is not None
    assert ratio.high is not None
    assert 0 <= ratio.low < 0.75 < ratio.high <= 1


def test_a_ratio_to_nothing_has_no_value() -> None:
    assert bootstrap_ratio([0.0, 0.0], [0.0, 0.0]) == NOTHING


def test_a_ratio_survives_draws_without_a_denominator() -> None:
    # Ten cases of which one counts: a third of the draws miss it.
    assert bootstrap_ratio([2.0] + [0.0] * 9, [2.0] + [0.0] * 9) == Mean(1.0, 1.0, 1.0, 10)
    assert bootstrap_ratio([1.0] + [0.0] * 9, [1.0] + [0.0] * 9, draws=1, seed=5).value == 1.0


def test_a_difference_is_of_the_pairs() -> None:
    before, after = [0.1, 0.5, 0.9], [0.3, 0.7, 1.1]
    difference = paired_difference(before, after)
    assert difference.value == pytest.approx(0.2)
    # The same for each pair: certain, however far apart the cases are.
    assert difference.low == pytest.approx(0.2)
    assert difference.high == pytest.approx(0.2)


def test_a_difference_that_may_be_chance_has_zero_in_its_interval() -> None:
    noise = paired_difference([0.0, 1.0] * 20, [1.0, 0.0] * 19 + [1.0, 1.0])
    assert noise.low is not None
    assert noise.high is not None
    assert noise.low < 0 < noise.high


def test_pairs_are_needed() -> None:
    with pytest.raises(ValueError, match="Pairs"):
        paired_difference([1.0], [])
    with pytest.raises(ValueError, match="denominators"):
        bootstrap_ratio([1.0], [])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        bootstrap_mean([0.0, value])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_the_interval_stays_within_the_values(values: list[float]) -> None:
    mean = bootstrap_mean(values, draws=50)
    assert mean.low is not None
    assert mean.high is not None
    assert min(values) - 1e-9 <= mean.low <= mean.high <= max(values) + 1e-9


def test_ten_thousand_different_values_take_seconds_at_most() -> None:
    started = time.perf_counter()
    assert bootstrap_mean([number / 7 for number in range(10_000)], draws=200).n == 10_000
    assert time.perf_counter() - started < 10


def test_difference_of_ratios_is_that_of_the_wholes() -> None:
    before = [(2.0, 2.0), (0.0, 1.0), (0.0, 1.0)]  # 2 / 4
    after = [(2.0, 2.0), (2.0, 2.0), (0.0, 0.0)]  # 4 / 4
    change = paired_ratio_difference(before, after)
    assert (change.value, change.n) == (0.5, 3)
    assert change.low == 0  # a draw of the first alone
    assert change.high == 1
    assert paired_ratio_difference(before, before) == Mean(0.0, 0.0, 0.0, 3)


def test_difference_of_ratios_without_a_whole_has_no_value() -> None:
    assert paired_ratio_difference([], []) == NOTHING
    assert paired_ratio_difference([(0.0, 0.0)], [(1.0, 1.0)]) == NOTHING
    with pytest.raises(ValueError, match="Pairs"):
        paired_ratio_difference([(1.0, 1.0)], [])
    with pytest.raises(ValueError, match="finite"):
        paired_ratio_difference([(math.nan, 1.0)], [(1.0, 1.0)])
