from collections.abc import Sequence

import pytest

from assistant.errors import ConfigError
from evals.judges.stack import StackedJudge, StackWeights, log_odds
from evals.records import Verdict


class Fixed:
    threshold = 0.5

    def __init__(self, name: str, probability: float, reason: str = "") -> None:
        self.name = name
        self.verdict = Verdict(probability=probability, reason=reason)

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        return self.verdict


def stacked(rules: float, model: float, weights: StackWeights) -> Verdict:
    judges = [Fixed("rules", rules, "9 is not in the passage"), Fixed("model", model)]
    return StackedJudge(judges, weights=weights).judge("A.", ["B."])


def test_log_odds_add_up_with_their_weights() -> None:
    # .8 are odds of 4, .5 of 1; with the weights 2 and 3 and the bias 0: 4² · 1³ = 16 to 1.
    weights = StackWeights(bias=0, weights={"rules": 2, "model": 3})
    assert stacked(0.8, 0.5, weights).probability == pytest.approx(16 / 17)


def test_the_bias_shifts_and_reasons_are_kept() -> None:
    weights = StackWeights(bias=log_odds(0.25), weights={"rules": 0, "model": 1})
    verdict = stacked(0.9, 0.5, weights)
    assert verdict.probability == pytest.approx(0.25)
    assert verdict.reason == "rules 0.90 (9 is not in the passage); model 0.50"


def test_by_default_both_judges_count() -> None:
    def both(model: float, rules: float) -> float:
        judge = StackedJudge([Fixed("model", model), Fixed("rules", rules)])
        return judge.judge("A.", ["B."]).probability

    assert both(0.1, 0.1) < both(0.9, 0.1) < both(0.9, 0.9)
    assert both(0.1, 0.1) < both(0.1, 0.9) < both(0.9, 0.9)
    assert both(0.1, 0.1) < 0.5 < both(0.9, 0.9)


def test_certainty_is_bounded() -> None:
    weights = StackWeights(bias=0, weights={"rules": 1, "model": 1})
    assert stacked(0.0, 1.0, weights).probability == pytest.approx(0.5)
    assert stacked(1.0, 1.0, weights).probability < 1


def test_judges_without_weights_are_refused() -> None:
    with pytest.raises(ConfigError, match="the judges are nli:x, rules"):
        StackedJudge([Fixed("rules", 0.5), Fixed("nli:x", 0.5)])
