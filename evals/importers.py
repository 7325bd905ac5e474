"""Public sets as cases: BEIR-style retrieval folders, SQuAD-style files, NoMIRACL.

Each import writes a folder with `cases.jsonl` (to be run) and, unless each question brings its own
passages, `corpus/` (a Markdown file a document, to be ingested). Documents keep their title in the
front matter; their file names are made from their ids, since ids may hold what file systems don't
take.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from assistant.errors import StudyError
from assistant.language import detect_language
from evals.records import Case, Evidence, Kind

CORPUS = "corpus"
CASES = "cases.jsonl"


class SetUnreadable(StudyError):
    """What was given is not a set of the form that it was said to have."""


class Imported(NamedTuple):
    """How many cases were written, and which lines of the set could not be read."""

    n_cases: int
    unread: tuple[str, ...] = ()


def import_beir(folder: Path, out: Path, *, split: str = "test") -> Imported:
    """Write the set in `folder` to `out`; say how many cases there are and what was left out.

    The form is BEIR's (Thakur et al., 2021, arXiv:2104.08663): `corpus.jsonl` (`_id`, `title`,
    `text`), `queries.jsonl` (`_id`, `text`) and `qrels/<split>.tsv` (query, document, score). Every
    document with a score over 0 is evidence. There are no references: only retrieval can be scored.
    A judgement is left out, and told, if it isn't one or its query or document isn't in the set.

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
        unread = []
        qrels = folder / "qrels" / f"{split}.tsv"
        for number, (query, document, score) in _judgements(qrels):
            if score is None or query not in questions or document not in names:
                unread.append(f"{qrels}, line {number}")
            elif score > 0:
                relevant.setdefault(query, []).append(names[document])
        cases = [
            Case(
                id=f"beir-{query}",
                language=detect_language(questions[query]),
                question=questions[query],
                evidence=tuple(Evidence(source=source) for source in sources),
            )
            for query, sources in relevant.items()
        ]
    return Imported(_write_cases(out, cases), tuple(unread))


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


def import_nomiracl(path: Path, out: Path) -> Imported:
    """Write a file of NoMIRACL's questions, each with its passages, to `out`.

    The form is that of JSON lines with `query_id`, `language`, `question`, `passages` and
    `answerable` (the set: Thakur et al., 2024, arXiv:2312.11361). Nothing is searched: of a run,
    "wrongly answered" is the paper's hallucination rate and "wrongly refused" its error rate.

    Raises:
        SetUnreadable: the file is missing or has another form.
    """
    with _told(path):
        cases = []
        for row in _json_lines(path):
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
    return Imported(_write_cases(out, cases))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"answerable is {value!r}, not true or false")
    return value


def import_squad(path: Path, out: Path, *, given: bool = False) -> Imported:
    """Write the SQuAD-style file `path` (CMRC, XQuAD) to `out`; say how many cases there are.

    The first answer is the reference; a question marked `is_impossible` is one to be refused. A
    paragraph is a document.

    Args:
        given: put each question to its own paragraph alone; nothing is searched then.

    Raises:
        SetUnreadable: the file is missing or has another form.
    """
    with _told(path):
        cases = list(_squad_cases(json.loads(path.read_text(encoding="utf-8")), out, given))
    return Imported(_write_cases(out, cases))


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
            hint="BEIR: corpus.jsonl, queries.jsonl, qrels/test.tsv. SQuAD, NoMIRACL: one file.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SetUnreadable(
            f"{what} has another form than expected ({type(error).__name__}: {error}).",
            hint="See `study eval import --help` for the forms.",
        ) from error
