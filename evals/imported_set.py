"""What the importers of public sets share: rows are read, documents and cases written.

An imported set is a folder with `cases.jsonl` (to be run) and, unless each question brings its own
passages, `corpus/` (a Markdown file a document, to be ingested). Documents keep their title in the
front matter. Nothing is written before the whole set has been read.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

from pydantic import Field, ValidationError

from assistant.errors import StudyError
from evals.records import Case, Record
from evals.text_file import ENCODING, reading
from evals.validation import first_fault

CORPUS = "corpus"
CASES = "cases.jsonl"

FormT = TypeVar("FormT", bound=Record)
Id = Annotated[str, Field(coerce_numbers_to_str=True)]


class SetUnreadable(StudyError):
    """What was given is not a set of the form that it was said to have."""


class Imported(NamedTuple):
    """How many cases and documents were written, and which lines of the set were left out."""

    n_cases: int
    n_documents: int = 0
    unread: tuple[str, ...] = ()


class Document(NamedTuple):
    """A text of a set, by its id there; `title` is "" where it has none."""

    id: str
    title: str
    text: str

    @property
    def file_name(self) -> str:
        """Its file in `corpus/`, made from its id, which may hold what file systems don't take."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", self.id).strip("-.")[:80]
        if plain != self.id:
            plain = f"{plain}-{hashlib.sha256(self.id.encode()).hexdigest()[:8]}"
        return f"{plain}.md"


def write_set(
    out: Path,
    cases: Sequence[Case],
    documents: Iterable[Document] = (),
    unread: Sequence[str] = (),
) -> Imported:
    """Write `cases` and `documents` to the folder `out`; return what was imported.

    Raises:
        SetUnreadable: there is no case, or two have the same id.
        StudyError: `out` can't be written to.
    """
    if not cases:
        raise SetUnreadable("The set holds no question.", hint="Is it the right file or split?")
    for case_id, n in Counter(case.id for case in cases).items():
        if n > 1:
            raise SetUnreadable(
                f"{n} questions of the set get the id {case_id}.",
                hint="Each needs an id of its own; nothing was written.",
            )
    if out.exists() and not out.is_dir():
        raise StudyError(f"{out} is a file, not a folder.", hint=_ANOTHER_FOLDER)
    try:
        out.mkdir(parents=True, exist_ok=True)
        n_documents = 0
        for document in documents:
            _write_document(out / CORPUS, document)
            n_documents += 1
        lines = [case.model_dump_json(exclude_defaults=True) + "\n" for case in cases]
        (out / CASES).write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise StudyError(
            f"{out} can't be written to: {error.strerror or error}.", hint=_ANOTHER_FOLDER
        ) from error
    return Imported(len(cases), n_documents, tuple(unread))


_ANOTHER_FOLDER = "Choose another folder."


def _write_document(corpus: Path, document: Document) -> None:
    corpus.mkdir(exist_ok=True)
    title = json.dumps(document.title, ensure_ascii=False)
    head = f"---\ntitle: {title}\n---\n\n" if document.title else ""
    (corpus / document.file_name).write_text(f"{head}{document.text}\n", encoding="utf-8")


def read_rows(path: Path, form: type[FormT], hint: str) -> Iterator[FormT]:
    """Yield the lines of a file of JSON lines, each as a `form`.

    Raises:
        SetUnreadable: with `hint`: the file can't be read, or a line is no `form`.
    """
    with reading(path, SetUnreadable, hint), path.open(encoding=ENCODING) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield form.model_validate_json(line)
                except ValidationError as error:
                    raise SetUnreadable(
                        f"{path}, line {number}: {first_fault(error)}.", hint=hint
                    ) from error
