"""The judge that the live assistant uses: words, cosine, and numbers, names and negations."""

from collections.abc import Sequence

import numpy as np

from assistant.support import Support, judge
from evals.judges import NO_PASSAGE
from evals.judges.sentences import SentenceReader, Sentences
from evals.records import Verdict

THRESHOLD = 0.5
"""Even odds do better than 0.6 did on each of five held-out halves of RAGTruth's questions, and
better there than weights fitted to the other half. The live check asks for more
(`Limits.min_support`): before a reader, a needless mark costs less than a missing one."""


class RulesJudge:
    """`assistant.support.judge` over the sentences of each passage, and of all as one."""

    name = "rules"

    def __init__(
        self,
        reader: SentenceReader,
        *,
        threshold: float = THRESHOLD,
    ) -> None:
        self.threshold = threshold
        self._reader = reader

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        """Return the verdict of the passage that supports `statement` best, or of all as one."""
        read = [self._reader.sentences(text) for text in dict.fromkeys(passages) if text.strip()]
        if not read or not statement.strip():
            return NO_PASSAGE
        if len(read) > 1:
            # A statement may draw on several passages; the live check never sees these together.
            together = tuple(sentence for sentences, _ in read for sentence in sentences)
            read.append((together, np.concatenate([vectors for _, vectors in read])))
        best = max(
            (self._weigh(statement, sentences, question) for sentences in read),
            key=lambda support: support.probability,
        )
        return Verdict(probability=best.probability, reason=best.reason)

    def _weigh(self, statement: str, sentences: Sentences, question: str) -> Support:
        texts, vectors = sentences
        cosines = vectors @ self._reader.vector(statement)
        return judge(statement, texts, [float(cosine) for cosine in cosines], question=question)
