"""Every case answered by the real assistant, several at a time, each row kept as it comes.

A run is a folder: `run.json` (what produced it) and `rows.jsonl` (one `Row` a line). A run that was
stopped goes on where it was; rows that failed are tried again. An error is a row of its own.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Protocol

from assistant.answer_events import Answerer, Finished, Found, Wrote
from assistant.errors import ModelError, StudyError
from assistant.language import detect_language
from assistant.records import EVERYONE, Answer, Hit, Passage, Turn
from assistant.retrieval import SearchResult
from evals.kept_lines import add_lines, kept_lines, replace_lines
from evals.records import Case, Cited, Read, Row, Statement

ROWS = "rows.jsonl"
FOUND_DEPTH = 10
"""Places of the ranking that are kept: as deep as any figure looks."""

Report = Callable[[int, int], None]
"""Called with the number of cases done and of all."""


class Answering(Answerer, Protocol):
    """What a run needs of the assistant; `assistant.wiring.StudyAssistant` has it."""

    def search(
        self, question: str, *, top_k: int | None = None, audiences: frozenset[str] = EVERYONE
    ) -> SearchResult:
        """Return the passages that fit the question best."""
        ...


def run_cases(
    cases: Sequence[Case],
    assistant: Answering,
    folder: Path,
    *,
    workers: int = 1,
    needs_model: bool = True,
    report: Report | None = None,
) -> list[Row]:
    """Return a row for each of `cases`, in order, answered unless `folder` already has it.

    Interrupting it loses nothing but what was being answered. Rows of other cases stay in `folder`.

    Args:
        cases: ids are unique.
        folder: of the run; made if need be.
        workers: cases answered at the same time.
        needs_model: an answer that the model failed to give is an error, not its answer.
        report: told after each case.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = {row.case.id: row for row in read_rows(folder) if not row.error}
    write_rows(folder, list(kept.values()))
    rows = {case.id: kept[case.id] for case in cases if case.id in kept}
    left = iter([case for case in cases if case.id not in rows])
    answer = partial(answer_case, assistant=assistant, needs_model=needs_model)
    report = report or (lambda done, total: None)
    report(len(rows), len(cases))
    with ThreadPoolExecutor(workers) as pool:
        running: set[Future[Row]] = set()
        try:
            while True:
                # Only as many as can run are handed over: an interruption waits for no more.
                while len(running) < workers and (case := next(left, None)) is not None:
                    running.add(pool.submit(answer, case))
                if not running:
                    break
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    row = future.result()
                    rows[row.case.id] = row
                    add_lines(folder / ROWS, [row])
                    report(len(rows), len(cases))
        finally:
            for future in running:
                future.cancel()
    return [rows[case.id] for case in cases]


def answer_case(case: Case, assistant: Answering, *, needs_model: bool = True) -> Row:
    """Return what happened when `case` was put to `assistant`; never raises.

    Readers get extracts where the model fails; a run that `needs_model` gets an error, since these
    would be taken for the model's answer.
    """
    started = time.perf_counter()
    try:
        return _answered(case, assistant, started, needs_model=needs_model)
    except StudyError as error:
        reason = f"{error} {error.hint}".strip()
    except Exception as error:
        # The guard of each case: a fault of the program is a row that counts, not the run's end.
        logging.getLogger(__name__).exception("case %s", case.id)
        reason = f"{type(error).__name__}: {error}"
    return Row(case=case, error=reason, total_s=round(time.perf_counter() - started, 3))


def read_rows(folder: Path) -> list[Row]:
    """Return the rows that `folder` has so far.

    Raises:
        RunUnreadable: they are damaged.
    """
    return kept_lines(folder / ROWS, Row)


def write_rows(folder: Path, rows: Sequence[Row]) -> None:
    """Put `rows` in the place of those that `folder` has."""
    replace_lines(folder / ROWS, rows)


def _answered(case: Case, assistant: Answering, started: float, *, needs_model: bool) -> Row:
    audiences = EVERYONE | {case.audience}
    passages = None if case.passages is None else as_passages(case.passages)
    read: tuple[Hit, ...] = ()
    first_s: float | None = None
    answer: Answer | None = None
    for event in assistant.stream(
        case.question,
        history=[Turn(question=turn.question, answer=turn.answer) for turn in case.history],
        audiences=audiences,
        passages=passages,
    ):
        if isinstance(event, Found):
            read = event.hits
        elif isinstance(event, Wrote) and first_s is None:
            first_s = round(time.perf_counter() - started, 3)
        elif isinstance(event, Finished):
            answer = event.answer
    total_s = round(time.perf_counter() - started, 3)
    if answer is None:
        raise RuntimeError("The stream ended without an answer.")
    if needs_model and answer.model_failure:
        raise ModelError(answer.model_failure)
    found: tuple[Hit, ...] = ()
    if passages is None:
        standalone = answer.standalone_question or case.question
        found = assistant.search(standalone, top_k=FOUND_DEPTH, audiences=audiences).hits
    return Row(
        case=case,
        answer=answer.text,
        language=detect_language(answer.text),
        abstained=answer.abstained,
        mode=answer.mode,
        standalone_question=answer.standalone_question,
        notice=answer.notice,
        statements=tuple(
            Statement(
                text=sentence.text,
                citations=sentence.citations,
                is_claim=sentence.is_claim,
                support=sentence.support,
                supported=sentence.supported,
            )
            for sentence in answer.sentences
        ),
        cited=tuple(
            Cited(
                number=citation.number,
                passage_id=citation.passage.passage_id,
                source=citation.passage.source,
                heading=citation.passage.heading,
                text=citation.passage.text,
                quote=citation.quote,
            )
            for citation in answer.citations
        ),
        dropped_markers=answer.dropped_markers,
        found=tuple(_read(hit) for hit in found),
        read=tuple(_read(hit) for hit in read),
        first_token_s=first_s,
        total_s=total_s,
        prompt_tokens=answer.prompt_tokens,
        new_tokens=answer.new_tokens,
    )


def _read(hit: Hit) -> Read:
    return Read(
        passage_id=hit.passage.passage_id,
        source=hit.passage.source,
        heading=hit.passage.heading,
        text=hit.passage.text,
        score=hit.score,
    )


def as_passages(texts: Sequence[str]) -> list[Passage]:
    """Return the passages of a case as the assistant takes them, named by their numbers from 1."""
    return [
        Passage(
            passage_id=f"given-{number}",
            source=f"passage {number}",
            title="",
            heading=(),
            text=text,
            language=detect_language(text),
            end_char=len(text),
        )
        for number, text in enumerate(texts, start=1)
    ]
