"""NoMIRACL's questions, each with its passages, as cases."""

from pathlib import Path

from evals.imported_set import Imported, json_lines, told, write_set
from evals.records import Case, Kind


def import_nomiracl(path: Path, out: Path) -> Imported:
    """Write a file of NoMIRACL's questions, each with its passages, to `out`.

    The form is that of JSON lines with `query_id`, `language`, `question`, `passages` and
    `answerable` (the set: Thakur et al., 2024, arXiv:2312.11361). Nothing is searched: of a run,
    "wrongly answered" is the paper's hallucination rate and "wrongly refused" its error rate.

    Raises:
        SetUnreadable: the file is missing or has another form.
        StudyError: `out` can't be written to.
    """
    with told(path):
        cases = []
        for row in json_lines(path):
            is_answerable = _flag(row["answerable"])
            # The two subsets of a language share queries.
            kind: Kind = "fact" if is_answerable else "unanswerable"
            cases.append(
                Case(
                    id=f"nomiracl-{row['language']}-{kind}-{row['query_id']}",
                    language=row["language"],
                    kind=kind,
                    question=str(row["question"]),
                    answerable=is_answerable,
                    passages=tuple(str(text) for text in row["passages"]),
                )
            )
    return write_set(out, cases)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"answerable is {value!r}, not true or false")
    return value
