"""SQuAD-style files (also CMRC's and XQuAD's) as documents and cases."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assistant.language import detect_language
from evals.imported_set import Document, Imported, told, write_set
from evals.records import Case, Evidence


def import_squad(path: Path, out: Path, *, given: bool = False) -> Imported:
    """Write the SQuAD-style file `path` to `out`; return what was imported.

    The first answer is the reference; a question marked `is_impossible` is one to be refused. A
    paragraph is a document.

    Args:
        given: put each question to its own paragraph alone; nothing is searched then.

    Raises:
        SetUnreadable: the file is missing or has another form.
        StudyError: `out` can't be written to.
    """
    documents = []
    cases = []
    with told(path):
        values = json.loads(path.read_text(encoding="utf-8"))
        for document, questions in _paragraphs(values):
            documents.append(document)
            cases += [
                _case(question, document, given)
                for question in questions
                if str(question["question"]).strip()  # CMRC 2018 has a few that are blank
            ]
    return write_set(out, cases, documents)


def _paragraphs(values: Mapping[str, Any]) -> Iterator[tuple[Document, list[dict[str, Any]]]]:
    for article_number, article in enumerate(values["data"]):
        title = str(article.get("title") or "")
        for number, paragraph in enumerate(article["paragraphs"]):
            document_id = f"{article_number:03d}-{number:03d}"
            yield Document(document_id, title, str(paragraph["context"])), paragraph["qas"]


def _case(question: Mapping[str, Any], document: Document, given: bool) -> Case:
    answers = question.get("answers") or []
    is_answerable = not question.get("is_impossible", False) and bool(answers)
    return Case(
        id=f"squad-{question['id']}",
        language=detect_language(str(question["question"])),
        kind="fact" if is_answerable else "unanswerable",
        question=str(question["question"]),
        reference=str(answers[0]["text"]) if is_answerable else "",
        evidence=(Evidence(source=document.file_name),) if is_answerable and not given else (),
        answerable=is_answerable,
        passages=(document.text,) if given else None,
    )
