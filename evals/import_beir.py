"""BEIR-style retrieval sets as documents and cases."""

import csv
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from assistant.language import detect_language
from evals.imported_set import Document, Imported, json_lines, told, write_set
from evals.records import Case, Evidence


def import_beir(folder: Path, out: Path, *, split: str = "test") -> Imported:
    """Write the set in `folder` to `out`; return what was imported and what was left out.

    The form is BEIR's (Thakur et al., 2021, arXiv:2104.08663): `corpus.jsonl` (`_id`, `title`,
    `text`), `queries.jsonl` (`_id`, `text`) and `qrels/<split>.tsv` (query, document, score). Every
    document with a score over 0 is evidence. There are no references: only retrieval can be scored.
    A judgement is left out, and told, if it isn't one or its query or document isn't in the set.

    Raises:
        SetUnreadable: a file is missing or has another form.
        StudyError: `out` can't be written to.
    """
    with told(folder):
        documents = {
            str(row["_id"]): Document(
                str(row["_id"]), str(row.get("title") or ""), str(row["text"])
            )
            for row in json_lines(folder / "corpus.jsonl")
        }
        questions = {
            str(row["_id"]): str(row["text"]) for row in json_lines(folder / "queries.jsonl")
        }
        relevant: dict[str, list[str]] = {}
        unread = []
        qrels = folder / "qrels" / f"{split}.tsv"
        for number, (query, document, score) in _judgements(qrels):
            if score is None or query not in questions or document not in documents:
                unread.append(f"{qrels}, line {number}")
            elif score > 0:
                relevant.setdefault(query, []).append(documents[document].file_name)
        cases = [
            Case(
                id=f"beir-{query}",
                language=detect_language(questions[query]),
                question=questions[query],
                evidence=tuple(Evidence(source=source) for source in sources),
            )
            for query, sources in relevant.items()
        ]
    return write_set(out, cases, documents.values(), unread)


def _judgements(path: Path) -> Iterator[tuple[int, tuple[str, str, float | None]]]:
    """Yield the lines of a file of relevance judgements by number; the score None if it is none."""
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.reader(file, delimiter="\t"), start=1):
            if not row or (number == 1 and row[-1].strip().lower() == "score"):
                continue
            query, document, score = row if len(row) == 3 else ("", "", "")
            yield number, (query, document, _number(score))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
