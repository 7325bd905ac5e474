"""Looks a file through for what its readers don't see and for words to the model.

Call once the file is known to be sound (`ingest/parse.py` read it within its limits). A warning for
people: a lesson may well have comments, or quote an attack.
"""

import json
from collections.abc import Sequence

from ingest.decoding import decode, decode_html
from ingest.findings import Finding, Stretch, without_repeats
from ingest.hidden_characters import find_hidden_characters
from ingest.hidden_html import find_hidden_html, find_hidden_markdown, html_text
from ingest.hidden_office import look_into_docx, look_into_pptx
from ingest.hidden_pdf import look_into_pdf
from ingest.instructions import find_instructions


def scan(data: bytes, suffix: str) -> tuple[Finding, ...]:
    """Return what is suspicious in the content of a file with the extension `suffix`."""
    hidden, stretches = _look(data, suffix)
    return without_repeats(
        [
            *hidden,
            *(found for each in stretches for found in find_hidden_characters(each)),
            *(found for each in stretches for found in find_instructions(each)),
        ]
    )


def _look(data: bytes, suffix: str) -> tuple[Sequence[Finding], Sequence[Stretch]]:
    match suffix:
        case ".pdf":
            pdf = look_into_pdf(data)
            return pdf.findings, pdf.stretches
        case ".docx":
            word = look_into_docx(data)
            return word.findings, word.stretches
        case ".pptx":
            slides = look_into_pptx(data)
            return slides.findings, slides.stretches
        case ".html" | ".htm":
            page = decode_html(data)
            return find_hidden_html(page), [Stretch(text=html_text(page), unit="line", number=1)]
        case ".ipynb":
            return _look_into_notebook(decode(data))
    text = decode(data)
    hidden = [] if suffix == ".txt" else find_hidden_markdown(text)
    return hidden, [Stretch(text=text, unit="line", number=1)]


def _look_into_notebook(text: str) -> tuple[list[Finding], list[Stretch]]:
    findings: list[Finding] = []
    stretches: list[Stretch] = []
    for number, cell in enumerate(json.loads(text).get("cells", ()), start=1):
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(map(str, source))
        stretches.append(Stretch(text=text, unit="cell", number=number))
        if cell.get("cell_type") == "markdown":
            findings += [
                Finding(kind=each.kind, unit="cell", number=number, excerpt=each.excerpt)
                for each in find_hidden_markdown(text)
            ]
    return findings, stretches
