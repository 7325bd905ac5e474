"""One question on its way to an answer, and the forms that the answer can take."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.answer_sentences import AnswerSentence
from assistant.chat_model import Usage
from assistant.citations import CheckedReply
from assistant.extracts import Extract
from assistant.phrases import EXTRACTS, NOT_FOUND, NOT_FOUND_NAME, NOT_FOUND_NEAREST
from assistant.records import Answer, Language, Passage
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
    usage: Usage | None = None
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

    def written(self, checked: CheckedReply, notice: str, model: str) -> Answer:
        """Return the checked reply of `model` as the answer."""
        self.note("total")
        return Answer(
            question=self.question,
            standalone_question=self.standalone,
            language=self.language,
            text=checked.text,
            abstained=False,
            mode="model",
            sentences=checked.sentences,
            citations=checked.citations,
            dropped_markers=checked.dropped_markers,
            notice=notice,
            model=model,
            generation=self.result.generation,
            prompt_tokens=self.usage.prompt_tokens if self.usage else None,
            new_tokens=self.usage.new_tokens if self.usage else None,
            timings_ms=self.timings_ms,
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
        self.note("total")
        return Answer(
            question=self.question,
            standalone_question=self.standalone,
            language=language,
            text=text,
            abstained=True,
            mode="refusal",
            nearest=hits[:3],
            model=None,
            generation=self.result.generation,
            timings_ms=self.timings_ms,
        )

    def extracts(self, extracts: Sequence[Extract], notice: str = "") -> Answer:
        """Return sentences of the materials, word for word, as the answer."""
        self.note("total")
        return Answer(
            question=self.question,
            standalone_question=self.standalone,
            language=self.language,
            text="\n".join(extract.line for extract in extracts),
            abstained=False,
            mode="extracts",
            sentences=tuple(extract.sentence for extract in extracts),
            citations=tuple(extract.citation for extract in extracts),
            notice=notice or EXTRACTS[self.language],
            generation=self.result.generation,
            timings_ms=self.timings_ms,
        )
