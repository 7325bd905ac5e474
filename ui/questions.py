"""Questions from a file: one a line, or JSON lines.

A file whose first line begins with `{` holds JSON lines: `question`, and where wanted `id`,
`history` (`[{"question", "answer"}]`), `audiences` (or one `audience`) and `passages` (texts to
answer from). Other fields are left alone, so that the cases of an evaluation can be given as they
are.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import StudyError
from assistant.language import detect_language
from assistant.records import EVERYONE, Passage, Turn

STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with what was given along with it; `question_id` is None where there is none."""

    question: str
    question_id: str | int | None = None
    history: tuple[Turn, ...] = ()
    audiences: frozenset[str] = EVERYONE
    passages: tuple[Passage, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A line that is no question: its number, from 1, and why. `question_id` where it has one."""

    line: int
    reason: str
    question_id: str | int | None = None


def read_questions(source: str) -> tuple[Asked | Unusable, ...]:
    """Return the questions of the file `source` ("-": stdin) in order, blank lines left out.

    Raises:
        StudyError: the file can't be read, is no text, or holds no question.
    """
    lines = [
        (number, line)
        for number, line in enumerate(read_text(source).split("\n"), start=1)
        if line.strip()
    ]
    if not lines:
        raise StudyError(
            f"{_called(source)} holds no question.", hint="Write a question a line, or JSON lines."
        )
    first = lines[0][1].lstrip()
    if first.startswith("["):
        _refuse_array(source, "\n".join(line for _, line in lines))
    if first.startswith("{"):
        return tuple(_from_json(number, line) for number, line in lines)
    return tuple(Asked(question=line.strip()) for _, line in lines)


def read_history(source: str) -> tuple[Turn, ...]:
    """Return the conversation in a file of JSON lines with `question` and `answer`, in order.

    Raises:
        StudyError: the file can't be read, or a line is something else.
    """
    turns = []
    for number, line in enumerate(read_text(source).split("\n"), start=1):
        if line.strip():
            try:
                turns.append(_turn(json.loads(line)))
            except (ValueError, RecursionError) as error:
                raise StudyError(
                    f"{_called(source)}, line {number}: {_reason(error)}",
                    hint='Each line is like {"question": "…", "answer": "…"}.',
                ) from error
    return tuple(turns)


def read_text(source: str) -> str:
    """Return the text of a file, or of stdin for "-".

    Raises:
        StudyError: it can't be read, or is not UTF-8.
    """
    try:
        data = sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise StudyError(
            f"{source} can't be read: {error.strerror}.", hint="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise StudyError(
            f"{_called(source)} is not a text in UTF-8.", hint="Save it as UTF-8 and try again."
        ) from error


def _refuse_array(source: str, text: str) -> None:
    try:
        is_array = isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        is_array = False
    if is_array:
        raise StudyError(
            f"{_called(source)} holds one JSON array.", hint="Write one JSON object a line instead."
        )


def _from_json(number: int, line: str) -> Asked | Unusable:
    question_id: str | int | None = None
    try:
        values = json.loads(line)
        if not isinstance(values, dict):
            raise ValueError("it is not a JSON object.")
        question_id = _question_id(values)
        return Asked(
            question=_required_text(values, "question"),
            question_id=question_id,
            history=tuple(_turn(each) for each in _listed(values, "history")),
            audiences=EVERYONE | set(_texts(values, "audiences")) | set(_audience(values)),
            passages=_passages(values),
        )
    except (ValueError, RecursionError) as error:
        return Unusable(line=number, reason=_reason(error), question_id=question_id)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | RecursionError):
        return "it is not valid JSON."
    return str(error)


def _question_id(values: Mapping[str, object]) -> str | int | None:
    value = values.get("id")
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return value
    raise ValueError("`id` must be a text or a whole number.")


def _required_text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"`{name}` must be a text that is not blank.")
    return value.strip()


def _listed(values: Mapping[str, object], name: str) -> Iterator[object]:
    value = values.get(name)
    if value is None:
        return
    if not isinstance(value, list):
        raise ValueError(f"`{name}` must be a list.")
    yield from value


def _texts(values: Mapping[str, object], name: str) -> Iterator[str]:
    for value in _listed(values, name):
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"`{name}` must hold texts that are not blank.")
        yield value


def _audience(values: Mapping[str, object]) -> Iterator[str]:
    """Yield the one audience that a case of an evaluation set names."""
    if values.get("audience") is not None:
        yield _required_text(values, "audience")


def _turn(value: object) -> Turn:
    if not isinstance(value, dict):
        raise ValueError("a turn of `history` must be an object with `question` and `answer`.")
    return Turn(question=_required_text(value, "question"), answer=_required_text(value, "answer"))


def _passages(values: Mapping[str, object]) -> tuple[Passage, ...] | None:
    if values.get("passages") is None:
        return None
    return tuple(
        Passage(
            passage_id=f"given-{number}",
            source=f"given-{number}",
            title="",
            heading=(),
            text=text,
            language=detect_language(text),
            end_char=len(text),
            position=number - 1,
        )
        for number, text in enumerate(_texts(values, "passages"), start=1)
    )


def _called(source: str) -> str:
    return "The standard input" if source == STDIN else source
