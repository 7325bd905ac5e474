import numpy as np
import pytest

from assistant.answer_sentences import AnswerableFeatures
from evals.bench.answerable import Row, figures, fit


def rows(seed: int, n: int = 60) -> list[Row]:
    """Return questions of which the least likely sentence tells, and nothing else does."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(n):
        is_answerable = number % 2 == 0
        told = rng.normal(2.0 if is_answerable else -2.0)
        features = AnswerableFeatures(rng.normal(), told, rng.uniform(0.4, 0.6))
        found.append(Row(str(number), "zh" if number % 4 < 2 else "en", is_answerable, features))
    return found


def test_what_tells_gets_the_weight() -> None:
    questions = rows(1)
    columns = np.array([row.features for row in questions])

    weights = fit(columns, np.array([float(row.is_answerable) for row in questions]))

    assert weights.least_likely > 1
    assert abs(weights.likeliest) < 0.5
    odds = weights.bias + columns @ np.array(weights[1:])
    right = [(value > 0) == row.is_answerable for value, row in zip(odds, questions, strict=True)]
    assert np.mean(right) > 0.9


def test_figures_tell_each_feature_alone_and_all_with_each_question_left_out() -> None:
    found = figures(rows(2))

    assert (found["answerable"], found["others"]) == (30, 30)
    alone = found["auc_alone"]
    assert isinstance(alone, dict)
    assert alone["least_likely"] > 0.95
    assert alone["likeliest"] == pytest.approx(0.5, abs=0.2)
    left_out = found["auc_left_out"]
    assert isinstance(left_out, dict)
    assert left_out.keys() == {"all", "zh", "en"}
    assert 0.9 < left_out["all"] <= 1


def test_noise_is_not_flattered() -> None:
    rng = np.random.default_rng(3)
    noise = [
        Row(str(n), "en", n % 2 == 0, AnswerableFeatures(*rng.normal(size=3))) for n in range(80)
    ]

    left_out = figures(noise)["auc_left_out"]

    assert isinstance(left_out, dict)
    assert left_out["all"] < 0.65
    assert left_out["zh"] is None


def test_what_is_the_same_for_all_tells_nothing() -> None:
    same = [Row(str(n), "en", n < 30, AnswerableFeatures(-3.9, 0.1 * n, 0.5)) for n in range(60)]

    alone = figures(
        [
            row._replace(features=row.features._replace(nearness=0.001 * n))
            for n, row in enumerate(same)
        ]
    )["auc_alone"]

    assert isinstance(alone, dict)
    assert alone["likeliest"] == 0.5
    assert alone["least_likely"] == 0.0
