"""The one use case: a question becomes a checked answer.

Search → abstain if nothing is near → excerpts → the model's reply, streamed → each sentence
checked → answer. If nothing of the reply holds, or it refuses, single sentences that the model
takes for the answer stand for it, or an abstention. Without a model, the nearest sentences of the
materials stand for the answer, word for word.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from typing import Protocol

from assistant.answer_events import Event, Finished, Found, Restarted, Wrote
from assistant.asked_for import (
    gives_what_is_asked,
)
from assistant.chat_model import ChatModel
from assistant.citations import CheckedReply, Evidence, check_reply, says_not_in_materials
from assistant.errors import ModelError, ModelUnreachable
from assistant.excerpts import choose_excerpts, whole_excerpts
from assistant.extracts import Extract, one_of_each
from assistant.follow_ups import earlier_questions
from assistant.inquiry import Inquiry
from assistant.language import detect_language
from assistant.limits import Limits
from assistant.near_misses import (
    is_about,
    is_of_the_kind,
    is_worked_out_in,
    speaks_of_all_compared,
)
from assistant.orders import asks_for_own_prompt, without_orders
from assistant.phrases import (
    HALF_UNSUPPORTED,
    INTERRUPTED,
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
from assistant.retrieval import FloatArray, Retriever
from assistant.second_look import SecondLook
from assistant.support import judge


class NamedChatModel(ChatModel, Protocol):
    """A chat model that says what it is called."""

    name: str


class Assistant:
    """Answers questions from the live index with a chat model, or without one."""

    def __init__(self, *, retriever: Retriever, chat_model: NamedChatModel, limits: Limits) -> None:
        self._retriever = retriever
        self._chat_model = chat_model
        self._second_look = SecondLook(chat_model, limits)
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
        inquiry = Inquiry(question, asked, earlier, standalone, language, started, result)
        inquiry.note("retrieval")
        if asks_for_own_prompt(asked) or self._nothing_near(inquiry):
            yield Found(())
            yield Finished(inquiry.abstention())
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
        if not is_ready:
            inquiry.blame(ModelUnreachable("No model answered."))
        # Whoever gives passages vouches for them.
        if is_ready and passages is None:
            try:
                is_doubtful = self._second_look.is_doubtful(inquiry, excerpts)
            except ModelError as error:  # which would only fail again, perhaps after minutes
                inquiry.blame(error)
                is_ready, is_doubtful = False, False
            if is_doubtful:
                yield Found(())
                yield Finished(inquiry.abstention())
                return
        yield Found(tuple(excerpt.hit for excerpt in excerpts))
        if is_ready:
            yield from self._answer(inquiry, excerpts)
        else:
            yield Finished(self._second_look.without_model(inquiry, excerpts))

    def _nothing_near(self, inquiry: Inquiry) -> bool:
        if inquiry.nearness < self._limits.min_nearness:
            return True
        # A name that no document mentions is what the question is about, unless it is otherwise
        # answered so well that the name must be incidental.
        return bool(inquiry.result.unknown_names) and inquiry.nearness < self._limits.sure_nearness

    def _answer(self, inquiry: Inquiry, excerpts: Sequence[Excerpt]) -> Iterator[Event]:
        """Yield the model's reply as it comes, and at the end the checked answer."""
        for insist in (False, True):
            messages = answer_messages(
                inquiry.asked, excerpts, inquiry.language, earlier=inquiry.earlier, insist=insist
            )
            reply, n_shown, is_cut = "", 0, False
            likeliest: Mapping[str, float] = {}
            try:
                with closing(self._chat_model.stream(messages)) as pieces:
                    for piece in pieces:
                        inquiry.note("first_token")
                        likeliest = likeliest or piece.top_logprobs or {}
                        is_cut = piece.finish == "length"
                        inquiry.count(piece.usage)
                        reply += piece.text
                        if (start := repeat_start(reply)) is not None:
                            reply = reply[:start]
                            break
                        if (end := showable_end(reply)) > n_shown:
                            yield Wrote(reply[n_shown:end])
                            n_shown = end
                            if not insist and begins_in_wrong_language(reply, inquiry.language):
                                break
            except ModelError as error:
                inquiry.blame(error)
                inquiry.read = inquiry.read or ()  # a server that is gone is asked nothing more
                yield Finished(self._interrupted(inquiry, excerpts, reply))
                return
            if says_not_in_materials(reply):
                yield Finished(self._second_look.refused(inquiry, excerpts))
                return
            if insist or not is_wrong_language(reply, inquiry.language):
                break
            yield Restarted()
        if refusal_probability(likeliest, reply) > self._limits.max_refusal:
            yield Finished(self._second_look.refused(inquiry, excerpts))
            return
        if NOT_IN_MATERIALS not in reply and n_shown < len(reply):
            yield Wrote(reply[n_shown:])
        if is_cut:
            reply = without_stump(reply)
        yield Finished(self._checked(inquiry, excerpts, reply, ""))

    def _interrupted(self, inquiry: Inquiry, excerpts: Sequence[Excerpt], reply: str) -> Answer:
        """Return what of the reply's beginning holds; extracts if nothing does."""
        if not says_not_in_materials(reply):
            answer = self._checked(inquiry, excerpts, reply, INTERRUPTED[inquiry.language])
            if answer.mode == "model":
                return answer
        return self._second_look.without_model(inquiry, excerpts)

    def _checked(
        self, inquiry: Inquiry, excerpts: Sequence[Excerpt], reply: str, notice: str
    ) -> Answer:
        """Return the answer that `reply` makes, or an abstention when none of it holds."""
        checked = self._check(inquiry, excerpts, reply)
        claims = [sentence for sentence in checked.sentences if sentence.is_claim]
        held = [claim.text for claim in claims if claim.supported]
        # A sentence with a finding against it (a number no passage has) speaks for nothing.
        best = max((claim.support for claim in claims if not claim.reason), default=0.0)
        if not held:
            return self._second_look.unsupported(inquiry, excerpts, support=best)
        # A true sentence is no answer if it comes without the number that was asked for, or from
        # passages that never mention what the question names: a near miss.
        if not any(gives_what_is_asked(inquiry.asked, text) for text in held) or not any(
            is_of_the_kind(citation.passage, inquiry.asked) for citation in checked.citations
        ):
            return inquiry.abstention()
        subjects = inquiry.result.subjects
        if not any(is_about(citation.passage, subjects) for citation in checked.citations):
            if not any(is_about(excerpt.hit.passage, subjects) for excerpt in excerpts):
                return inquiry.abstention()
            return self._second_look.unsupported(inquiry, excerpts, support=best)
        cited = [citation.passage for citation in checked.citations]
        # Nor is the result of the materials' own example that of the question's numbers.
        if not speaks_of_all_compared(cited, inquiry.asked, subjects) or not is_worked_out_in(
            cited, inquiry.standalone
        ):
            return self._second_look.unsupported(inquiry, excerpts, support=best)
        return self._written(inquiry, excerpts, checked, notice)

    def _written(
        self, inquiry: Inquiry, excerpts: Sequence[Excerpt], checked: CheckedReply, notice: str
    ) -> Answer:
        """Return a reply that answers; sentences of the materials where these are better."""
        claims = [sentence for sentence in checked.sentences if sentence.is_claim]
        n_weak = sum(claim.support < self._limits.weak_support for claim in claims)
        cited = [
            Extract(excerpts[citation.number - 1], citation.start_char, citation.end_char)
            for citation in checked.citations
        ]
        if 2 * n_weak >= len(claims) and (
            selected := self._second_look.selected(inquiry, excerpts)
        ):
            return inquiry.extracts(
                one_of_each([*cited, *selected]), HALF_UNSUPPORTED[inquiry.language]
            )
        if is_wrong_language(checked.text, inquiry.language):
            return inquiry.extracts(one_of_each(cited), OTHER_LANGUAGE[inquiry.language])
        return inquiry.written(checked, notice, self._chat_model.name)

    def _check(self, inquiry: Inquiry, excerpts: Sequence[Excerpt], reply: str) -> CheckedReply:
        candidates = inquiry.candidates

        @cache
        def embedded(statement: str) -> FloatArray:
            return self._retriever.embed_statement(statement, inquiry.result.centres)

        def weigh(statement: str, passage: Passage) -> Evidence:
            candidate = candidates[passage]
            support = judge(
                statement,
                [passage.text[start:end] for start, end in candidate.spans],
                [float(cosine) for cosine in candidate.vectors @ embedded(statement)],
                context=" ".join([passage.title, *passage.heading]),
                question=inquiry.standalone,
            )
            return Evidence(support, *candidate.spans[support.nearest])

        return check_reply(
            reply,
            [excerpt.hit.passage for excerpt in excerpts],
            weigh,
            min_support=self._limits.min_support,
        )
