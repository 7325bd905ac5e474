from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from evals.bench.stack import figures
from evals.judges.stack import StackWeights
from evals.labels import Labelled


def labels(n: int) -> list[Labelled]:
    """Return labels of which two at a time have the same passages."""
    return [
        Labelled(
            id=str(place),
            language="en",
            statement="Dogs bark.",
            passages=(f"Passage {place // 2}.",),
            supported=place % 2 == 0,
        )
        for place in range(n)
    ]


def test_judge_that_tells_gets_the_weight_and_holds_on_what_was_left_out() -> None:
    rng = np.random.default_rng(1)
    told = [0.8 if place % 2 == 0 else 0.3 for place in range(60)]

    found = figures(
        labels(60),
        {"rules": rng.uniform(0.3, 0.7, 60).tolist(), "model": told},
        {"rules": 0.5, "model": 0.5},
    )

    assert (found["n"], found["n_unsupported"]) == (60, 30)
    weights, quality = found["weights"], found["quality"]
    assert isinstance(weights, dict)
    assert isinstance(quality, dict)
    assert weights["model"] > 1 > abs(weights["rules"])
    assert quality["model"] == quality["stack, left out"] == {"balanced_accuracy": 1, "auc": 1}


def test_labels_of_the_same_passages_are_left_out_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted_to: list[list[float]] = []

    def fit(
        probabilities: Mapping[str, Sequence[float]], supported: Sequence[bool]
    ) -> StackWeights:
        fitted_to.append(list(probabilities["rules"]))
        return StackWeights(bias=0, weights={"rules": 1})

    monkeypatch.setattr("evals.bench.stack.fit_stack", fit)

    figures(labels(6), {"rules": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}, {"rules": 0.5})

    everything, *left = sorted(fitted_to, key=len, reverse=True)
    assert len(everything) == 6
    assert sorted(left) == [[0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.5, 0.6], [0.3, 0.4, 0.5, 0.6]]
