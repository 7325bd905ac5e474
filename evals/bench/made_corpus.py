"""Documents that read like the corpus, as many as wanted: material for measuring at size.

Sentences are put together from the clauses of the corpus, English ones with words changed too, so
that hardly two passages are the same. A document depends on the seed and its number only: the first
60 of 2,000 are the 60 of a small run.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

from assistant.language import split_sentences
from assistant.records import Language

CORPUS = Path(__file__).parents[2] / "corpus"
SEED = 20261123

_SECTIONS = (16, 24)
_SENTENCES = (4, 9)
"""Of a section: about one passage."""
_SUB_SECTION_SHARE = 0.5
_LIST_SHARE = 0.15
_CHANGED_WORDS_SHARE = 0.1
_LONG_WORD = re.compile(r"[a-z]{5,}")
_CLAUSE_MARK = {"zh": re.compile("[，：]"), "en": re.compile(", |: ")}
_COMMA = {"zh": "，", "en": ", "}
_STOP = {"zh": "。", "en": "."}
_JOINT = {"zh": "", "en": " "}
_MARKUP = re.compile(r"[*`_\[\]#|$\\<>{}]|\(https?[^)]*\)")
_FONT = "STSong-Light"

_FORMATS = (".md",) * 14 + (".html",) * 3 + (".docx",) * 2 + (".pdf",)
"""Of twenty documents."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of level 2 or 3, and what stands below it; `is_list`: each sentence an item."""

    level: int
    heading: str
    sentences: tuple[str, ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class Lesson:
    """A document before it has a format."""

    language: Language
    title: str
    sections: tuple[Section, ...]

    def paragraph(self, section: Section) -> str:
        """Return the sentences of a section, joined as its language does."""
        return _JOINT[self.language].join(section.sentences)


@dataclass(frozen=True, slots=True)
class _Stock:
    """What sentences are made of, in one language."""

    clauses: tuple[str, ...]
    headings: tuple[str, ...]
    words: tuple[str, ...]


def write_documents(folder: Path, n_documents: int, *, seed: int = SEED) -> list[Path]:
    """Return the files written below `folder`/zh and /en: Markdown, HTML, DOCX and PDF.

    Args:
        folder: made if it isn't there.
        n_documents: half of them Chinese.
        seed: another one gives other documents.
    """
    stocks = {language: _stock(language) for language in ("zh", "en")}
    paths = []
    for number in range(n_documents):
        rng = random.Random(f"{seed} {number}")
        language: Language = "zh" if number % 2 else "en"
        suffix = _FORMATS[number // 2 % len(_FORMATS)]
        path = folder / language / f"{number // 100:02}" / f"lesson-{number:04}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_WRITERS[suffix](_lesson(number, language, stocks[language], rng)))
        paths.append(path)
    return paths


def _lesson(number: int, language: Language, stock: _Stock, rng: random.Random) -> Lesson:
    sections: list[Section] = []
    for _ in range(rng.randint(*_SECTIONS)):
        n_sentences = rng.randint(*_SENTENCES)
        sections.append(
            Section(
                level=3 if sections and rng.random() < _SUB_SECTION_SHARE else 2,
                heading=rng.choice(stock.headings),
                sentences=tuple(_sentence(stock, language, rng) for _ in range(n_sentences)),
                is_list=rng.random() < _LIST_SHARE,
            )
        )
    title = f"{rng.choice(stock.headings)} {number}"
    return Lesson(language, title, tuple(sections))


def _sentence(stock: _Stock, language: Language, rng: random.Random) -> str:
    clauses = rng.sample(stock.clauses, rng.choice((1, 2, 2, 3) if language == "zh" else (1, 1, 2)))
    text = _COMMA[language].join(clauses)

    def changed(match: re.Match[str]) -> str:
        return rng.choice(stock.words) if rng.random() < _CHANGED_WORDS_SHARE else match.group()

    text = _LONG_WORD.sub(changed, text) if language == "en" else text
    return text[0].upper() + text[1:] + _STOP[language]


def _stock(language: Language) -> _Stock:
    clauses: dict[str, None] = {}
    headings: dict[str, None] = {}
    for path in sorted((CORPUS / language).glob("*.md")):
        text = re.sub(r"```.*?```|^---$.*?^---$|\$\$.*?\$\$", "", path.read_text("utf-8"),
                      flags=re.S | re.M)  # fmt: skip
        for line in text.splitlines():
            plain = _MARKUP.sub("", line).strip(" -")
            if line.startswith("#"):
                headings[plain] = None
            elif line and not line.startswith(("|", ">", " ")):
                for sentence in split_sentences(plain):
                    for clause in _CLAUSE_MARK[language].split(sentence.text.rstrip("。.！!？?；")):
                        if len(clause) >= (6 if language == "zh" else 20):
                            clauses[clause.strip()] = None
    words = dict.fromkeys(word for clause in clauses for word in _LONG_WORD.findall(clause))
    return _Stock(tuple(clauses), tuple(headings), tuple(words))


# ---- Formats


def _markdown(lesson: Lesson) -> bytes:
    parts = [f"# {lesson.title}"]
    for section in lesson.sections:
        parts.append(f"{'#' * section.level} {section.heading}")
        parts.append(
            "\n".join(f"- {sentence}" for sentence in section.sentences)
            if section.is_list
            else lesson.paragraph(section)
        )
    return "\n\n".join([*parts, ""]).encode()


def _html(lesson: Lesson) -> bytes:
    parts = [f"<h1>{escape(lesson.title)}</h1>"]
    for section in lesson.sections:
        parts.append(f"<h{section.level}>{escape(section.heading)}</h{section.level}>")
        parts.append(
            f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in section.sentences)}</ul>"
            if section.is_list
            else f"<p>{escape(lesson.paragraph(section))}</p>"
        )
    head = f"<head><meta charset='utf-8'><title>{escape(lesson.title)}</title></head>"
    body = "\n".join(parts)
    return f"<!doctype html><html>{head}<body>{body}</body></html>".encode()


def _docx(lesson: Lesson) -> bytes:
    import docx

    document = docx.Document()
    document.add_heading(lesson.title, 1)
    for section in lesson.sections:
        document.add_heading(section.heading, section.level)
        if section.is_list:
            for sentence in section.sentences:
                document.add_paragraph(sentence, style="List Bullet")
        else:
            document.add_paragraph(lesson.paragraph(section))
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def _pdf(lesson: Lesson) -> bytes:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate

    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    is_zh = lesson.language == "zh"

    def style(size: float, after: float) -> ParagraphStyle:
        return ParagraphStyle(
            f"{size}",
            fontName=_FONT if is_zh else "Times-Roman",
            fontSize=size,
            leading=1.4 * size,
            spaceAfter=after,
            wordWrap="CJK" if is_zh else None,
        )

    sizes = {1: style(20, 14), 2: style(15, 8), 3: style(12.5, 6)}
    plain = style(10, 8)
    story: list[Flowable] = [Paragraph(escape(lesson.title), sizes[1])]
    for section in lesson.sections:
        story.append(Paragraph(escape(section.heading), sizes[section.level]))
        story.append(Paragraph(escape(lesson.paragraph(section)), plain))
    out = BytesIO()
    SimpleDocTemplate(out, invariant=1).build(story)
    return out.getvalue()


_WRITERS: dict[str, Callable[[Lesson], bytes]] = {
    ".docx": _docx,
    ".html": _html,
    ".md": _markdown,
    ".pdf": _pdf,
}
