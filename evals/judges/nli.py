"""A cross-encoder for natural language inference as a judge, by hub id or folder (extra `neural`).

The passage is the premise, the statement the hypothesis, and the probability is that of
"entailment". Such models read a few hundred tokens at once, so a passage is cut into windows of
whole sentences and the best window counts (as in Laban et al., 2022, "SummaC", TACL, who take the
best sentence). Not covered: a statement whose facts lie further apart than a window is long.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from assistant.errors import ConfigError, StudyError
from assistant.language import split_sentences
from assistant.prompts import estimate_tokens
from evals.judges import NO_PASSAGE
from evals.records import Verdict

FloatArray = npt.NDArray[np.float64]

THRESHOLD = 0.5
WINDOW_TOKENS = 320
"""By estimate; leaves room for the statement in the 512 tokens of most such models."""


class EntailmentModel(Protocol):
    """Reads premise and hypothesis together."""

    def entailment(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """Return how probable it is that each premise entails its hypothesis, shape (n,)."""
        ...


class NliJudge:
    """The best window of the passages under an NLI model.

    Args:
        model_id: names the judge.
        model: one that is loaded; by default `model_id` is, as a hub id or a folder.

    Raises:
        StudyError: the extra is not installed, or `model_id` can't be had or is no NLI model.
    """

    def __init__(
        self,
        model_id: str,
        *,
        model: EntailmentModel | None = None,
        threshold: float = THRESHOLD,
        window_tokens: int = WINDOW_TOKENS,
    ) -> None:
        self.name = f"nli:{model_id}"
        self.threshold = threshold
        self._model = model or CrossEncoderNli(model_id)
        self._window_tokens = window_tokens

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        """Return the probability of entailment by the best window; the question is not read."""
        read = [text for text in dict.fromkeys(passages) if text.strip()]
        if not read or not statement.strip():
            return NO_PASSAGE
        premises = windows(read, max_tokens=self._window_tokens)
        found = self._model.entailment([(premise, statement) for premise in premises])
        return Verdict(probability=float(np.clip(found.max(), 0, 1)))


def windows(passages: Sequence[str], *, max_tokens: int) -> list[str]:
    """Return stretches of whole sentences of about `max_tokens` at most, without doubles.

    They are those of each passage, half of each in the next; then those of all passages as one,
    for statements that draw on two. A sentence that is longer is a window of its own.
    """
    found = [window for text in passages for window in _windows(text, max_tokens)]
    if len(passages) > 1:
        found += _windows("\n".join(passages), max_tokens)
    return list(dict.fromkeys(found))


def _windows(text: str, max_tokens: int) -> list[str]:
    sentences = split_sentences(text)
    sizes = [estimate_tokens(sentence.text) for sentence in sentences]
    found = []
    first = 0
    while first < len(sentences):
        end, size = first + 1, sizes[first]
        while end < len(sentences) and size + sizes[end] <= max_tokens:
            size += sizes[end]
            end += 1
        found.append(text[sentences[first].start : sentences[end - 1].end])
        if end == len(sentences):
            break
        first = max(first + 1, (first + end) // 2)
    return found


class CrossEncoderNli:
    """An `EntailmentModel` from sentence-transformers.

    Raises:
        ConfigError: the extra is not installed, or the model can't be had.
        StudyError: the model's labels don't say which of them is entailment.
    """

    def __init__(self, model_id: str) -> None:
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise ConfigError(
                "An NLI judge needs sentence-transformers, which is not installed.",
                hint="Install torch, then the extra: pip install -e '.[neural]'.",
            ) from error
        try:
            self._encoder = CrossEncoder(model_id)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"The NLI model {model_id} can't be loaded.",
                hint="Give a folder, or a hub id that can be reached from here.",
            ) from error
        self._label = entailment_label(self._encoder.config.id2label, model_id)

    def entailment(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """Return how probable it is that each premise entails its hypothesis, shape (n,)."""
        predict = cast("Callable[..., object]", self._encoder.predict)
        if self._label is None:
            return np.asarray(predict(list(pairs), show_progress_bar=False), dtype=np.float64)
        # Raw scores: some models' files name an activation of their own, others none.
        scores = predict(list(pairs), activation_fn=_unchanged, show_progress_bar=False)
        return softmax(np.asarray(scores, dtype=np.float64))[:, self._label]


def entailment_label(labels: Mapping[int, str], model_id: str) -> int | None:
    """Return the number of the label "entailment"; None for a model with one output.

    Raises:
        StudyError: none of several labels is called so.
    """
    if len(labels) == 1:
        return None
    for number, label in labels.items():
        if label.strip().casefold().startswith("entail"):
            return int(number)
    raise StudyError(
        f"None of the labels of {model_id} is called entailment: {', '.join(labels.values())}.",
        hint="Give a model for natural language inference (MNLI, XNLI, ANLI).",
    )


def softmax(scores: FloatArray) -> FloatArray:
    """Return probabilities, shape (n, labels), each row summing to 1."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


def _unchanged(scores: object) -> object:
    return scores
