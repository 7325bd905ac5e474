"""A source file → a document. Which parser reads what, and what holds for all of them.

Runs inside a worker process (`ingest/parser_process.py`): a parser may hang or take all memory.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import IngestError
from assistant.language import detect_language
from ingest.archives import list_members
from ingest.cleaning import clean, join_lines
from ingest.errors import TooLarge, Unreadable
from ingest.front_matter import understand
from ingest.parse_docx import parse_docx
from ingest.parse_html import parse_html
from ingest.parse_markdown import parse_markdown, parse_mdx
from ingest.parse_notebook import parse_notebook
from ingest.parse_pdf import parse_pdf
from ingest.parse_pptx import parse_pptx
from ingest.parse_text import parse_text
from ingest.records import Block, Document, Element, Extract
from ingest.signatures import check_members, check_signature
from ingest.source_names import language_of_name, stem_title

PARSER_VERSION = "2"
"""Raised whenever the same file gives another document."""

MAX_TEXT_CHARS = 10_000_000
"""Of one document: twenty thick books. More is a log or a data dump, not a lesson."""

_LANGUAGE_SAMPLE_CHARS = 100_000

PARSERS: Mapping[str, Callable[[bytes], Extract]] = {
    ".docx": parse_docx,
    ".htm": parse_html,
    ".html": parse_html,
    ".ipynb": parse_notebook,
    ".md": parse_markdown,
    ".mdx": parse_mdx,
    ".pdf": parse_pdf,
    ".pptx": parse_pptx,
    ".txt": parse_text,
}
_ARCHIVES = frozenset({".docx", ".pptx"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may take: its size, what it unpacks to, and the time to parse it."""

    max_file_bytes: int
    max_unpacked_bytes: int
    timeout_s: float


def parse(path: Path, source: str, limits: Limits) -> Document:
    """Return the document that the file at `path` holds.

    Args:
        path: of the file.
        source: its name.
        limits: the sizes are checked here; the time is for the caller to keep.

    Raises:
        Unreadable: it is damaged, encrypted, empty, or not what its name says.
        TooLarge: it is over a limit.
    """
    suffix = path.suffix.lower()
    data = _read(path, limits.max_file_bytes)
    check_signature(data, suffix)
    if suffix in _ARCHIVES:
        check_members(list_members(data, max_unpacked_bytes=limits.max_unpacked_bytes), suffix)
    try:
        extract = PARSERS[suffix](data)
    except IngestError:
        raise
    except Exception as error:  # the parsers' libraries raise anything
        raise Unreadable(
            f"It is damaged: its parser gave up ({type(error).__name__}).",
            hint="Open it in the program that made it and save it again.",
        ) from error
    return assemble(extract, source)


def assemble(extract: Extract, source: str) -> Document:
    """Return the document that the blocks make, each with its heading path and place.

    Raises:
        Unreadable: there is neither text nor a heading, or the front matter is wrong.
        TooLarge: there is more text than any lesson has.
    """
    about = understand(extract.front_matter)
    elements = _elements(extract.blocks)
    if not elements:
        raise Unreadable("It holds no text.", hint="Put text into it, or take it away.")
    n_chars = elements[-1].end_char
    if n_chars > MAX_TEXT_CHARS:
        raise TooLarge(
            f"It holds {n_chars / 1e6:,.0f} million characters of text; "
            f"the limit is {MAX_TEXT_CHARS / 1e6:,.0f}.",
            hint="Split it into several files.",
        )
    text = "\n\n".join(element.text for element in elements)
    headings = [element.text for element in elements if element.kind == "heading"]
    return Document(
        source=source,
        title=about.title
        or (headings[0] if headings else "")
        or extract.title
        or (stem_title(source)),
        language=about.language
        or language_of_name(source)
        or detect_language(text[:_LANGUAGE_SAMPLE_CHARS]),
        audience=about.audience,
        owner=about.owner,
        version=about.version,
        text=text,
        elements=elements,
    )


def _read(path: Path, max_file_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(max_file_bytes + 1)
    except OSError as error:
        raise Unreadable(
            f"It can't be read: {error.strerror}.",
            hint="Check that the file is there and that you may read it.",
        ) from error
    if not data.strip():
        raise Unreadable("It is empty.", hint="Put text into it, or take it away.")
    if len(data) > max_file_bytes:
        raise too_large(path.stat().st_size, max_file_bytes)
    return data


def too_large(size_bytes: int, max_file_bytes: int) -> TooLarge:
    """Return the error for a file of `size_bytes`."""
    return TooLarge(
        f"It has {size_bytes / 1e6:,.0f} MB; the limit is {max_file_bytes / 1e6:,.0f}.",
        hint="Split it, or raise STUDY_INGEST__MAX_FILE_MB.",
    )


def _elements(blocks: Sequence[Block]) -> tuple[Element, ...]:
    elements: list[Element] = []
    path: list[tuple[int, str]] = []
    start, n_headings = 0, 0
    for block in blocks:
        text = _cleaned(block)
        if block.kind == "heading":
            path = [(level, heading) for level, heading in path if level < block.level]
            if not text:
                continue
            path.append((block.level, text))
            n_headings += 1
        if not text:
            continue
        element = Element(
            text=text,
            kind=block.kind,
            heading=tuple(heading for _, heading in path),
            section=max(n_headings - 1, 0),
            start_char=start,
            end_char=start + len(text),
            page=block.page,
        )
        elements.append(element)
        start = element.end_char + 2
    return tuple(elements)


def _cleaned(block: Block) -> str:
    text = clean(block.text)
    match block.kind:
        case "heading":
            return join_lines(text)
        case "code":
            return _fenced(text.strip("\n"), block.code_language) if text.strip() else ""
        case _:
            return text.strip()


def _fenced(code: str, language: str) -> str:
    """Return code between fences that are longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    rail = "`" * max(longest + 1, 3)
    return f"{rail}{language}\n{code}\n{rail}"
