"""BEIR-style retrieval sets as documents and cases."""

import csv
from collections.abc import Container, Iterator
from math import isfinite
from pathlib import Path

from pydantic import Field

from assistant.language import detect_language
from evals.imported_set import Document, Id, Imported, SetUnreadable, read_rows, write_set
from evals.records import Case, Evidence, Record
from evals.text_file import ENCODING, reading

_HINT = "The folder has corpus.jsonl, queries.jsonl (both with _id and text) and qrels/<split>.tsv."
_QRELS = "Each line has a query, a document and a score, with tabs between them."


class _Text(Record):
    id: Id = Field(alias="_id")
    title: str | None = None
    text: str


def import_beir(folder: Path, out: Path, *, split: str = "test") -> Imported:
    """Write the set in `folder` to `out`; return what was imported and what was left out.

    The form is BEIR's (Thakur et al., 2021, arXiv:2104.08663): `corpus.jsonl` (`_id`, `title`,
    `text`), `queries.jsonl` (`_id`, `text`) and `qrels/<split>.tsv` (query, document, score). Every
    document with a score over 0 is evidence, once. There are no references: only retrieval can be
    scored. A judgement is left out, and told, if it isn't one, its query or document isn't in the
    set, or its query is blank.

    Raises:
        SetUnreadable: a file is missing or has another form, or an id stands twice.
        StudyError: `out` can't be written to.
    """
    file_names = {document.id: document.file_name for document in _documents(folder)}
    questions = {
        query.id: query.text for query in _texts(folder / "queries.jsonl") if query.text.strip()
    }
    relevant, unread = _relevant(folder / "qrels" / f"{split}.tsv", questions, file_names)
    cases = [
        Case(
            id=f"beir-{query}",
            language=detect_language(questions[query]),
            question=questions[query],
            evidence=tuple(Evidence(source=file_names[document]) for document in documents),
        )
        for query, documents in relevant.items()
    ]
    # The corpus is read twice, since it may not fit into memory.
    return write_set(out, cases, _documents(folder), unread)


def _documents(folder: Path) -> Iterator[Document]:
    for text in _texts(folder / "corpus.jsonl"):
        yield Document(text.id, text.title or "", text.text)


def _texts(path: Path) -> Iterator[_Text]:
    seen = set()
    for text in read_rows(path, _Text, _HINT):
        if text.id in seen:
            raise SetUnreadable(
                f"{path}: the id {text.id} stands twice.",
                hint="Each text needs an id of its own; nothing was written.",
            )
        seen.add(text.id)
        yield text


def _relevant(
    qrels: Path, queries: Container[str], documents: Container[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the relevant documents of each query, each once, and the lines that were left out."""
    relevant: dict[str, dict[str, None]] = {}
    unread = []
    for number, (query, document, score) in _judgements(qrels):
        if score is None or query not in queries or document not in documents:
            unread.append(f"{qrels}, line {number}")
        elif score > 0:
            relevant.setdefault(query, {})[document] = None
    if not relevant:
        raise SetUnreadable(f"{qrels} judges no document of the set relevant.", hint=_QRELS)
    return {query: list(found) for query, found in relevant.items()}, unread


def _judgements(path: Path) -> Iterator[tuple[int, tuple[str, str, float | None]]]:
    """Yield the lines of a file of relevance judgements by number; the score None if it is none."""
    with reading(path, SetUnreadable, _HINT), path.open(encoding=ENCODING, newline="") as file:
        try:
            for number, row in enumerate(csv.reader(file, delimiter="\t"), start=1):
                if not row or (number == 1 and row[-1].strip().lower() == "score"):
                    continue
                query, document, score = row if len(row) == 3 else ("", "", "")
                yield number, (query, document, _number(score))
        except csv.Error as error:
            raise SetUnreadable(f"{path} holds no judgements: {error}.", hint=_QRELS) from error


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
