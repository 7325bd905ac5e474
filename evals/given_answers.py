"""Answers from anywhere, scored against the passages that they were given.

A row is {"id", "question", "passages", "answer"}; what comes out is the support of each sentence
and of the whole, which is as supported as its least supported sentence.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from assistant.citations import is_claim, says_not_in_materials
from assistant.errors import StudyError
from assistant.language import split_sentences, without_markers
from evals.judges import Judge
from evals.records import Record
from evals.text_file import read_lines


class RowsUnreadable(StudyError):
    """A file of answers is missing, or a line of it is no answer with its passages."""


class GivenAnswer(Record):
    """An answer and what it was written from."""

    id: str | int = Field(default="")
    question: str = ""
    passages: tuple[str, ...]
    answer: str


class SentenceScore(Record):
    """`support` is the judge's probability in [0, 1]."""

    text: str
    support: float
    supported: bool
    reason: str = ""


class AnswerScore(Record):
    """Of a whole answer: `support` is its lowest sentence's, `mean_support` the mean.

    Without a claim (a refusal, a heading) there is nothing to support: 1, and `n_claims` is 0.
    """

    id: str | int
    support: float
    mean_support: float
    supported: bool
    n_claims: int
    sentences: tuple[SentenceScore, ...]


def load_answers(path: Path) -> list[GivenAnswer]:
    """Return the rows of a file of JSON lines; a passage may also be one text for all.

    Raises:
        RowsUnreadable: the file can't be read, or a line is something else.
    """
    rows = list(_rows(read_lines(path, RowsUnreadable), path))
    if not rows:
        raise RowsUnreadable(f"{path} holds no answer.", hint="Give a file of JSON lines.")
    return rows


def score_answer(given: GivenAnswer, judge: Judge) -> AnswerScore:
    """Return the support of each claim of the answer and of the whole, by `judge`.

    Raises:
        StudyError: the judge failed.
    """
    sentences = []
    claims = [] if says_not_in_materials(given.answer) else _claims(given.answer)
    for claim in claims:
        verdict = judge.judge(claim, given.passages, question=given.question)
        sentences.append(
            SentenceScore(
                text=claim,
                support=round(verdict.probability, 4),
                supported=verdict.probability >= judge.threshold,
                reason=verdict.reason,
            )
        )
    supports = [sentence.support for sentence in sentences] or [1.0]
    return AnswerScore(
        id=given.id,
        support=min(supports),
        mean_support=round(sum(supports) / len(supports), 4),
        supported=all(sentence.supported for sentence in sentences),
        n_claims=len(sentences),
        sentences=tuple(sentences),
    )


def _claims(answer: str) -> Sequence[str]:
    texts = (without_markers(span.text).strip() for span in split_sentences(answer))
    return [text for text in texts if is_claim(text)]


def _rows(lines: Sequence[str], path: Path) -> Iterator[GivenAnswer]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            if isinstance(values, dict) and isinstance(values.get("passages"), str):
                values["passages"] = [values["passages"]]
            yield GivenAnswer.model_validate(values)
        except (ValueError, ValidationError) as error:
            raise RowsUnreadable(
                f"{path}, line {number}: it is not an answer with its passages.",
                hint='Each line is like {"id": "…", "question": "…", "passages": ["…"], '
                '"answer": "…"}.',
            ) from error
