"""What stands where a reply refuses or doesn't hold: sentences of the materials, or an abstention.

A small model also refuses what the materials hold, or says it so that nothing can be checked. So
it is asked again, of the nearest sentences one by one.
"""

from collections.abc import Sequence

from assistant.answer_sentences import AnswerSentence, answer_sentences, answerable_probability
from assistant.asked_for import (
    asks_for_document,
    asks_for_name,
    asks_for_number,
    gives_what_is_asked,
)
from assistant.chat_model import ChatModel
from assistant.errors import ModelError
from assistant.extracts import Extract, nearest_extracts, one_of_each
from assistant.inquiry import Inquiry
from assistant.limits import Limits
from assistant.near_misses import (
    is_about,
    is_of_the_kind,
    is_worked_out_in,
    speaks_of_all_compared,
)
from assistant.numbers_in_text import has_numbers_to_calculate, missing_sizes
from assistant.phrases import NO_ANSWER, OTHER_NUMBERS
from assistant.prompts import Excerpt
from assistant.records import Answer
from assistant.support import distinctive_names

NEARLY_AS_LIKELY = 0.8
"""Of the likeliest sentence's probability: so likely ones are shown beside it."""


class SecondLook:
    """Looks again at what was found for a question, sentence by sentence, with the chat model."""

    def __init__(self, chat_model: ChatModel, limits: Limits) -> None:
        self._chat_model = chat_model
        self._limits = limits

    def is_doubtful(self, inquiry: Inquiry, excerpts: Sequence[Excerpt]) -> bool:
        """Whether the passages are neither near nor hold a sentence that answers the question.

        Asked to answer from such passages, a small model makes something of them: the price of a
        GPU becomes that of a parking space.

        Raises:
            ModelError: the model can't be asked.
        """
        if inquiry.nearness >= self._limits.doubtful_nearness:
            return False
        likeliest, *_ = self._read(inquiry, excerpts)
        return inquiry.nearness + likeliest.probability < self._limits.doubtful_evidence

    def selected(self, inquiry: Inquiry, excerpts: Sequence[Excerpt]) -> list[Extract]:
        """Return the sentences that answer the question as the model sees it, best first."""
        try:
            read = self._read(inquiry, excerpts)
        except ModelError as error:
            inquiry.blame(error)
            return []
        if self._is_unanswerable(inquiry):
            return []
        least = self._limits.answer_sentence
        # Where all that was read speaks for an answer, no sentence has to stand out.
        if _answerable_probability(inquiry) >= self._limits.answerable:
            least = min(least, NEARLY_AS_LIKELY * read[0].probability)
        selected = one_of_each(
            each.extract
            for each in read
            if each.probability >= least
            and is_about(each.extract.excerpt.hit.passage, inquiry.result.subjects)
            and not missing_sizes(inquiry.standalone, each.extract.excerpt.hit.passage.text)
            and is_of_the_kind(each.extract.excerpt.hit.passage, inquiry.asked)
            and gives_what_is_asked(inquiry.asked, each.extract.text)
        )
        return selected if _speak_of_all_compared(inquiry, selected) else []

    def refused(self, inquiry: Inquiry, excerpts: Sequence[Excerpt]) -> Answer:
        """Return what stands for a refusal: sentences of the materials, or an abstention."""
        return self._stand_in(inquiry, excerpts, inquiry.nearness, self._limits.plain_nearness)

    def unsupported(
        self, inquiry: Inquiry, excerpts: Sequence[Excerpt], *, support: float
    ) -> Answer:
        """Return what stands for a reply that doesn't hold, whose best claim has `support`.

        It has said that there is an answer: what it wrote counts beside how near the passages are.
        """
        evidence = inquiry.nearness + support
        return self._stand_in(inquiry, excerpts, evidence, self._limits.written_evidence)

    def without_model(self, inquiry: Inquiry, excerpts: Sequence[Excerpt]) -> Answer:
        """Return extracts; nobody read the passages, so they must be nearer than for the model."""
        if inquiry.nearness < self._limits.extract_nearness:
            return inquiry.abstention()
        return inquiry.extracts(nearest_extracts(excerpts, inquiry.candidates))

    def _stand_in(
        self,
        inquiry: Inquiry,
        excerpts: Sequence[Excerpt],
        evidence: float,
        extracts_from: float,
    ) -> Answer:
        """Return the sentences that the model takes, or the nearest from so much `evidence` on.

        For a name or a document nothing is enough: there a near miss looks just the same. So it
        does for a question about a name that the materials don't have.
        """
        if (
            set(inquiry.result.unknown_names) & set(distinctive_names(inquiry.asked))
            or asks_for_name(inquiry.asked)
            or asks_for_document(inquiry.asked)
        ):
            return inquiry.abstention()
        if selected := self.selected(inquiry, excerpts):
            return inquiry.extracts(selected, _no_answer(inquiry, selected))
        nearest = [
            each
            for each in nearest_extracts(excerpts, inquiry.candidates)
            if is_of_the_kind(each.excerpt.hit.passage, inquiry.asked)
        ]
        # Passages that show how such things are worked out do for a question with numbers of its
        # own; a number that is merely near is most often another one.
        if has_numbers_to_calculate(inquiry.standalone):
            evidence, extracts_from = inquiry.nearness, self._limits.method_nearness
        elif self._is_unanswerable(inquiry):
            return inquiry.abstention()
        elif asks_for_number(inquiry.asked):
            extracts_from = max(extracts_from, self._limits.number_evidence)
            nearest = [each for each in nearest if gives_what_is_asked(inquiry.asked, each.text)]
        if evidence < extracts_from or not nearest or not _speak_of_all_compared(inquiry, nearest):
            return inquiry.abstention()
        return inquiry.extracts(nearest, _no_answer(inquiry, nearest))

    def _read(self, inquiry: Inquiry, excerpts: Sequence[Excerpt]) -> Sequence[AnswerSentence]:
        """Return what the model makes of single sentences, likeliest first; asked once a question.

        Raises:
            ModelError: it can't be asked.
        """
        if inquiry.read is None:
            inquiry.read = answer_sentences(
                inquiry.standalone,
                excerpts,
                inquiry.candidates,
                self._chat_model,
                count=inquiry.count,
            )
        return inquiry.read

    def _is_unanswerable(self, inquiry: Inquiry) -> bool:
        """Whether sentences were read, and all of them together make an answer improbable."""
        return bool(inquiry.read) and _answerable_probability(inquiry) < self._limits.unanswerable


def _answerable_probability(inquiry: Inquiry) -> float:
    return answerable_probability(inquiry.asked, inquiry.read or (), inquiry.nearness)


def _speak_of_all_compared(inquiry: Inquiry, extracts: Sequence[Extract]) -> bool:
    passages = [extract.excerpt.hit.passage for extract in extracts]
    return speaks_of_all_compared(passages, inquiry.asked, inquiry.result.subjects)


def _no_answer(inquiry: Inquiry, extracts: Sequence[Extract]) -> str:
    """Return why `extracts` stand where an answer should."""
    passages = [extract.excerpt.hit.passage for extract in extracts]
    if is_worked_out_in(passages, inquiry.standalone):
        return NO_ANSWER[inquiry.language]
    return OTHER_NUMBERS[inquiry.language]
