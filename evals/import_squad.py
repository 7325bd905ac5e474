"""SQuAD-style files (also CMRC's and XQuAD's) as documents and cases."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import StrictBool, ValidationError

from assistant.language import detect_language
from evals.imported_set import Document, Id, Imported, SetUnreadable, write_set
from evals.records import Case, Evidence, Record
from evals.text_file import ENCODING, reading
from evals.validation import first_fault

_HINT = "One JSON file: data → paragraphs → context and qas → id, question and answers → text."


class _Answer(Record):
    text: str


class _Question(Record):
    id: Id
    question: str
    answers: tuple[_Answer, ...] | None = None
    is_impossible: StrictBool = False


class _Paragraph(Record):
    context: str
    qas: tuple[_Question, ...]


class _Article(Record):
    title: str | None = None
    paragraphs: tuple[_Paragraph, ...]


class _Squad(Record):
    data: tuple[_Article, ...]


def import_squad(path: Path, out: Path, *, given: bool = False) -> Imported:
    """Write the SQuAD-style file `path` to `out`; return what was imported.

    The first answer is the reference; a question marked `is_impossible` is one to be refused. A
    paragraph is a document.

    Args:
        given: put each question to its own paragraph alone; nothing is searched then, so no
            document is written.

    Raises:
        SetUnreadable: the file is missing or has another form, or an id stands twice.
        StudyError: `out` can't be written to.
    """
    documents = []
    cases = []
    for document, questions in _paragraphs(_read(path)):
        documents.append(document)
        cases += [
            _case(question, document, given)
            for question in questions
            if question.question.strip()  # CMRC 2018 has a few that are blank
        ]
    return write_set(out, cases, () if given else documents)


def _read(path: Path) -> _Squad:
    with reading(path, SetUnreadable, _HINT):
        text = path.read_text(encoding=ENCODING)
    try:
        return _Squad.model_validate_json(text)
    except ValidationError as error:
        raise SetUnreadable(f"{path}: {first_fault(error, 'the file')}.", hint=_HINT) from error


def _paragraphs(squad: _Squad) -> Iterator[tuple[Document, tuple[_Question, ...]]]:
    for article_number, article in enumerate(squad.data):
        for number, paragraph in enumerate(article.paragraphs):
            document_id = f"{article_number:03d}-{number:03d}"
            yield Document(document_id, article.title or "", paragraph.context), paragraph.qas


def _case(question: _Question, document: Document, given: bool) -> Case:
    answers = () if question.is_impossible else question.answers or ()
    return Case(
        id=f"squad-{question.id}",
        language=detect_language(question.question),
        kind="fact" if answers else "unanswerable",
        question=question.question,
        reference=answers[0].text if answers else "",
        evidence=(Evidence(source=document.file_name),) if answers and not given else (),
        answerable=bool(answers),
        passages=(document.text,) if given else None,
    )
