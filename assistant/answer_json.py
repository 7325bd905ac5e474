"""Answers and hits as JSON values, and answers back from them.

Two forms. The public one is what `study ask --json` and the HTTP API print. The stored one holds
all of an answer, the passages' text included, so that a page can show it again when the index has
long moved on; only that one can be read back. No file and no database is touched here.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeAlias, TypeVar, get_args

from assistant.records import (
    Answer,
    Citation,
    Hit,
    Language,
    Mode,
    Passage,
    PassageKind,
    Sentence,
)

JsonObject: TypeAlias = dict[str, Any]
Choice = TypeVar("Choice")

_LANGUAGES: tuple[Language, ...] = get_args(Language)
_MODES: tuple[Mode, ...] = get_args(Mode)
_KINDS: tuple[PassageKind, ...] = get_args(PassageKind)


def answer_to_dict(answer: Answer, *, stored: bool = False) -> JsonObject:
    """Return `answer` as JSON values, in the order in which people read them.

    Args:
        answer: any answer, also a stopped one or an abstention.
        stored: add all that `answer_from_dict` needs, passages' text included.
    """
    values: JsonObject = {
        "question": answer.question,
        "language": answer.language,
        "answer": answer.text,
        "abstained": answer.abstained,
        "mode": answer.mode,
        "sentences": [_sentence_to_dict(sentence, stored) for sentence in answer.sentences],
        "citations": [_citation_to_dict(citation, stored) for citation in answer.citations],
        "nearest": [hit_to_dict(hit, stored=stored) for hit in answer.nearest],
        "dropped_markers": list(answer.dropped_markers),
        "stopped": answer.stopped,
        "notice": answer.notice,
        "model": answer.model,
        "generation": answer.generation,
        "timings_ms": dict(answer.timings_ms),
    }
    if stored:
        values["standalone_question"] = answer.standalone_question
    return values


def hit_to_dict(hit: Hit, *, stored: bool = False) -> JsonObject:
    """Return `hit` as `study search --json` prints it; `stored` adds the rest of it."""
    passage = hit.passage
    values: JsonObject = {
        "passage_id": passage.passage_id,
        "source": passage.source,
        "heading": list(passage.heading),
        "page": passage.page,
        "text": passage.text,
        "score": hit.score,
        "dense_rank": hit.dense_rank,
        "word_rank": hit.word_rank,
    }
    if stored:
        values |= {
            "dense": hit.dense,
            "sentence": hit.sentence,
            "words": hit.words,
            "best_sentence": hit.best_sentence,
            "passage": _passage_to_dict(passage),
        }
    return values


def answer_from_dict(values: Mapping[str, Any]) -> Answer:
    """Return the answer of which `answer_to_dict(..., stored=True)` made `values`.

    Raises:
        ValueError: a field is missing or has the wrong type, named in the message.
    """
    return Answer(
        question=_text(values, "question"),
        language=_language(values),
        text=_text(values, "answer"),
        abstained=_flag(values, "abstained"),
        mode=_mode(values),
        sentences=tuple(_sentence(each) for each in _objects(values, "sentences")),
        citations=tuple(_citation(each) for each in _objects(values, "citations")),
        nearest=tuple(_hit(each) for each in _objects(values, "nearest")),
        standalone_question=_text(values, "standalone_question"),
        dropped_markers=_whole_numbers(values, "dropped_markers"),
        stopped=_flag(values, "stopped"),
        notice=_text(values, "notice"),
        model=None if values.get("model") is None else _text(values, "model"),
        generation=_text(values, "generation"),
        timings_ms=_timings(values),
    )


def _sentence_to_dict(sentence: Sentence, stored: bool) -> JsonObject:
    values: JsonObject = {
        "text": sentence.text,
        "citations": list(sentence.citations),
        "support": sentence.support,
        "supported": sentence.supported,
    }
    if stored:
        values |= {"is_claim": sentence.is_claim, "reason": sentence.reason}
    return values


def _citation_to_dict(citation: Citation, stored: bool) -> JsonObject:
    passage = citation.passage
    values: JsonObject = {
        "number": citation.number,
        "passage_id": passage.passage_id,
        "source": passage.source,
        "title": passage.title,
        "heading": list(passage.heading),
        "page": passage.page,
        "quote": citation.quote,
        "start_char": citation.start_char,
        "end_char": citation.end_char,
    }
    if stored:
        values["passage"] = _passage_to_dict(passage)
    return values


def _passage_to_dict(passage: Passage) -> JsonObject:
    return asdict(passage) | {"heading": list(passage.heading)}


def _sentence(values: Mapping[str, Any]) -> Sentence:
    return Sentence(
        text=_text(values, "text"),
        citations=_whole_numbers(values, "citations"),
        support=_number(values, "support"),
        supported=_flag(values, "supported"),
        is_claim=_flag(values, "is_claim"),
        reason=_text(values, "reason"),
    )


def _citation(values: Mapping[str, Any]) -> Citation:
    return Citation(
        number=_whole_number(values, "number"),
        passage=_passage(values),
        quote=_text(values, "quote"),
        start_char=_whole_number(values, "start_char"),
        end_char=_whole_number(values, "end_char"),
    )


def _hit(values: Mapping[str, Any]) -> Hit:
    return Hit(
        passage=_passage(values),
        score=_number(values, "score"),
        dense=_number(values, "dense"),
        sentence=_number(values, "sentence"),
        words=_number(values, "words"),
        dense_rank=_optional_number(values, "dense_rank"),
        word_rank=_optional_number(values, "word_rank"),
        best_sentence=_text(values, "best_sentence"),
    )


def _passage(parent: Mapping[str, Any]) -> Passage:
    values = parent.get("passage")
    if not isinstance(values, dict):
        raise _wrong("passage", values)
    return Passage(
        passage_id=_text(values, "passage_id"),
        source=_text(values, "source"),
        title=_text(values, "title"),
        heading=_texts(values, "heading"),
        text=_text(values, "text"),
        language=_language(values),
        kind=_kind(values),
        page=_optional_number(values, "page"),
        start_char=_whole_number(values, "start_char"),
        end_char=_whole_number(values, "end_char"),
        position=_whole_number(values, "position"),
        section=_whole_number(values, "section"),
        twin=_text(values, "twin"),
        audience=_text(values, "audience"),
    )


def _wrong(name: str, value: object) -> ValueError:
    return ValueError(f"A stored answer's field {name!r} can't be {value!r}.")


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise _wrong(name, value)
    return value


def _texts(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = values.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _wrong(name, value)
    return tuple(value)


def _flag(values: Mapping[str, Any], name: str) -> bool:
    value = values.get(name)
    if not isinstance(value, bool):
        raise _wrong(name, value)
    return value


def _number(values: Mapping[str, Any], name: str) -> float:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(name, value)
    return float(value)


def _whole_number(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, value)
    return value


def _optional_number(values: Mapping[str, Any], name: str) -> int | None:
    return None if values.get(name) is None else _whole_number(values, name)


def _whole_numbers(values: Mapping[str, Any], name: str) -> tuple[int, ...]:
    value = values.get(name)
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise _wrong(name, value)
    return tuple(value)


def _objects(values: Mapping[str, Any], name: str) -> list[JsonObject]:
    value = values.get(name)
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _wrong(name, value)
    return value


def _timings(values: Mapping[str, Any]) -> dict[str, float]:
    value = values.get("timings_ms")
    if not isinstance(value, dict):
        raise _wrong("timings_ms", value)
    return {str(name): _number(value, name) for name in value}


def _language(values: Mapping[str, Any]) -> Language:
    return _one_of(values, "language", _LANGUAGES)


def _mode(values: Mapping[str, Any]) -> Mode:
    return _one_of(values, "mode", _MODES)


def _kind(values: Mapping[str, Any]) -> PassageKind:
    return _one_of(values, "kind", _KINDS)


def _one_of(values: Mapping[str, Any], name: str, allowed: tuple[Choice, ...]) -> Choice:
    value = values.get(name)
    for choice in allowed:
        if value == choice:
            return choice
    raise _wrong(name, value)
