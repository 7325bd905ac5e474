"""Judges: each says how probable it is that passages support a statement.

All have one interface, so that they can be compared on labelled data and stacked.
"""

from collections.abc import Sequence
from typing import Protocol

from evals.records import Verdict


class Judge(Protocol):
    """Says how probable it is that every fact of a statement stands in some passages."""

    @property
    def name(self) -> str:
        """What its verdicts are filed under: "rules", "model", "nli:ID", "stack"."""
        ...

    @property
    def threshold(self) -> float:
        """The probability from which on a statement counts as supported."""
        ...

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        """Return the verdict on one sentence, without markers, against all `passages` together.

        Args:
            statement: one sentence of an answer.
            passages: their texts; without any, the probability is 0.
            question: what was asked; "" where there was no question.

        Raises:
            StudyError: the judge can't say, for instance since no model server answers.
        """
        ...


NO_PASSAGE = Verdict(probability=0.0, reason="there is no passage")
