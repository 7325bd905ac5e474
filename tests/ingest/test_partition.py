import socket
from typing import Any

import pytest

from ingest import partition
from tests.ingest.documents import docx, pptx


def _refuse(*arguments: Any, **options: Any) -> None:
    raise AssertionError("unstructured tried to download something")


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """unstructured fetches an English model unless it is given a pipeline."""
    from unstructured.nlp import tokenize

    monkeypatch.setattr(tokenize, "_load_spacy_model", _refuse)
    monkeypatch.setattr(tokenize, "_install_spacy_model", _refuse)
    monkeypatch.setattr(socket.socket, "connect", _refuse)
    partition._prepare.cache_clear()
    text = "A sentence in English. 一个中文句子。它有两句。"

    def fill_slide(presentation: Any) -> None:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = "T"
        slide.placeholders[1].text = text

    assert partition.partition_html(f"<p>{text}</p>")[0].text == text
    assert partition.partition_docx(docx(lambda d: d.add_paragraph(text)))[0].text == text
    assert partition.partition_pptx(pptx(fill_slide))[-1].text == text
