"""The values of an evaluation: frozen, read from and written to JSON lines by pydantic.

`Case` (a question with what is known about its answer) → the assistant → `Row` (the answer, what
was found and read, how long it took) → judges → `Verdict`s → metrics → `Scores`.
"""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from assistant.records import Language, Mode

Kind = Literal[
    "fact",
    "explain",
    "compare",
    "multi-hop",
    "follow-up",
    "calculation",
    "false-premise",
    "unanswerable",
    "injection",
    "cross-lingual",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

Split = Literal["dev", "record"]
"""What may be looked at while the program is changed, and what only measures it."""


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("It is blank")
    return text


Question = Annotated[str, AfterValidator(_not_blank)]
"""A text with words, as it was given: a blank one would fail as if the assistant had."""


class Record(BaseModel):
    """A frozen value; what it doesn't know in its JSON is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Evidence(Record):
    """A section that holds (part of) the answer: its source, and its own heading ("": any)."""

    source: str
    heading: str = ""


class EarlierTurn(Record):
    """A turn of the conversation before the question."""

    question: str
    answer: str


class Case(Record):
    """One question of an evaluation set, in the form of `evals/sets/*.jsonl`.

    With `passages`, nothing is searched: the assistant answers from exactly these texts.
    `audience` is what the asker belongs to beside "all". `module` is "" for what is in none.
    """

    id: str = Field(min_length=1)
    language: Language
    kind: Kind = "fact"
    question: Question
    reference: str = ""
    evidence: tuple[Evidence, ...] = ()
    answerable: bool = True
    history: tuple[EarlierTurn, ...] = ()
    passages: tuple[str, ...] | None = None
    audience: str = "all"
    module: str = ""
    split: Split = "dev"


class Read(Record):
    """A passage as a search found it, or as the model got it."""

    passage_id: str
    source: str
    heading: tuple[str, ...] = ()
    text: str
    score: float = 0.0


class Statement(Record):
    """A sentence of an answer: `citations` are numbers of the answer's own `Cited`s.

    `support` and `supported` are the assistant's own live check.
    """

    text: str
    citations: tuple[int, ...] = ()
    is_claim: bool = True
    support: float = 0.0
    supported: bool = False


class Cited(Record):
    """A passage that the answer cites under `number`; `quote` are the words it points at."""

    number: int
    passage_id: str
    source: str
    heading: tuple[str, ...] = ()
    text: str
    quote: str


class Row(Record):
    """What happened to one case. `error` is "" unless nothing came of it.

    `found` is the ranking of the search, best first (empty when passages were given); `read` is
    what the model got. `standalone_question` is a follow-up as it was searched, `notice` what the
    answer said of itself; "" where there was none. Times are in seconds, `first_token_s` None where
    no model wrote.
    """

    case: Case
    error: str = ""
    answer: str = ""
    language: Language = "en"
    abstained: bool = False
    mode: Mode = "refusal"
    standalone_question: str = ""
    notice: str = ""
    statements: tuple[Statement, ...] = ()
    cited: tuple[Cited, ...] = ()
    dropped_markers: tuple[int, ...] = ()
    found: tuple[Read, ...] = ()
    read: tuple[Read, ...] = ()
    first_token_s: float | None = None
    total_s: float = 0.0
    prompt_tokens: int | None = None
    new_tokens: int | None = None


class Verdict(Record):
    """What one judge says of one statement: the probability that the passages support it."""

    probability: float = Field(ge=0, le=1)
    reason: str = ""


What = Literal["faithful", "cited", "citation", "rest", "reference", "answer"]
"""What was held against what.

- faithful: a statement against all that the model read (what it cites, where nothing is known)
- cited: a statement against what it cites, together
- citation: a statement against one of its citations alone
- rest: a statement against its other citations, without that one
- reference: a statement of the reference against the answer
- answer: a statement against the reference
"""


class Judged(Record):
    """A line of `verdicts.jsonl`: a verdict on one statement of one case.

    `index` counts, from 0, the row's statements, or for "reference" the reference's. `citation` is
    the number that "citation" and "rest" are about, else 0. `supported` is the judge's threshold
    applied to `probability`.
    """

    case_id: str
    judge: str
    what: What
    index: int
    citation: int = 0
    probability: float = Field(ge=0, le=1)
    supported: bool
    reason: str = ""
