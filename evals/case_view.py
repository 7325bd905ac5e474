"""One case as the reports show it: faults, marked answer, verdicts on each statement, evidence."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evals.faults import Fault, faults_by_case
from evals.judging import reference_statements
from evals.metrics.retrieval import relevance
from evals.records import Evidence, Judged, Row, Statement, What
from evals.run_folder import Run

_QUESTIONS: Mapping[What, str] = {
    "faithful": "supported by the passages read",
    "cited": "supported by what it cites",
    "citation": "supported by [{citation}] alone",
    "rest": "supported without [{citation}]",
    "answer": "supported by the reference",
    "reference": "said in the answer",
}

_MARKER = re.compile(r"\[(\d{1,3})\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Part of an answer's text: a marker of citation `number`, or plain text (None)."""

    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the judges said to one question about a statement, the judge that counts first."""

    question: str
    judged: tuple[Judged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """A statement of the answer with what was found; `is_unsupported` by the judge that counts."""

    statement: Statement
    findings: tuple[Finding, ...]
    is_unsupported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceView:
    """A statement of the reference, and whether the answer makes it."""

    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """A section that holds the answer, and its place in the ranking from 1, None if not found."""

    evidence: Evidence
    rank: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case ready to be drawn; `number` counts from 1."""

    number: int
    row: Row
    faults: tuple[Fault, ...]
    answer: tuple[Piece, ...]
    statements: tuple[StatementView, ...]
    references: tuple[ReferenceView, ...]
    evidence: tuple[EvidenceView, ...]


def case_views(run: Run) -> list[CaseView]:
    """Return every case of the run, in its order."""
    judge = run.provenance.judge
    by_case: dict[str, list[Judged]] = defaultdict(list)
    for verdict in run.judged:
        by_case[verdict.case_id].append(verdict)
    faults = faults_by_case(run.rows, run.scores.per_case)
    return [
        _view(number, row, by_case[row.case.id], faults[row.case.id], judge)
        for number, row in enumerate(run.rows, start=1)
    ]


def answer_pieces(row: Row) -> tuple[Piece, ...]:
    """Return the answer's text, cut at the markers that have a citation."""
    known = {cited.number for cited in row.cited}
    pieces, end = [], 0
    for match in _MARKER.finditer(row.answer):
        if int(match[1]) in known:
            pieces.append(Piece(text=row.answer[end : match.start()]))
            pieces.append(Piece(text=match[0], number=int(match[1])))
            end = match.end()
    pieces.append(Piece(text=row.answer[end:]))
    return tuple(piece for piece in pieces if piece.text)


def _view(
    number: int, row: Row, judged: Sequence[Judged], faults: tuple[Fault, ...], judge: str
) -> CaseView:
    # The judge that counts comes first; the others only for comparison.
    in_order = sorted(judged, key=lambda verdict: verdict.judge != judge)
    statements = []
    for index, statement in enumerate(row.statements):
        own = [v for v in in_order if v.index == index and v.what != "reference"]
        statements.append(
            StatementView(
                statement=statement,
                findings=_findings(own),
                is_unsupported=any(
                    v.what == "faithful" and v.judge == judge and not v.supported for v in own
                ),
            )
        )
    return CaseView(
        number=number,
        row=row,
        faults=faults,
        answer=answer_pieces(row),
        statements=tuple(statements),
        references=tuple(
            ReferenceView(
                text=text,
                findings=_findings(
                    v for v in in_order if v.what == "reference" and v.index == index
                ),
            )
            for index, text in enumerate(reference_statements(row.case))
        ),
        evidence=_evidence_views(row),
    )


def _evidence_views(row: Row) -> tuple[EvidenceView, ...]:
    ranking = relevance(row.case, row.found)
    return tuple(
        EvidenceView(
            evidence=evidence,
            rank=next((rank for rank, found in enumerate(ranking, 1) if number in found), None),
        )
        for number, evidence in enumerate(row.case.evidence)
    )


def _findings(judged: Iterable[Judged]) -> tuple[Finding, ...]:
    by_question: dict[str, list[Judged]] = defaultdict(list)
    for verdict in judged:
        question = _QUESTIONS[verdict.what].format(citation=verdict.citation)
        by_question[question].append(verdict)
    return tuple(
        Finding(question=question, judged=tuple(each)) for question, each in by_question.items()
    )
