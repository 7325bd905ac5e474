"""Statements that people labelled as supported by passages or not: our own file, and RAGTruth's.

What is told apart by form: a line of our own (`evals/sets/judge_labels.jsonl`) has a "statement", a
line of RAGTruth (Niu et al., 2024, arXiv:2401.00396) has "responses", each with the spans that
its passages don't support.
"""

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
from evals.records import Record, Split, Verdict
from evals.text_file import read_lines
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
) -> list[Verdict]:
    """Return the verdict of `judge` on each of `labelled`, in their order.

    Args:
        labelled: ids are unique.
        judge: asked one by one, what shares its passages in a row.
        report: told the number done and of all.
        kept_in: a file of JSON lines to which verdicts are added as they come, and from which
            those of a judge of this name are taken that are there already.

    Raises:
        StudyError: the judge failed; what was kept stays.
    """
    report = report or (lambda done, total: None)
    verdicts = _kept(kept_in, judge.name)
    # Sorting is stable: within the same passages the order stays.
    first = {each.passages: place for place, each in reversed(list(enumerate(labelled)))}
    for n_done, each in enumerate(sorted(labelled, key=lambda e: first[e.passages])):
        report(n_done, len(labelled))
        if each.id in verdicts:
            continue
        verdict = judge.judge(each.statement, each.passages, question=each.question)
        verdicts[each.id] = verdict
        if kept_in is not None:
            _keep(kept_in, each, judge, verdict)
    report(len(labelled), len(labelled))
    return [verdicts[each.id] for each in labelled]


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
    id: str
    judge: str
    probability: float
    reason: str = ""


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


def _kept(path: Path | None, judge_name: str) -> dict[str, Verdict]:
    if path is None or not path.is_file():
        return {}
    found = {}
    for text in path.read_text(encoding="utf-8").split("\n"):
        try:
            line = _Kept.model_validate_json(text)
        except ValidationError:
            continue  # an empty line, or a last one that was cut off
        if line.judge == judge_name:
            found[line.id] = Verdict(probability=line.probability, reason=line.reason)
    return found


def _keep(path: Path, labelled: Labelled, judge: Judge, verdict: Verdict) -> None:
    line = _Kept(
        id=labelled.id,
        judge=judge.name,
        probability=verdict.probability,
        reason=verdict.reason,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    # The break stands first: it also ends a line that was cut off.
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + line.model_dump_json())
