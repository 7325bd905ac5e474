"""One question on its way to an answer, and the forms that the answer can take."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from assistant.answer_sentences import AnswerSentence
from assistant.chat_model import Usage
from assistant.citations import CheckedReply
from assistant.errors import ModelError
from assistant.extracts import Extract
from assistant.phrases import EXTRACTS, NOT_FOUND, NOT_FOUND_NAME, NOT_FOUND_NEAREST
from assistant.records import Answer, Language, Mode, Passage
from assistant.retrieval import Candidate, SearchResult


@dataclass(slots=True)
class Inquiry:
    """One question on its way: `asked` without orders, `standalone` with the `earlier` ones."""

    question: str
    asked: str
    earlier: tuple[str, ...]
    standalone: str
    language: Language
    started: float
    result: SearchResult
    timings_ms: dict[str, float] = field(default_factory=dict)
    prompt_tokens: int | None = None
    new_tokens: int | None = None
    model_failure: str = ""
    read: Sequence[AnswerSentence] | None = None

    @property
    def nearness(self) -> float:
        """Of the nearest passage; 0 if there is none."""
        return max((hit.nearness for hit in self.result.hits), default=0.0)

    @property
    def candidates(self) -> dict[Passage, Candidate]:
        """What the search knows of each passage that it found."""
        return {candidate.hit.passage: candidate for candidate in self.result.candidates}

    def note(self, name: str) -> None:
        """Take down how long it took from the start to `name`, in ms; the first time counts."""
        self.timings_ms.setdefault(name, round((time.perf_counter() - self.started) * 1000, 1))

    def count(self, usage: Usage | None) -> None:
        """Add what a reply cost; nothing where the server doesn't tell."""
        if usage is not None:
            self.prompt_tokens = (self.prompt_tokens or 0) + usage.prompt_tokens
            self.new_tokens = (self.new_tokens or 0) + usage.new_tokens

    def blame(self, error: ModelError) -> None:
        """Take down that the model failed; the first reason counts."""
        self.model_failure = self.model_failure or f"{error} {error.hint}".strip()

    def written(self, checked: CheckedReply, notice: str, model: str) -> Answer:
        """Return the checked reply of `model` as the answer."""
        return replace(
            self._answer(checked.text, "model"),
            sentences=checked.sentences,
            citations=checked.citations,
            dropped_markers=checked.dropped_markers,
            notice=notice,
            model=model,
        )

    def abstention(self) -> Answer:
        """Return that the materials don't say, and the nearest passages."""
        language, hits = self.language, self.result.hits
        unknown = self.result.unknown_names
        text = (
            NOT_FOUND_NAME[language].format(names="、".join(unknown))
            if unknown and language == "zh"
            else NOT_FOUND_NAME[language].format(names=" or ".join(unknown))
            if unknown
            else NOT_FOUND[language]
        )
        if hits:
            text += ("" if language == "zh" else " ") + NOT_FOUND_NEAREST[language]
        return replace(self._answer(text, "refusal"), nearest=hits[:3])

    def extracts(self, extracts: Sequence[Extract], notice: str = "") -> Answer:
        """Return sentences of the materials, word for word, as the answer."""
        return replace(
            self._answer("\n".join(extract.line for extract in extracts), "extracts"),
            sentences=tuple(extract.sentence for extract in extracts),
            citations=tuple(extract.citation for extract in extracts),
            notice=notice or EXTRACTS[self.language],
        )

    def _answer(self, text: str, mode: Mode) -> Answer:
        """Return what all forms have in common; the clock stops here."""
        self.note("total")
        return Answer(
            question=self.question,
            standalone_question=self.standalone,
            language=self.language,
            text=text,
            abstained=mode == "refusal",
            mode=mode,
            model_failure=self.model_failure,
            generation=self.result.generation,
            prompt_tokens=self.prompt_tokens,
            new_tokens=self.new_tokens,
            timings_ms=self.timings_ms,
        )
