"""The values that only ingestion sees: frozen, compared by value, free of behaviour.

source file → block (what a format's parser gives) → element (a block with its place in the
document) → passage.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from assistant.records import Language, PassageKind

ElementKind = PassageKind | Literal["heading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file to take in. `source` names it everywhere; `root` is the folder it was found under.

    `sha256` is "" for a file over the size limit: such a file is not read.
    """

    path: Path
    source: str
    root: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of a file in reading order, as its format has it.

    `level` is that of a heading, 1 the topmost. A heading without text ends the section before
    it: what follows has no heading (a slide without a title). `page` counts from 1. Code comes
    bare; `code_language` is "" where it isn't known.
    """

    kind: ElementKind
    text: str
    level: int = 0
    page: int | None = None
    code_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What a format's parser takes out of a file.

    `front_matter` holds what the file says about itself, keys in lower case. `title` is the
    format's own, for a file without a heading.
    """

    blocks: tuple[Block, ...]
    front_matter: Mapping[str, object] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A block with its place: `text` stands in the document's text at `[start_char, end_char)`.

    Lists and tables are Markdown; code stands letter for letter between fences, so that a passage
    of text and code can be told apart, and shown, by whoever has only its text.
    `heading` is the path of headings above it, outermost first; a heading's own path ends with
    itself. `section` counts the headings of the document from 0.
    """

    text: str
    kind: ElementKind
    heading: tuple[str, ...]
    section: int
    start_char: int
    end_char: int
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed source. `text` is its extracted text: the elements, joined by blank lines."""

    source: str
    title: str
    language: Language
    text: str
    elements: tuple[Element, ...]
    audience: str = "all"
    owner: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFailure:
    """A file that could not be taken in: what it is called, why, and what to do.

    `place` says where in the file, such as "page 3"; "" where it is the whole file.
    """

    source: str
    reason: str
    hint: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file that is not meant to be taken in, and why."""

    source: str
    reason: str
