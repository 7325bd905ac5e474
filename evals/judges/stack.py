"""Several judges as one: their log-odds added up with fixed weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from types import MappingProxyType

from assistant.errors import ConfigError
from evals.judges import Judge
from evals.records import Verdict

THRESHOLD = 0.5
"""The weights are fitted with both classes weighing the same, so even odds are the border."""

CERTAINTY = 0.001
"""No judge's word counts for more than this probability, or for more than 1 less it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackWeights:
    """`bias` + Σ `weights[name]` · logit(p_name) are the log-odds of the stack."""

    bias: float
    weights: Mapping[str, float]


DEFAULT = StackWeights(bias=-0.26, weights=MappingProxyType({"rules": 0.32, "model": 0.61}))
"""Fitted for the embedded model to the 72 development labels of our own and 120 sentences of
RAGTruth, half of them unsupported. `python -m evals.bench.stack` fits them to another model."""


class StackedJudge:
    """A judge made of judges; each must have a weight.

    Raises:
        ConfigError: `weights` and `members` don't name the same judges.
    """

    def __init__(
        self,
        members: Sequence[Judge],
        *,
        weights: StackWeights = DEFAULT,
        name: str = "stack",
        threshold: float = THRESHOLD,
    ) -> None:
        names = [member.name for member in members]
        if sorted(names) != sorted(weights.weights):
            raise ConfigError(
                f"The stack has weights for {', '.join(sorted(weights.weights))}, "
                f"but the judges are {', '.join(sorted(names))}.",
                hint="Fit weights for just these judges.",
            )
        self.name = name
        self.threshold = threshold
        self.members = tuple(members)
        self._weights = weights

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        """Return what the members say together."""
        return self.combine(
            [member.judge(statement, passages, question=question) for member in self.members]
        )

    def combine(self, verdicts: Sequence[Verdict]) -> Verdict:
        """Return the verdict that the members' own `verdicts`, in their order, amount to."""
        by_name = {
            member.name: verdict.probability
            for member, verdict in zip(self.members, verdicts, strict=True)
        }
        reasons = [
            f"{member.name} {verdict.probability:.2f}"
            + (f" ({verdict.reason})" if verdict.reason else "")
            for member, verdict in zip(self.members, verdicts, strict=True)
        ]
        probability = stacked_probability(self._weights, by_name)
        return Verdict(probability=probability, reason="; ".join(reasons))


def stacked_probability(weights: StackWeights, probabilities: Mapping[str, float]) -> float:
    """Return what judges' `probabilities` by name amount to under `weights`."""
    odds = weights.bias + sum(
        weights.weights[name] * log_odds(probability) for name, probability in probabilities.items()
    )
    return 1 / (1 + exp(-odds))


def log_odds(probability: float) -> float:
    """Return the natural logarithm of p / (1 − p), p kept off 0 and 1 by `CERTAINTY`."""
    kept = min(1 - CERTAINTY, max(CERTAINTY, probability))
    return log(kept / (1 - kept))
