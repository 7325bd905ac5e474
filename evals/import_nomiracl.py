"""NoMIRACL's questions, each with its passages, as cases."""

from pathlib import Path

from pydantic import StrictBool

from assistant.records import Language
from evals.imported_set import Id, Imported, read_rows, write_set
from evals.records import Case, Kind, Question, Record

_HINT = "Each line has query_id, language, question, passages (a list of texts) and answerable."


class _Row(Record):
    query_id: Id
    language: Language
    question: Question
    passages: tuple[str, ...]
    answerable: StrictBool


def import_nomiracl(path: Path, out: Path) -> Imported:
    """Write a file of NoMIRACL's questions, each with its passages, to `out`.

    The form is that of JSON lines with `query_id`, `language`, `question`, `passages` and
    `answerable` (the set: Thakur et al., 2024, arXiv:2312.11361). Nothing is searched: of a run,
    "wrongly answered" is the paper's hallucination rate and "wrongly refused" its error rate.

    Raises:
        SetUnreadable: the file is missing or has another form, or an id stands twice.
        StudyError: `out` can't be written to.
    """
    return write_set(out, [_case(row) for row in read_rows(path, _Row, _HINT)])


def _case(row: _Row) -> Case:
    # The two subsets of a language share queries.
    kind: Kind = "fact" if row.answerable else "unanswerable"
    return Case(
        id=f"nomiracl-{row.language}-{kind}-{row.query_id}",
        language=row.language,
        kind=kind,
        question=row.question,
        answerable=row.answerable,
        passages=row.passages,
    )
