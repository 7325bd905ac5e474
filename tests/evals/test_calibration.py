import math
from math import exp

import numpy as np
import pytest

from evals.calibration import (
    Quality,
    Sample,
    assess,
    auc,
    balanced_accuracy,
    best_threshold,
    calibration_error,
    f1,
    fit_stack,
    precision,
    recall,
)
from evals.judges.stack import log_odds

# Called unsupported under .5: .1 and .2 rightly, .4 falsely; .6 is missed.
SAMPLE = Sample.of([0.1, 0.2, 0.4, 0.6, 0.8, 0.9], [False, False, True, False, True, True])
ONLY_SUPPORTED = Sample.of([0.2, 0.8], [True, True])
EMPTY = Sample.of([], [])


def test_figures_by_hand() -> None:
    assert balanced_accuracy(SAMPLE, 0.5) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert precision(SAMPLE, 0.5) == pytest.approx(2 / 3)
    assert recall(SAMPLE, 0.5) == pytest.approx(2 / 3)
    assert f1(SAMPLE, 0.5) == pytest.approx(2 / 3)
    # Of 9 pairs only (.4 supported, .6 not) stands the wrong way round.
    assert auc(SAMPLE) == pytest.approx(8 / 9)


def test_classes_of_other_sizes_by_hand() -> None:
    sample = Sample.of([0.1, 0.3, 0.3, 0.9, 0.9], [False, True, True, True, True])
    assert balanced_accuracy(sample, 0.5) == pytest.approx((1 + 2 / 4) / 2)
    assert precision(sample, 0.5) == pytest.approx(1 / 3)
    assert recall(sample, 0.5) == 1
    assert f1(sample, 0.5) == pytest.approx(2 / 4)


def test_a_probability_at_the_threshold_counts_as_supported() -> None:
    assert balanced_accuracy(Sample.of([0.4, 0.5], [False, True]), 0.5) == 1


def test_ties_count_half_for_the_area() -> None:
    assert auc(Sample.of([0.5, 0.5], [True, False])) == 0.5
    # Pairs: .5 against .5 (½), .5 against .2 (1), .9 against .5 (1), .9 against .2 (1).
    assert auc(Sample.of([0.5, 0.9, 0.5, 0.2], [True, True, False, False])) == 3.5 / 4


def test_the_area_does_not_depend_on_the_order() -> None:
    generator = np.random.default_rng(3)
    probabilities = generator.integers(0, 5, 40) / 4
    labels = [bool(label) for label in generator.integers(0, 2, 40)]
    pairs = [
        1.0 if one > other else 0.5 if one == other else 0.0
        for one, is_one in zip(probabilities, labels, strict=True)
        for other, is_other in zip(probabilities, labels, strict=True)
        if is_one and not is_other
    ]
    found = auc(Sample.of(list(probabilities), labels))
    assert found == pytest.approx(sum(pairs) / len(pairs))


def test_the_best_threshold_by_hand() -> None:
    # Between .2 and .4: (2/3 + 3/3) / 2; between .6 and .8: (3/3 + 2/3) / 2. Both .3 and .7 are
    # as far from .5; the lower one is taken.
    assert best_threshold(SAMPLE) == pytest.approx(0.3)
    assert best_threshold(Sample.of([0.1, 0.7, 0.9], [False, False, True])) == pytest.approx(0.8)


def test_the_best_threshold_is_the_best_of_all() -> None:
    generator = np.random.default_rng(4)
    labels = [bool(label) for label in generator.integers(0, 2, 60)]
    noise = generator.normal(0, 0.3, 60)
    probabilities = [
        min(1.0, max(0.0, 0.4 + 0.2 * label + float(each)))
        for label, each in zip(labels, noise, strict=True)
    ]
    sample = Sample.of(probabilities, labels)
    found = best_threshold(sample)
    assert found is not None
    reached = balanced_accuracy(sample, found)
    assert reached is not None
    others = [balanced_accuracy(sample, value) or 0 for value in np.linspace(0, 1, 500)]
    assert reached >= max(others) - 1e-9


def test_the_calibration_error_by_hand() -> None:
    # Bin .2 to .3: 4 with mean .25, 1 supported: no gap. Bin .9 to 1: 2 with mean .9, 1: gap .4.
    probabilities = [0.25, 0.25, 0.25, 0.25, 0.9, 0.9]
    sample = Sample.of(probabilities, [True, False, False, False, True, False])
    assert calibration_error(sample) == pytest.approx(2 / 6 * 0.4)
    assert calibration_error(Sample.of([1.0], [True])) == 0


def test_what_has_no_value_is_none() -> None:
    for sample in (ONLY_SUPPORTED, EMPTY):
        assert balanced_accuracy(sample, 0.5) is None
        assert recall(sample, 0.5) is None
        assert auc(sample) is None
        assert best_threshold(sample) is None
    assert precision(ONLY_SUPPORTED, 0.1) is None
    assert f1(ONLY_SUPPORTED, 0.1) is None
    assert f1(ONLY_SUPPORTED, 0.5) == 0
    assert calibration_error(EMPTY) is None


def test_a_sample_is_checked() -> None:
    with pytest.raises(ValueError, match="2 probabilities, 1 labels"):
        Sample.of([0.1, 0.2], [True])
    for wrong in (math.nan, -0.1, 1.1):
        with pytest.raises(ValueError, match="in \\[0, 1\\]"):
            Sample.of([wrong], [True])


# --- Intervals ---------------------------------------------------------------------------------


def noisy(n: int, seed: int = 1) -> tuple[list[float], list[bool]]:
    generator = np.random.default_rng(seed)
    labels = [bool(label) for label in generator.integers(0, 2, n)]
    noise = generator.normal(0, 0.2, n)
    return [
        min(1.0, max(0.0, 0.35 + 0.3 * label + float(each)))
        for label, each in zip(labels, noise, strict=True)
    ], labels


def test_each_figure_has_an_interval_around_it() -> None:
    quality = assess("judge", *noisy(200), threshold=0.5, draws=200)
    for figure in (
        quality.balanced_accuracy,
        quality.precision,
        quality.recall,
        quality.f1,
        quality.auc,
        quality.calibration_error,
        quality.best_threshold,
    ):
        assert figure.value is not None
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low < figure.high
        assert figure.n == 200
    auc_found = quality.auc
    assert auc_found.low is not None
    assert auc_found.value is not None
    assert auc_found.high is not None
    assert auc_found.low < auc_found.value < auc_found.high
    assert assess("judge", *noisy(200), threshold=0.5, draws=200) == quality


def test_statements_that_are_drawn_together_widen_the_interval() -> None:
    probabilities, labels = noisy(60)
    tenfold = [each for each in probabilities for _ in range(10)]
    its_labels = [each for each in labels for _ in range(10)]
    alone = assess("j", tenfold, its_labels, threshold=0.5, draws=300).auc
    together = assess(
        "j",
        tenfold,
        its_labels,
        threshold=0.5,
        clusters=[number // 10 for number in range(600)],
        draws=300,
    ).auc
    assert alone.low is not None
    assert alone.high is not None
    assert together.low is not None
    assert together.high is not None
    assert together.value == alone.value
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_numbers_of_clusters_must_fit() -> None:
    with pytest.raises(ValueError, match="2 statements, 1 numbers"):
        assess("j", [0.1, 0.9], [False, True], threshold=0.5, clusters=[1])


def test_the_curve_has_what_lies_in_each_bin() -> None:
    quality = assess(
        "j", [0.05, 0.15, 0.15, 1.0], [False, True, False, True], threshold=0.5, draws=50
    )
    assert [(b.low, b.high, b.n, b.mean_probability, b.share.value) for b in quality.curve] == [
        (0.0, 0.1, 1, 0.05, 0.0),
        (0.1, 0.2, 2, 0.15, 0.5),
        (0.9, 1.0, 1, 1.0, 1.0),
    ]
    assert quality.curve[1].share.n == 2
    assert quality.n_unsupported == 2


def test_nothing_gives_none_and_no_nan() -> None:
    quality = assess("j", [], [], threshold=0.5, draws=10)
    assert quality.auc.value is None
    assert quality.curve == ()
    assert "NaN" not in quality.model_dump_json()
    one_class = assess("j", [0.2, 0.8], [True, True], threshold=0.5, draws=10)
    assert one_class.balanced_accuracy.value is None
    assert "NaN" not in one_class.model_dump_json()
    # Some of these draws have only one class, or nothing called unsupported.
    few = assess("j", [0.2, 0.8], [False, True], threshold=0.5, draws=50)
    assert few.precision.value == few.precision.low == 1
    assert "NaN" not in few.model_dump_json()


def test_quality_survives_json() -> None:
    quality = assess("j", *noisy(20), threshold=0.5, draws=20)
    assert Quality.model_validate_json(quality.model_dump_json()) == quality


# --- Stacks ------------------------------------------------------------------------------------


def test_of_a_useful_and_a_useless_judge_the_useful_one_gets_the_weight() -> None:
    probabilities, labels = noisy(1000)
    useless = list(np.random.default_rng(9).uniform(0, 1, 1000))
    weights = fit_stack({"good": probabilities, "noise": useless}, labels)
    assert weights.weights["good"] > 1
    assert abs(weights.weights["noise"]) < 0.2


def test_the_fit_is_at_the_least_of_its_loss() -> None:
    probabilities, labels = noisy(80)
    fitted = fit_stack({"a": probabilities}, labels)
    n_supported = sum(labels)

    def loss(bias: float, weight: float) -> float:
        total = weight**2 / 2
        for probability, label in zip(probabilities, labels, strict=True):
            odds = bias + weight * log_odds(probability)
            share = len(labels) / (2 * (n_supported if label else len(labels) - n_supported))
            total += share * math.log1p(exp(-odds if label else odds))
        return total

    bias, weight = fitted.bias, fitted.weights["a"]
    least = loss(bias, weight)
    for step in (0.01, -0.01):
        assert loss(bias + step, weight) > least
        assert loss(bias, weight + step) > least


def test_both_classes_weigh_the_same() -> None:
    # Nine times as many supported ones with the same probabilities: the bias stays where it was.
    probabilities, labels = [0.2, 0.4, 0.6, 0.8], [False, False, True, True]
    many = probabilities[:2] + probabilities[2:] * 9
    balanced = fit_stack({"a": probabilities}, labels)
    unbalanced = fit_stack({"a": many}, labels[:2] + labels[2:] * 9)
    assert balanced.bias == pytest.approx(0, abs=1e-6)
    assert unbalanced.bias == pytest.approx(0, abs=1e-6)


def test_labels_that_are_told_apart_wholly_give_finite_weights() -> None:
    weights = fit_stack({"a": [0.0, 0.0, 1.0, 1.0]}, [False, False, True, True])
    assert 0 < weights.weights["a"] < 10


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [({}, [True, False]), ({"a": [0.1, 0.2]}, [True, True]), ({"a": [0.1]}, [True, False])],
)
def test_what_can_not_be_fitted_is_refused(
    probabilities: dict[str, list[float]], labels: list[bool]
) -> None:
    with pytest.raises(ValueError, match=r"fitted|each label"):
        fit_stack(probabilities, labels)
