"""HTML, DOCX and PPTX through unstructured, whose home this is.

Three of its traps are met here. It reports its use to its makers unless told not to. It splits
sentences with an English spaCy model that it downloads when it is missing: it gets a small local
pipeline instead. Its classes (Title, NarrativeText) are partly guesses made for English: nothing
but structure is passed on, and the callers decide by that.
"""

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

from ingest.tables import markdown_table

SENTENCE_ENDS = ["。", "！", "？", "；", ".", "!", "?"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An element of unstructured: its class's name, its depth from 0, its slide from 1.

    `rows` are the cells of a table.
    """

    kind: str
    text: str
    depth: int | None = None
    page: int | None = None
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def table(self) -> str:
        """The table as Markdown."""
        return markdown_table(self.rows)


def partition_html(text: str) -> list[Part]:
    """Return the parts of an HTML page."""
    _prepare()
    from unstructured.partition.html import partition_html as partition

    return _parts(partition(text=text))


def partition_docx(data: bytes) -> list[Part]:
    """Return the parts of a Word document."""
    _prepare()
    from unstructured.partition.docx import partition_docx as partition

    return _parts(partition(file=BytesIO(data), include_page_breaks=False))


def partition_pptx(data: bytes) -> list[Part]:
    """Return the parts of a presentation, without notes."""
    _prepare()
    from unstructured.partition.pptx import partition_pptx as partition

    return _parts(partition(file=BytesIO(data), include_page_breaks=False))


@cache
def _prepare() -> None:
    """Keep unstructured from the network; what it reads at import has to be set before."""
    os.environ["UNSTRUCTURED_DISABLE_NOTICE"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["SCARF_NO_ANALYTICS"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, while they are imported
        import spacy
        from unstructured.nlp import tokenize

    pipeline = spacy.blank("xx")
    pipeline.add_pipe("sentencizer", config={"punct_chars": SENTENCE_ENDS})
    tokenize._get_nlp = cache(lambda: pipeline)


def _parts(elements: Iterable[Any]) -> list[Part]:
    return [
        Part(
            kind=type(element).__name__,
            text=element.text,
            depth=element.metadata.category_depth,
            page=element.metadata.page_number,
            rows=_rows(element.metadata.text_as_html or ""),
        )
        for element in elements
    ]


def _rows(html: str) -> tuple[tuple[str, ...], ...]:
    if not html:
        return ()
    from lxml import etree

    table = etree.fromstring(html, etree.HTMLParser())
    return tuple(
        tuple(" ".join("".join(cell.itertext()).split()) for cell in row.iter("td", "th"))
        for row in table.iter("tr")
    )
