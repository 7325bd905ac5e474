"""What happens while a question is answered, as the front ends see it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.records import EVERYONE, Answer, Hit, Language, Passage, Turn


@dataclass(frozen=True, slots=True)
class Found:
    """The passages are known, numbered from 1; the answer is yet to be written."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Wrote:
    """The model wrote some more text, unchecked, markers as it set them."""

    text: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """What the model wrote so far is void (wrong language); it begins again."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The checked answer; the last event."""

    answer: Answer


Event = Found | Wrote | Restarted | Finished


class Answerer(Protocol):
    """What the front ends need of an assistant."""

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        audiences: frozenset[str] = EVERYONE,
        language: Language | None = None,
        passages: Sequence[Passage] | None = None,
    ) -> Iterator[Event]:
        """Yield what happens while `question` is answered, `Finished` last.

        Closing the iterator stops the model. `language`: that of the answer; the question's by
        default. `passages`: answer from exactly these, without a search.
        """
        ...
