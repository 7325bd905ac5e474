"""Statements that people labelled as supported by passages or not: our own file, and RAGTruth's.

What is told apart by form: a line of our own (`evals/sets/judge_labels.jsonl`) has a "statement", a
line of RAGTruth (Niu et al., 2024, arXiv:2401.00396) has "responses", each with the spans that
its passages don't support.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from pydantic import Field, ValidationError

from assistant.citations import is_claim
from assistant.errors import StudyError
from assistant.language import Span, detect_language, split_sentences
from assistant.records import Language
from evals.judges import Judge
from evals.kept_lines import add_lines, kept_lines, replace_lines
from evals.records import Record, Split, Verdict
from evals.text_file import make_folder, read_lines
from evals.validation import first_fault

OWN = Path(__file__).parent / "sets" / "judge_labels.jsonl"


class LabelsUnreadable(StudyError):
    """A file of labels is missing, or a line of it has neither of the two forms."""


class Labelled(Record):
    """A statement, what it is held against, and whether that supports it.

    `group` is the answer that the statement belongs to, "" where it stands alone. `how` is what is
    wrong with it, or how it was put in other words.
    """

    id: str = Field(min_length=1)
    language: Language
    statement: str = Field(min_length=1)
    passages: tuple[str, ...] = Field(min_length=1)
    question: str = ""
    supported: bool
    group: str = ""
    how: str = ""
    split: Split = "dev"


def load_labelled(path: Path, *, split: Split | None = None) -> list[Labelled]:
    """Return the labelled statements of `path`; with `split`, those of ours that are in it.

    Raises:
        LabelsUnreadable: the file can't be read, a line has neither form, an id stands twice, or
            nothing is in the split.
    """
    found: dict[str, Labelled] = {}
    for number, line in enumerate(read_lines(path, LabelsUnreadable), start=1):
        if not line.strip():
            continue
        for labelled in _labelled(line, f"{path}, line {number}"):
            if labelled.id in found:
                raise LabelsUnreadable(
                    f"{path}, line {number}: the id {labelled.id} stands twice.",
                    hint="Each statement needs an id of its own.",
                )
            found[labelled.id] = labelled
    if not found:
        raise LabelsUnreadable(f"{path} has no labels.", hint="Give a file of JSON lines.")
    chosen = [each for each in found.values() if split is None or each.split == split]
    if not chosen:
        raise LabelsUnreadable(
            f"No label of {path} is in the split {split}.",
            hint="Labels that name no split, like RAGTruth's, count as dev: leave --split out.",
        )
    return chosen


def sampled(labelled: Sequence[Labelled], limit: int, *, seed: int = 0) -> list[Labelled]:
    """Return `limit` of `labelled` in their order, half of them unsupported, always the same.

    Where a kind has too few, more are of the other. With the natural share, mostly a small one, a
    sample of the size that a slow judge can read would hardly hold what it has to find.
    """
    drawn = Random(seed).sample(range(len(labelled)), len(labelled))
    unsupported = [place for place in drawn if not labelled[place].supported]
    supported = [place for place in drawn if labelled[place].supported]
    n_unsupported = min(len(unsupported), max(limit // 2, limit - len(supported)))
    taken = unsupported[:n_unsupported] + supported[: limit - n_unsupported]
    return [labelled[place] for place in sorted(taken)]


def judge_labelled(
    labelled: Sequence[Labelled],
    judge: Judge,
    report: Callable[[int, int], None] | None = None,
    *,
    kept_in: Path | None = None,
    made_by: str = "",
) -> list[Verdict]:
    """Return the verdict of `judge` on each of `labelled`, in their order.

    Args:
        labelled: ids are unique.
        judge: asked one by one, what shares its passages in a row.
        report: told the number done and of all.
        kept_in: a file of JSON lines to which verdicts are added as they come, and from which
            those of the same judge on the same statement are taken that are there already.
        made_by: what the judge is besides its name: the program, the model.

    Raises:
        RunUnreadable: `kept_in` is damaged.
        StudyError: the judge failed; what was kept stays.
    """
    report = report or (lambda done, total: None)
    kept: list[_Kept] = []
    if kept_in is not None:
        make_folder(kept_in.parent)
        kept = kept_lines(kept_in, _Kept)
        replace_lines(kept_in, kept)  # without a line that was cut off
    verdicts = {line.key: line.verdict for line in kept}
    # Sorting is stable: within the same passages the order stays.
    first = {each.passages: place for place, each in reversed(list(enumerate(labelled)))}
    for n_done, each in enumerate(sorted(labelled, key=lambda e: first[e.passages])):
        report(n_done, len(labelled))
        key = _key(each, judge, made_by)
        if key in verdicts:
            continue
        verdict = judge.judge(each.statement, each.passages, question=each.question)
        verdicts[key] = verdict
        if kept_in is not None:
            line = _Kept(key=key, id=each.id, judge=judge.name, verdict=verdict)
            add_lines(kept_in, [line])
    report(len(labelled), len(labelled))
    return [verdicts[_key(each, judge, made_by)] for each in labelled]


def clusters(labelled: Sequence[Labelled]) -> list[int]:
    """Return a number for each of `labelled`, the same for those with the same passages.

    These are not independent: a bootstrap must draw them together.
    """
    numbers: dict[tuple[str, ...], int] = {}
    return [numbers.setdefault(each.passages, len(numbers)) for each in labelled]


def whole_answers(
    labelled: Sequence[Labelled], probabilities: Sequence[float]
) -> tuple[list[float], list[bool], list[int]]:
    """Return probability, label and cluster of each group (answer), in order of appearance.

    An answer is as probable as its least probable statement, and supported if all of it is.
    """
    groups: dict[str, list[int]] = {}
    for place, each in enumerate(labelled):
        groups.setdefault(each.group or each.id, []).append(place)
    numbers = clusters(labelled)
    return (
        [min(probabilities[place] for place in places) for places in groups.values()],
        [all(labelled[place].supported for place in places) for places in groups.values()],
        [numbers[places[0]] for places in groups.values()],
    )


class _Kept(Record):
    """A verdict by what it was made of and by whom; id and judge are for people who read it."""

    key: str
    id: str
    judge: str
    verdict: Verdict


def _key(labelled: Labelled, judge: Judge, made_by: str) -> str:
    parts = [judge.name, made_by, labelled.statement, labelled.question, *labelled.passages]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class _Source(Record):
    question: str
    passages: str


class _Label(Record):
    start: int
    end: int


class _Response(Record):
    response: str
    labels: tuple[_Label, ...] = ()


class _RagTruth(Record):
    source_id: int | str
    source: _Source
    responses: tuple[_Response, ...]


def _labelled(line: str, where: str) -> Iterator[Labelled]:
    try:
        if '"responses"' in line:
            yield from _from_ragtruth(_RagTruth.model_validate_json(line))
        else:
            yield Labelled.model_validate_json(line)
    except ValidationError as error:
        raise LabelsUnreadable(
            f"{where}: {first_fault(error)}.",
            hint="See evals/sets/judge_labels.jsonl for the form; RAGTruth's is taken too.",
        ) from error


def _from_ragtruth(record: _RagTruth) -> Iterator[Labelled]:
    """Yield the sentences of each response: unsupported where a labelled span overlaps them.

    Sentences that claim nothing ("Sure!") are left out, unless they are labelled.
    """
    passages = tuple(
        text.strip()
        for text in re.split(r"(?m)^passage \d+:", record.source.passages)
        if text.strip()
    )
    for number, response in enumerate(record.responses, start=1):
        group = f"ragtruth-{record.source_id}-{number}"
        for index, sentence in enumerate(split_sentences(response.response), start=1):
            supported = not any(_overlap(sentence, label) for label in response.labels)
            if supported and not is_claim(sentence.text):
                continue
            yield Labelled(
                id=f"{group}-{index}",
                language=detect_language(record.source.question),
                statement=sentence.text,
                passages=passages,
                question=record.source.question,
                supported=supported,
                group=group,
            )


def _overlap(sentence: Span, label: _Label) -> bool:
    return sentence.start < label.end and label.start < sentence.end
