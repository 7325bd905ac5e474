"""Doubles that are visibly trivial, so that a failing number can be checked by hand."""

import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.answer_events import Event
from assistant.chat_model import Count, Message, Piece, Usage
from assistant.embedding import Embedder, FloatArray
from assistant.errors import ModelError, ModelUnreachable
from assistant.gap_groups import GapGroup, groups
from assistant.gaps import Gaps
from assistant.generations import Source
from assistant.records import EVERYONE, Answer, Language, Passage, Turn

# --- The web page's assistant ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeStatus:
    """The state that a page shows; everything is ready unless told otherwise."""

    index_ready: bool = True
    generation: str = "g1"
    n_passages: int = 3
    n_sources: int = 2
    model_ready: bool = True
    model: str | None = "fake-model"
    engine: str | None = "fake"
    message: str = ""


class FakeAssistant:
    """Plays back what a question was given: events in order, or an error to raise.

    `asked` keeps questions and histories. With `hold`, it waits for `go_on.set()` before the last
    event, so that a test can look at an answer that is being written.
    """

    def __init__(
        self,
        replies: Mapping[str, Sequence[Event] | Exception] | None = None,
        *,
        status: FakeStatus | None = None,
        passages: Sequence[Passage] = (),
        first_questions: Sequence[str] = (),
        next_questions: Sequence[str] = (),
        hold: bool = False,
        pause_s: float = 0.0,
    ) -> None:
        self.replies = dict(replies or {})
        self.state = status or FakeStatus()
        self.passages = tuple(passages)
        self.first_questions = tuple(first_questions)
        self.next_questions = tuple(next_questions)
        self.go_on = threading.Event()
        self.pause_s = pause_s
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []
        self.n_closed = 0
        if not hold:
            self.go_on.set()

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        audiences: frozenset[str] = EVERYONE,
        language: Language | None = None,
        passages: Sequence[Passage] | None = None,
    ) -> Iterator[Event]:
        self.asked.append((question, tuple(history)))
        reply = self.replies[question]
        if isinstance(reply, Exception):
            raise reply
        try:
            for event in reply[:-1]:
                yield event
                time.sleep(self.pause_s)
            self.go_on.wait(10)
            yield reply[-1]
        except GeneratorExit:
            self.n_closed += 1
            raise

    def status(self) -> FakeStatus:
        return self.state

    def suggest(self, language: Language) -> tuple[str, ...]:
        return self.first_questions

    def related(self, answer: Answer) -> tuple[str, ...]:
        return self.next_questions

    def source_passages(
        self, source: str, audiences: frozenset[str] = EVERYONE
    ) -> tuple[Passage, ...]:
        return tuple(
            passage
            for passage in self.passages
            if passage.source == source and passage.audience in audiences
        )

    def sources(self, audiences: frozenset[str] = EVERYONE) -> Mapping[str, Source]:
        counts = Counter(passage.source for passage in self.passages)
        return {
            passage.source: Source(
                sha256="",
                root="/materials",
                title=passage.title,
                language=passage.language,
                audience=passage.audience,
                n_passages=counts[passage.source],
            )
            for passage in self.passages
            if passage.audience in audiences
        }

    def all_audiences(self) -> frozenset[str]:
        return frozenset(passage.audience for passage in self.passages)

    def gap_groups(self, gaps: Gaps, audiences: frozenset[str] = EVERYONE) -> tuple[GapGroup, ...]:
        return groups(gaps, FakeEmbedder("年", "假", "LoRA", "L", "o"), audiences=audiences)


# --- The embedder ----------------------------------------------------------------------------


class FakeEmbedder(Embedder):
    """Counts how often each of its words stands in a text; the last number is always 1.

    `batches` keeps the texts that were embedded, call by call.
    """

    engine = "fake"
    dtype = "float32"

    def __init__(self, *words: str, batch_size: int = 2, fingerprint: str = "fake") -> None:
        self.words = words
        self.dim = len(words) + 1
        self.batch_size = batch_size
        self.fingerprint = fingerprint
        self.batches: list[list[str]] = []

    def _embed(self, texts: list[str], *, are_questions: bool) -> FloatArray:
        self.batches.append(texts)
        return np.array(
            [[*(text.count(word) for word in self.words), 1] for text in texts], dtype=np.float32
        )

    def count_tokens(self, text: str) -> int:
        return len(text.split())


# --- The chat model --------------------------------------------------------------------------


class FakeChatModel:
    """Writes the next reply of a queue, piece by piece; `calls` keeps what it was asked.

    A reply is one piece, or several. `top_logprobs` come with the first piece. The stream breaks
    with `error` after `fails_after` pieces. `n_stopped` counts streams that a reader closed early.
    The last piece has `usage`.
    `yes` gives the probability of "Yes" where the last message ends with a text; else it is 0.2.
    """

    name = "fake-model"

    def __init__(
        self,
        *replies: str | Sequence[str],
        top_logprobs: Mapping[str, float] | None = None,
        fails_after: int | None = None,
        error: ModelError | None = None,
        finish: str = "stop",
        is_up: bool = True,
        yes: Mapping[str, float] | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.usage = usage
        self.yes = yes or {}
        self.replies = list(replies)
        self.top_logprobs = top_logprobs
        self.fails_after = fails_after
        self.error = error or ModelUnreachable("The server is gone.")
        self.finish = finish
        self.is_up = is_up
        self.calls: list[tuple[Message, ...]] = []
        self.n_stopped = 0

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> Generator[Piece, None, None]:
        self.calls.append(tuple(messages))
        reply = self.replies.pop(0)
        pieces = [reply] if isinstance(reply, str) else reply
        try:
            for n_sent, text in enumerate(pieces):
                if n_sent == self.fails_after:
                    raise self.error
                yield Piece(text=text, top_logprobs=None if n_sent else self.top_logprobs)
            if self.fails_after is not None and self.fails_after >= len(pieces):
                raise self.error
            yield Piece(text="", finish=self.finish, usage=self.usage)
        except GeneratorExit:
            self.n_stopped += 1
            raise

    def probability(
        self,
        messages: Sequence[Message],
        *,
        yes: str = "Yes",
        no: str = "No",
        count: Count | None = None,
    ) -> float:
        self.calls.append(tuple(messages))
        if count is not None:
            count(self.usage)
        asked = messages[-1].content
        return next((value for text, value in self.yes.items() if asked.endswith(text)), 0.2)

    def is_ready(self) -> bool:
        return self.is_up
