"""The values that travel through the program: frozen, compared by value, free of behaviour.

source file → element → `Passage` → `Hit` → `Citation` → `Answer`. Elements live in
`ingest/records.py`, since nothing but ingestion sees them.
"""

from dataclasses import dataclass, field
from typing import Literal

Language = Literal["zh", "en"]
"""The languages of interface, corpus and answers."""

PassageKind = Literal["text", "table", "code", "formula"]

Mode = Literal["model", "extracts", "refusal"]
"""How an answer came about: written by the model, quoted without one, or withheld."""

EVERYONE = frozenset({"all"})
"""The audiences of an asker of whom nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What is indexed, cited and shown: a stretch of one source under one heading.

    `start_char` and `end_char` delimit `text` in the source's extracted text (characters,
    end exclusive). `section` counts the headings of the source from 0, so that the same section
    of a module in two languages can be matched; `twin` names the source without its language.
    """

    passage_id: str
    source: str
    title: str
    heading: tuple[str, ...]
    text: str
    language: Language
    kind: PassageKind = "text"
    page: int | None = None
    start_char: int = 0
    end_char: int = 0
    position: int = 0
    section: int = 0
    twin: str = ""
    audience: str = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage with the scores that a search gave it; ranks count from 1, None if unranked.

    `score` is the combined score by which hits are ordered. `dense` is the cosine (centred, in
    [-1, 1]) of question and passage; `sentence` that of the best single sentence, which is
    `best_sentence`.
    """

    passage: Passage
    score: float
    dense: float = 0.0
    sentence: float = 0.0
    words: float = 0.0
    nearness: float = 0.0
    dense_rank: int | None = None
    word_rank: int | None = None
    best_sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A passage that an answer rests on, with the words that support it.

    `number` is what stands in the answer as `[number]`, from 1. `quote` stands in the passage
    word for word; `start_char` and `end_char` delimit it in the passage's text. `further_spans`
    are other stretches of the same passage that further sentences of the answer rest on.
    """

    number: int
    passage: Passage
    quote: str
    start_char: int
    end_char: int
    further_spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of an answer with the numbers it cites and how well they support it.

    `text` carries no markers. `support` is a probability in [0, 1]; `reason` says in a few
    words what a failed check found ("number 42 is not in the passage"), "" if none failed.
    `is_claim` is False for what asserts nothing (a heading, "for example:").
    """

    text: str
    citations: tuple[int, ...] = ()
    support: float = 0.0
    supported: bool = False
    is_claim: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the assistant says to one question, checked.

    `text` is the Markdown to show, markers included. `nearest` are the materials to look at when
    the answer is an abstention. `dropped_markers` are numbers the model invented.
    Tokens are those of what the model wrote in reply, also where something else was shown for it;
    None where nobody tells. Single sentences that it was shown aren't counted.
    `model_failure` says why the model that was to write it didn't, or not to its end; "" if it did,
    or was not needed.
    """

    question: str
    language: Language
    text: str
    abstained: bool
    mode: Mode
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    nearest: tuple[Hit, ...] = ()
    standalone_question: str = ""
    dropped_markers: tuple[int, ...] = ()
    stopped: bool = False
    notice: str = ""
    model: str | None = None
    model_failure: str = ""
    generation: str = ""
    prompt_tokens: int | None = None
    new_tokens: int | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One earlier exchange of a conversation, as context for a follow-up."""

    question: str
    answer: str
