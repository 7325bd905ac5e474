"""From the rows of a run to verdicts, kept in its folder as they come.

`verdicts.jsonl` has a line for each statement, judge and comparison (`evals.records.What`);
`judge_failures.jsonl` has those that came to nothing. Judging that was stopped goes on where it
was; failures are tried again. Abstentions and errors have no verdicts.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from assistant.citations import is_claim
from assistant.errors import StudyError
from assistant.language import split_sentences, without_markers
from evals.judges import Judge
from evals.judges.stack import StackedJudge
from evals.kept_lines import add_lines, kept_lines, replace_lines
from evals.records import Case, Cited, Judged, Read, Record, Row, Verdict, What

VERDICTS = "verdicts.jsonl"
FAILURES = "judge_failures.jsonl"

N_TRIES = 2
MAX_FAILURES_IN_A_ROW = 10
"""Then the judge is taken to be out of order, and what it said is raised."""

Report = Callable[[int, int], None]
"""Called with the number of rows done and of all."""

_Key = tuple[str, str, What, int, int]


class Failure(Record):
    """A verdict that a judge could not give; the fields are those of `Judged`."""

    case_id: str
    judge: str
    what: What
    index: int
    citation: int = 0
    error: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A statement and what it is held against."""

    statement: str
    passages: tuple[str, ...]
    question: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A pair to judge, and the line of `verdicts.jsonl` that it is for."""

    case_id: str
    what: What
    index: int
    citation: int = 0
    pair: Pair

    def key(self, judge: Judge) -> _Key:
        """Return what names the line of `judge`."""
        return (self.case_id, judge.name, self.what, self.index, self.citation)


def judge_rows(
    rows: Sequence[Row],
    judges: Sequence[Judge],
    folder: Path,
    report: Report | None = None,
    *,
    workers: int = 1,
) -> list[Judged]:
    """Return the verdicts of all `judges` on `rows`; asks only for those that `folder` lacks.

    Each pair goes to each judge once, however often it occurs; a stack takes what its members
    said. A judge that fails is asked again, and then has a `Failure` instead of a verdict.

    Args:
        rows: ids of cases are unique.
        judges: names are unique; a stack's members need not be among them.
        folder: of the run; made if need be.
        report: told after each row.
        workers: rows judged at the same time.

    Raises:
        StudyError: a judge failed `MAX_FAILURES_IN_A_ROW` times; what there is stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report = report or (lambda done, total: None)
    tasks = [row_tasks(row) for row in rows]
    bench = _Bench()
    lines: dict[_Key, Judged] = {}
    for line in _still_wanted(read_verdicts(folder), tasks, judges, bench):
        lines[line.case_id, line.judge, line.what, line.index, line.citation] = line
    replace_lines(folder / VERDICTS, list(lines.values()))
    replace_lines(folder / FAILURES, [])
    report(0, len(rows))
    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(bench.judge_row, each, judges, set(lines)) for each in tasks]
        try:
            for n_done, future in enumerate(as_completed(running), start=1):
                judged, failures = future.result()
                for line in judged:
                    lines[line.case_id, line.judge, line.what, line.index, line.citation] = line
                add_lines(folder / VERDICTS, judged)
                add_lines(folder / FAILURES, failures)
                report(n_done, len(rows))
        finally:
            bench.is_closed = True
            pool.shutdown(cancel_futures=True)
    if bench.broken is not None:
        raise bench.broken
    wanted = (task.key(judge) for each in tasks for judge in judges for task in each)
    return [lines[key] for key in wanted if key in lines]


def row_tasks(row: Row) -> list[Task]:
    """Return what is to be judged of `row`; what shares its passages stands together."""
    if row.error or row.abstained:
        return []
    groups: dict[tuple[str, ...], list[Task]] = {}
    for task in _tasks(row):
        groups.setdefault(task.pair.passages, []).append(task)
    return [task for group in groups.values() for task in group]


def reference_statements(case: Case) -> list[str]:
    """Return the claims of the reference, which a full answer makes; none if there is no answer."""
    if not case.answerable:
        return []
    return [span.text for span in split_sentences(case.reference) if is_claim(span.text)]


def read_verdicts(folder: Path) -> list[Judged]:
    """Return the verdicts that `folder` has so far; a last line that was cut off is left out."""
    return kept_lines(folder / VERDICTS, Judged)


def read_failures(folder: Path) -> list[Failure]:
    """Return what judges failed at when `folder` was last judged."""
    return kept_lines(folder / FAILURES, Failure)


def _tasks(row: Row) -> Iterator[Task]:
    case = row.case
    cited = {citation.number: _whole(citation) for citation in row.cited}
    read = tuple(_whole(passage) for passage in row.read) or tuple(cited.values())
    references = reference_statements(case)

    def task(
        what: What, index: int, statement: str, passages: Sequence[str], *, citation: int = 0
    ) -> Task:
        pair = Pair(statement, tuple(passages), case.question)
        return Task(case_id=case.id, what=what, index=index, citation=citation, pair=pair)

    for index, statement in enumerate(row.statements):
        if not statement.is_claim:
            continue
        text = without_markers(statement.text).strip()
        yield task("faithful", index, text, read)
        numbers = [number for number in dict.fromkeys(statement.citations) if number in cited]
        if numbers:
            yield task("cited", index, text, [cited[number] for number in numbers])
        for number in numbers:
            yield task("citation", index, text, [cited[number]], citation=number)
            others = [cited[other] for other in numbers if other != number]
            if others:
                yield task("rest", index, text, others, citation=number)
        if references:
            yield task("answer", index, text, [case.reference])
    answer = without_markers(row.answer)
    for index, text in enumerate(references):
        yield task("reference", index, text, [answer])


def _whole(passage: Read | Cited) -> str:
    """Return a passage as a reader sees it: without its heading, "it" often has no name."""
    return "\n".join(part for part in [" > ".join(passage.heading), passage.text] if part)


class _Bench:
    """All that judges said so far, by pair; shared by the threads of one call."""

    def __init__(self) -> None:
        self.broken: StudyError | None = None
        self.is_closed = False
        self._said: dict[tuple[str, Pair], Verdict | StudyError] = {}
        self._n_failed: dict[str, int] = {}
        self._lock = threading.Lock()

    def remember(self, judge_name: str, pair: Pair, verdict: Verdict) -> None:
        """Take a verdict over that was given before."""
        self._said[judge_name, pair] = verdict

    def judge_row(
        self, tasks: Sequence[Task], judges: Sequence[Judge], done: set[_Key]
    ) -> tuple[list[Judged], list[Failure]]:
        """Return the lines for those of `tasks` that aren't done, and what failed."""
        judged: list[Judged] = []
        failures: list[Failure] = []
        # Judge by judge: a model server keeps the passages only while nothing else comes between.
        for judge in judges:
            for task in tasks:
                if task.key(judge) in done:
                    continue
                if self.is_closed or self.broken is not None:
                    return judged, failures
                try:
                    verdict = self._verdict(judge, task.pair)
                except StudyError as error:
                    failures.append(_failure(task, judge, error))
                else:
                    judged.append(_line(task, judge, verdict))
        return judged, failures

    def _verdict(self, judge: Judge, pair: Pair) -> Verdict:
        said = self._said.get((judge.name, pair))
        if said is None:
            said = self._ask(judge, pair)
            self._said[judge.name, pair] = said
        if isinstance(said, StudyError):
            raise said
        return said

    def _ask(self, judge: Judge, pair: Pair) -> Verdict | StudyError:
        if isinstance(judge, StackedJudge):
            try:
                return judge.combine([self._verdict(member, pair) for member in judge.members])
            except StudyError as error:
                return error
        for n_tried in range(1, N_TRIES + 1):
            try:
                verdict = judge.judge(pair.statement, pair.passages, question=pair.question)
            except StudyError as error:
                if n_tried == N_TRIES:
                    self._count(judge, error)
                    return error
            else:
                self._count(judge, None)
                return verdict
        raise AssertionError("A judge is asked at least once.")

    def _count(self, judge: Judge, error: StudyError | None) -> None:
        with self._lock:
            self._n_failed[judge.name] = self._n_failed.get(judge.name, 0) + 1 if error else 0
            if self._n_failed[judge.name] >= MAX_FAILURES_IN_A_ROW:
                self.broken = error


def _still_wanted(
    lines: Sequence[Judged],
    tasks: Sequence[Sequence[Task]],
    judges: Sequence[Judge],
    bench: _Bench,
) -> list[Judged]:
    """Return those of `lines` that belong to `tasks`, with the present thresholds.

    What other judges said stays as it is. A stack's lines are made again: it costs nothing, and
    its weights may be others now.
    """
    by_name = {judge.name: judge for judge in [*_members(judges), *judges]}
    pairs = {
        (task.case_id, task.what, task.index, task.citation): task.pair
        for each in tasks
        for task in each
    }
    kept = []
    for line in lines:
        pair = pairs.get((line.case_id, line.what, line.index, line.citation))
        judge = by_name.get(line.judge)
        if pair is None or isinstance(judge, StackedJudge):
            continue
        if judge is None:
            kept.append(line)
            continue
        bench.remember(line.judge, pair, Verdict(probability=line.probability, reason=line.reason))
        supported = line.probability >= judge.threshold
        kept.append(line.model_copy(update={"supported": supported}))
    return kept


def _members(judges: Sequence[Judge]) -> Iterator[Judge]:
    for judge in judges:
        if isinstance(judge, StackedJudge):
            yield from _members(judge.members)
            yield from judge.members


def _line(task: Task, judge: Judge, verdict: Verdict) -> Judged:
    return Judged(
        case_id=task.case_id,
        judge=judge.name,
        what=task.what,
        index=task.index,
        citation=task.citation,
        probability=verdict.probability,
        supported=verdict.probability >= judge.threshold,
        reason=verdict.reason,
    )


def _failure(task: Task, judge: Judge, error: StudyError) -> Failure:
    return Failure(
        case_id=task.case_id,
        judge=judge.name,
        what=task.what,
        index=task.index,
        citation=task.citation,
        error=f"{error} {error.hint}".strip(),
    )
