"""Public sets as cases: BEIR-style retrieval folders and SQuAD-style files.

Each import writes a folder with `corpus/` (a Markdown file a document, to be ingested) and
`cases.jsonl` (to be run). Documents keep their title in the front matter; their file names are
made from their ids, since ids may hold what file systems don't take.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import StudyError
from assistant.language import detect_language
from evals.records import Case, Evidence

CORPUS = "corpus"
CASES = "cases.jsonl"


class SetUnreadable(StudyError):
    """What was given is not a set of the form that it was said to have."""


def import_beir(folder: Path, out: Path, *, split: str = "test") -> int:
    """Write the set in `folder` to `out`; return the number of cases.

    The form is BEIR's (Thakur et al., 2021, arXiv:2104.08663): `corpus.jsonl` (`_id`, `title`,
    `text`), `queries.jsonl` (`_id`, `text`) and `qrels/<split>.tsv` (query, document, score). Every
    document with a score over 0 is evidence. There are no references: only retrieval can be scored.

    Raises:
        SetUnreadable: a file is missing or has another form.
    """
    with _told(folder):
        names = {
            str(row["_id"]): _write_document(
                out, str(row["_id"]), str(row.get("title") or ""), str(row["text"])
            )
            for row in _json_lines(folder / "corpus.jsonl")
        }
        questions = {
            str(row["_id"]): str(row["text"]) for row in _json_lines(folder / "queries.jsonl")
        }
        relevant: dict[str, list[str]] = {}
        with (folder / "qrels" / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
            for query, document, score in csv.reader(file, delimiter="\t"):
                if score.lstrip("-").isdigit() and int(score) > 0 and document in names:
                    relevant.setdefault(query, []).append(names[document])
        cases = [
            Case(
                id=f"beir-{query}",
                language=detect_language(questions[query]),
                question=questions[query],
                evidence=tuple(Evidence(source=source) for source in sources),
            )
            for query, sources in relevant.items()
            if query in questions
        ]
    return _write_cases(out, cases)


def import_squad(path: Path, out: Path, *, given: bool = False) -> int:
    """Write the SQuAD-style file `path` (CMRC, XQuAD) to `out`; return the number of cases.

    The first answer is the reference; a question marked `is_impossible` is one to be refused. A
    paragraph is a document.

    Args:
        given: put each question to its own paragraph alone; nothing is searched then.

    Raises:
        SetUnreadable: the file is missing or has another form.
    """
    with _told(path):
        cases = list(_squad_cases(json.loads(path.read_text(encoding="utf-8")), out, given))
    return _write_cases(out, cases)


def _squad_cases(values: Mapping[str, Any], out: Path, given: bool) -> Iterator[Case]:
    for article_number, article in enumerate(values["data"]):
        title = str(article.get("title") or "")
        for number, paragraph in enumerate(article["paragraphs"]):
            text = str(paragraph["context"])
            source = _write_document(out, f"{article_number:03d}-{number:03d}", title, text)
            for question in paragraph["qas"]:
                if not str(question["question"]).strip():
                    continue  # CMRC 2018 has a few that are blank
                answers = question.get("answers") or []
                is_answerable = not question.get("is_impossible", False) and bool(answers)
                yield Case(
                    id=f"squad-{question['id']}",
                    language=detect_language(str(question["question"])),
                    kind="fact" if is_answerable else "unanswerable",
                    question=str(question["question"]),
                    reference=str(answers[0]["text"]) if is_answerable else "",
                    evidence=(Evidence(source=source),) if is_answerable and not given else (),
                    answerable=is_answerable,
                    passages=(text,) if given else None,
                )


def _write_document(out: Path, document_id: str, title: str, text: str) -> str:
    """Return the name of the file written for a document."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", document_id).strip("-.")[:80]
    if plain != document_id:
        plain = f"{plain}-{hashlib.sha256(document_id.encode()).hexdigest()[:8]}"
    path = out / CORPUS / f"{plain}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f"---\ntitle: {json.dumps(title, ensure_ascii=False)}\n---\n\n" if title else ""
    path.write_text(f"{head}{text}\n", encoding="utf-8")
    return path.name


def _write_cases(out: Path, cases: list[Case]) -> int:
    if not cases:
        raise SetUnreadable("The set holds no question.", hint="Is it the right file or split?")
    out.mkdir(parents=True, exist_ok=True)
    lines = [case.model_dump_json(exclude_defaults=True) for case in cases]
    (out / CASES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(cases)


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


@contextmanager
def _told(what: Path) -> Iterator[None]:
    """Turn what reading raises into one sentence that names the set."""
    try:
        yield
    except OSError as error:
        raise SetUnreadable(
            f"{error.filename or what} can't be read: {error.strerror}.",
            hint="BEIR: corpus.jsonl, queries.jsonl, qrels/test.tsv. SQuAD: one JSON file.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SetUnreadable(
            f"{what} has another form than expected ({type(error).__name__}: {error}).",
            hint="See `study eval import --help` for the forms.",
        ) from error
