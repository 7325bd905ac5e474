"""The one use case: a question becomes a checked answer.

Search → abstain if nothing is near → excerpts → the model's reply, streamed → each sentence
checked → answer. If nothing of the reply holds, or it refuses, single sentences that the model
takes for the answer stand for it, or an abstention. Without a model, the nearest sentences of the
materials stand for the answer, word for word.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from assistant.answer_events import Event, Finished, Found, Restarted, Wrote
from assistant.answer_sentences import (
    AnswerSentence,
    answer_sentences,
    answerable_probability,
)
from assistant.asked_for import (
    asks_for_document,
    asks_for_name,
    asks_for_number,
    gives_what_is_asked,
    names_what_is_measured,
)
from assistant.chat_model import ChatModel, Usage
from assistant.citations import CheckedReply, Evidence, check_reply, says_not_in_materials
from assistant.errors import ModelError
from assistant.excerpts import choose_excerpts, whole_excerpts
from assistant.extracts import Extract, nearest_extracts, one_of_each
from assistant.follow_ups import earlier_questions
from assistant.language import detect_language
from assistant.numbers_in_text import has_numbers_to_calculate, missing_sizes, missing_versions
from assistant.orders import without_orders
from assistant.phrases import (
    EXTRACTS,
    HALF_UNSUPPORTED,
    INTERRUPTED,
    NO_ANSWER,
    NOT_FOUND,
    NOT_FOUND_NAME,
    NOT_FOUND_NEAREST,
    OTHER_LANGUAGE,
)
from assistant.prompts import NOT_IN_MATERIALS, Excerpt, answer_messages
from assistant.records import (
    EVERYONE,
    Answer,
    Language,
    Passage,
    Turn,
)
from assistant.reply_text import (
    begins_in_wrong_language,
    is_wrong_language,
    refusal_probability,
    repeat_start,
    showable_end,
    without_stump,
)
from assistant.retrieval import Candidate, FloatArray, Retriever, SearchResult
from assistant.support import judge, mentions

NEARLY_AS_LIKELY = 0.8
"""Of the likeliest sentence's probability: so likely ones are shown beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to abstain, and how much the model gets to read.

    `prompt_tokens` and `max_passages` bound what a search found, `given_tokens` what a caller gave.
    """

    top_k: int = 6
    prompt_tokens: int = 400
    max_passages: int = 4
    given_tokens: int = 3000
    min_nearness: float = 0.42
    extract_nearness: float = 0.6
    sure_nearness: float = 0.9
    plain_nearness: float = 0.85
    written_evidence: float = 1.08
    number_evidence: float = 1.45
    method_nearness: float = 0.65
    doubtful_nearness: float = 0.65
    doubtful_evidence: float = 1.0
    answer_sentence: float = 0.6
    answerable: float = 0.57
    unanswerable: float = 0.35
    min_support: float = 0.75
    weak_support: float = 0.6
    max_refusal: float = 0.5


@dataclass(slots=True)
class _Run:
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
        return max((hit.nearness for hit in self.result.hits), default=0.0)

    @property
    def candidates(self) -> dict[Passage, Candidate]:
        return {candidate.hit.passage: candidate for candidate in self.result.candidates}

    def note(self, name: str) -> None:
        self.timings_ms.setdefault(name, round((time.perf_counter() - self.started) * 1000, 1))


class NamedChatModel(ChatModel, Protocol):
    """A chat model that says what it is called."""

    name: str


class Assistant:
    """Answers questions from the live index with a chat model, or without one."""

    def __init__(self, *, retriever: Retriever, chat_model: NamedChatModel, limits: Limits) -> None:
        self._retriever = retriever
        self._chat_model = chat_model
        self._limits = limits

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        audiences: frozenset[str] = EVERYONE,
        language: Language | None = None,
        passages: Sequence[Passage] | None = None,
    ) -> Answer:
        """Return the checked answer to `question`; see `stream`.

        Raises:
            ValueError: the question is blank.
            IndexUnusable: nothing was ingested yet, or the index is damaged.
        """
        for event in self.stream(
            question, history=history, audiences=audiences, language=language, passages=passages
        ):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("The stream ended without an answer.")

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        audiences: frozenset[str] = EVERYONE,
        language: Language | None = None,
        passages: Sequence[Passage] | None = None,
    ) -> Iterator[Event]:
        """Yield what happens while `question` is answered; see `Answerer`."""
        if not question.strip():
            raise ValueError("The question is blank.")
        started = time.perf_counter()
        language = language or detect_language(question)
        asked = without_orders(question)
        earlier = earlier_questions(asked, history)
        standalone = " ".join([*earlier, asked])
        if passages is None:
            result = self._retriever.search(
                standalone, top_k=self._limits.top_k, audiences=audiences, language=language
            )
        else:
            result = self._retriever.read(standalone, passages)
        run = _Run(question, asked, earlier, standalone, language, started, result)
        run.note("retrieval")
        if self._nothing_near(run):
            yield Found(())
            yield Finished(self._abstention(run))
            return
        excerpts = (
            choose_excerpts(
                result.candidates,
                max_tokens=self._limits.prompt_tokens,
                max_passages=self._limits.max_passages,
            )
            if passages is None
            else whole_excerpts(result.candidates, max_tokens=self._limits.given_tokens)
        )
        is_ready = self._chat_model.is_ready()
        # Whoever gives passages vouches for them.
        if is_ready and passages is None:
            try:
                is_doubtful = self._is_doubtful(run, excerpts)
            except ModelError:  # which would only fail again, perhaps after minutes
                is_ready, is_doubtful = False, False
            if is_doubtful:
                yield Found(())
                yield Finished(self._abstention(run))
                return
        yield Found(tuple(excerpt.hit for excerpt in excerpts))
        if is_ready:
            yield from self._answer(run, excerpts)
        else:
            yield Finished(self._without_model(run, excerpts))

    def _nothing_near(self, run: _Run) -> bool:
        if run.nearness < self._limits.min_nearness:
            return True
        # A name that no document mentions is what the question is about, unless it is otherwise
        # answered so well that the name must be incidental.
        return bool(run.result.unknown_names) and run.nearness < self._limits.sure_nearness

    def _is_doubtful(self, run: _Run, excerpts: Sequence[Excerpt]) -> bool:
        """Whether the passages are neither near nor hold a sentence that answers the question.

        Asked to answer from such passages, a small model makes something of them: the price of a
        GPU becomes that of a parking space.
        """
        if run.nearness >= self._limits.doubtful_nearness:
            return False
        likeliest, *_ = self._read(run, excerpts)
        return run.nearness + likeliest.probability < self._limits.doubtful_evidence

    def _read(self, run: _Run, excerpts: Sequence[Excerpt]) -> Sequence[AnswerSentence]:
        """Return what the model makes of single sentences, likeliest first; asked once a question.

        Raises:
            ModelError: it can't be asked.
        """
        if run.read is None:
            run.read = answer_sentences(run.standalone, excerpts, run.candidates, self._chat_model)
        return run.read

    def _answer(self, run: _Run, excerpts: Sequence[Excerpt]) -> Iterator[Event]:
        """Yield the model's reply as it comes, and at the end the checked answer."""
        for insist in (False, True):
            messages = answer_messages(
                run.asked, excerpts, run.language, earlier=run.earlier, insist=insist
            )
            reply, n_shown, is_cut = "", 0, False
            likeliest: Mapping[str, float] = {}
            try:
                with closing(self._chat_model.stream(messages)) as pieces:
                    for piece in pieces:
                        run.note("first_token")
                        likeliest = likeliest or piece.top_logprobs or {}
                        is_cut = piece.finish == "length"
                        run.usage = piece.usage or run.usage
                        reply += piece.text
                        if (start := repeat_start(reply)) is not None:
                            reply = reply[:start]
                            break
                        if (end := showable_end(reply)) > n_shown:
                            yield Wrote(reply[n_shown:end])
                            n_shown = end
                            if not insist and begins_in_wrong_language(reply, run.language):
                                break
            except ModelError:
                run.read = run.read or ()  # a server that is gone is asked nothing more
                yield Finished(self._interrupted(run, excerpts, reply))
                return
            if says_not_in_materials(reply):
                yield Finished(self._refused(run, excerpts, self._limits.plain_nearness))
                return
            if insist or not is_wrong_language(reply, run.language):
                break
            yield Restarted()
        if refusal_probability(likeliest, reply) > self._limits.max_refusal:
            yield Finished(self._refused(run, excerpts, self._limits.plain_nearness))
            return
        if NOT_IN_MATERIALS not in reply and n_shown < len(reply):
            yield Wrote(reply[n_shown:])
        if is_cut:
            reply = without_stump(reply)
        yield Finished(self._checked(run, excerpts, reply, ""))

    def _refused(
        self, run: _Run, excerpts: Sequence[Excerpt], extracts_from: float, support: float = 0.0
    ) -> Answer:
        """Return an abstention, or extracts where the materials seem to have the answer.

        A small model also refuses what they hold, or says it so that nothing holds. So it is asked
        again, of single sentences. Where it takes none, how near the passages are and the best
        `support` of what it wrote, added up, may still tell these from what is not there. For a
        name or a document nothing is enough: there a near miss looks just the same.
        """
        if asks_for_name(run.asked) or asks_for_document(run.asked):
            return self._abstention(run)
        if selected := self._selected(run, excerpts):
            return self._extracts(run, selected, NO_ANSWER[run.language])
        evidence = run.nearness + support
        nearest = [
            each
            for each in nearest_extracts(excerpts, run.candidates)
            if _is_of_the_kind(each.excerpt.hit.passage, run.asked)
        ]
        # Passages that show how such things are worked out do for a question with numbers of its
        # own; a number that is merely near is most often another one.
        if has_numbers_to_calculate(run.standalone):
            evidence, extracts_from = run.nearness, self._limits.method_nearness
        elif self._is_unanswerable(run):
            return self._abstention(run)
        elif asks_for_number(run.asked):
            extracts_from = max(extracts_from, self._limits.number_evidence)
            nearest = [each for each in nearest if gives_what_is_asked(run.asked, each.text)]
        if evidence < extracts_from or not nearest:
            return self._abstention(run)
        return self._extracts(run, nearest, NO_ANSWER[run.language])

    def _selected(self, run: _Run, excerpts: Sequence[Excerpt]) -> list[Extract]:
        """Return the sentences that answer the question as the model sees it, best first."""
        try:
            read = self._read(run, excerpts)
        except ModelError:
            return []
        if self._is_unanswerable(run):
            return []
        least = self._limits.answer_sentence
        # Where all that was read speaks for an answer, no sentence has to stand out.
        if _answerable_probability(run) >= self._limits.answerable:
            least = min(least, NEARLY_AS_LIKELY * read[0].probability)
        return one_of_each(
            each.extract
            for each in read
            if each.probability >= least
            and _is_about(each.extract.excerpt.hit.passage, run.result.subjects)
            and not missing_sizes(run.standalone, each.extract.excerpt.hit.passage.text)
            and _is_of_the_kind(each.extract.excerpt.hit.passage, run.asked)
            and gives_what_is_asked(run.asked, each.extract.text)
        )

    def _is_unanswerable(self, run: _Run) -> bool:
        """Whether sentences were read, and all of them together make an answer improbable."""
        return bool(run.read) and _answerable_probability(run) < self._limits.unanswerable

    def _interrupted(self, run: _Run, excerpts: Sequence[Excerpt], reply: str) -> Answer:
        """Return what of the reply's beginning holds; extracts if nothing does."""
        if not says_not_in_materials(reply):
            answer = self._checked(run, excerpts, reply, INTERRUPTED[run.language])
            if answer.mode == "model":
                return answer
        return self._without_model(run, excerpts)

    def _without_model(self, run: _Run, excerpts: Sequence[Excerpt]) -> Answer:
        """Return extracts; nobody read the passages, so they must be nearer than for the model."""
        if run.nearness < self._limits.extract_nearness:
            return self._abstention(run)
        return self._extracts(run, nearest_extracts(excerpts, run.candidates))

    def _checked(self, run: _Run, excerpts: Sequence[Excerpt], reply: str, notice: str) -> Answer:
        """Return the answer that `reply` makes, or an abstention when none of it holds."""
        checked = self._check(run, excerpts, reply)
        claims = [sentence for sentence in checked.sentences if sentence.is_claim]
        held = [claim.text for claim in claims if claim.supported]
        # A sentence with a finding against it (a number no passage has) speaks for nothing.
        best = max((claim.support for claim in claims if not claim.reason), default=0.0)
        if not held:
            return self._refused(run, excerpts, self._limits.written_evidence, best)
        # A true sentence is no answer if it comes without the number that was asked for, or from
        # passages that never mention what the question names: a near miss.
        if not any(gives_what_is_asked(run.asked, text) for text in held) or not any(
            _is_of_the_kind(citation.passage, run.asked) for citation in checked.citations
        ):
            return self._abstention(run)
        subjects = run.result.subjects
        if not any(_is_about(citation.passage, subjects) for citation in checked.citations):
            if not any(_is_about(excerpt.hit.passage, subjects) for excerpt in excerpts):
                return self._abstention(run)
            return self._refused(run, excerpts, self._limits.written_evidence, best)
        return self._written(run, excerpts, checked, notice)

    def _written(
        self, run: _Run, excerpts: Sequence[Excerpt], checked: CheckedReply, notice: str
    ) -> Answer:
        """Return a reply that answers; sentences of the materials where these are better."""
        claims = [sentence for sentence in checked.sentences if sentence.is_claim]
        n_weak = sum(claim.support < self._limits.weak_support for claim in claims)
        cited = [
            Extract(excerpts[citation.number - 1], citation.start_char, citation.end_char)
            for citation in checked.citations
        ]
        if 2 * n_weak >= len(claims) and (selected := self._selected(run, excerpts)):
            return self._extracts(
                run, one_of_each([*cited, *selected]), HALF_UNSUPPORTED[run.language]
            )
        if is_wrong_language(checked.text, run.language):
            return self._extracts(run, one_of_each(cited), OTHER_LANGUAGE[run.language])
        run.note("total")
        return Answer(
            question=run.question,
            standalone_question=run.standalone,
            language=run.language,
            text=checked.text,
            abstained=False,
            mode="model",
            sentences=checked.sentences,
            citations=checked.citations,
            dropped_markers=checked.dropped_markers,
            notice=notice,
            model=self._chat_model.name,
            generation=run.result.generation,
            prompt_tokens=run.usage.prompt_tokens if run.usage else None,
            new_tokens=run.usage.new_tokens if run.usage else None,
            timings_ms=run.timings_ms,
        )

    def _check(self, run: _Run, excerpts: Sequence[Excerpt], reply: str) -> CheckedReply:
        candidates = run.candidates

        @cache
        def embedded(statement: str) -> FloatArray:
            return self._retriever.embed_statement(statement, run.result.centres)

        def weigh(statement: str, passage: Passage) -> Evidence:
            candidate = candidates[passage]
            support = judge(
                statement,
                [passage.text[start:end] for start, end in candidate.spans],
                [float(cosine) for cosine in candidate.vectors @ embedded(statement)],
                context=" ".join([passage.title, *passage.heading]),
                question=run.standalone,
            )
            return Evidence(support, *candidate.spans[support.nearest])

        return check_reply(
            reply,
            [excerpt.hit.passage for excerpt in excerpts],
            weigh,
            min_support=self._limits.min_support,
        )

    def _abstention(self, run: _Run) -> Answer:
        language, hits = run.language, run.result.hits
        unknown = run.result.unknown_names
        text = (
            NOT_FOUND_NAME[language].format(names="、".join(unknown))
            if unknown and language == "zh"
            else NOT_FOUND_NAME[language].format(names=" or ".join(unknown))
            if unknown
            else NOT_FOUND[language]
        )
        if hits:
            text += ("" if language == "zh" else " ") + NOT_FOUND_NEAREST[language]
        run.note("total")
        return Answer(
            question=run.question,
            standalone_question=run.standalone,
            language=language,
            text=text,
            abstained=True,
            mode="refusal",
            nearest=hits[:3],
            model=None,
            generation=run.result.generation,
            timings_ms=run.timings_ms,
        )

    def _extracts(self, run: _Run, extracts: Sequence[Extract], notice: str = "") -> Answer:
        """Return sentences of the materials, word for word, as the answer."""
        run.note("total")
        return Answer(
            question=run.question,
            standalone_question=run.standalone,
            language=run.language,
            text="\n".join(extract.line for extract in extracts),
            abstained=False,
            mode="extracts",
            sentences=tuple(extract.sentence for extract in extracts),
            citations=tuple(extract.citation for extract in extracts),
            notice=notice or EXTRACTS[run.language],
            generation=run.result.generation,
            timings_ms=run.timings_ms,
        )


def _answerable_probability(run: _Run) -> float:
    return answerable_probability(run.asked, run.read or (), run.nearness)


def _is_of_the_kind(passage: Passage, question: str) -> bool:
    """Whether `passage` has the versions that `question` names, and speaks of what it measures."""
    text = "\n".join([passage.title, *passage.heading, passage.text])
    return not missing_versions(question, text) and (
        # What is to be calculated need not be spoken of: how is enough.
        has_numbers_to_calculate(question) or names_what_is_measured(question, text)
    )


def _is_about(passage: Passage, subjects: Sequence[Sequence[str]]) -> bool:
    """Whether `passage` mentions one of the things that the question names, if it names any."""
    text = "\n".join([passage.title, *passage.heading, passage.text])
    return not subjects or any(mentions(text, name) for names in subjects for name in names)
