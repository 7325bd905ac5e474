"""What the page needs of an assistant. The real one comes from `assistant.wiring`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from assistant.answer_events import Answerer
from assistant.gaps import Gaps
from assistant.generations import Source
from assistant.records import EVERYONE, Answer, Language, Passage

if TYPE_CHECKING:
    from assistant.gap_groups import GapGroup


class Status(Protocol):
    """The state of index and model, as people want to know it."""

    @property
    def index_ready(self) -> bool:
        """Whether questions can be answered at all."""
        ...

    @property
    def generation(self) -> str:
        """The name of the index that is live."""
        ...

    @property
    def n_passages(self) -> int:
        """How many passages it has."""
        ...

    @property
    def n_sources(self) -> int:
        """How many files they come from."""
        ...

    @property
    def model_ready(self) -> bool:
        """Whether the model server answers; without it, answers are extracts."""
        ...

    @property
    def model(self) -> str | None:
        """The model's name."""
        ...

    @property
    def engine(self) -> str | None:
        """What serves it."""
        ...

    @property
    def message(self) -> str:
        """What is going on, in one sentence; "" if all is well."""
        ...


class Library(Protocol):
    """Looks at the materials."""

    def source_passages(
        self, source: str, audiences: frozenset[str] = EVERYONE
    ) -> tuple[Passage, ...]:
        """Return the passages of `source` that `audiences` may see, in order."""
        ...

    def sources(self, audiences: frozenset[str] = EVERYONE) -> Mapping[str, Source]:
        """Return what is known of the live sources that `audiences` may see, by name."""
        ...

    def all_audiences(self) -> frozenset[str]:
        """Return every audience that some live source is for."""
        ...

    def gap_groups(
        self, gaps: Gaps, audiences: frozenset[str] = EVERYONE
    ) -> "tuple[GapGroup, ...]":
        """Return the gaps grouped by meaning, naming passages that `audiences` may see."""
        ...


class Guide(Protocol):
    """Knows what to ask next."""

    def suggest(self, language: Language) -> tuple[str, ...]:
        """Return questions to begin with."""
        ...

    def related(self, answer: Answer) -> tuple[str, ...]:
        """Return questions that follow from `answer`; quickly, without asking the model."""
        ...


class GuidedAnswerer(Answerer, Guide, Protocol):
    """Answers, and knows what to ask next: all that a chat needs."""


class StudyAssistant(GuidedAnswerer, Library, Protocol):
    """All of it."""

    def status(self) -> Status:
        """Return the state of index and model now; quickly."""
        ...
