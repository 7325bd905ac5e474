"""Jupyter notebooks → blocks: Markdown cells as Markdown, code cells as code. nbformat's home.

Of outputs only short plain text is taken: tables, pictures and logs say little without their code.
"""

import json
import re
import warnings
from typing import Any

from ingest.cleaning import clean
from ingest.decoding import decode
from ingest.errors import Unreadable
from ingest.front_matter import split_front_matter
from ingest.parse_markdown import markdown_blocks
from ingest.records import Block, Extract

MAX_OUTPUT_CHARS = 500

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def parse_notebook(data: bytes) -> Extract:
    """Return what a notebook holds; front matter may stand at the top of its first cell.

    Raises:
        Unreadable: it is no notebook.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cells without ids, in notebooks of older versions
        import nbformat

        read: Any = nbformat.reads
        try:
            notebook = read(decode(data), as_version=4)
        except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
            raise Unreadable(
                "It is not a Jupyter notebook, or is cut off.",
                hint="Open it in Jupyter and save it again.",
                place=_place(error),
            ) from error
    language = str(notebook.metadata.get("language_info", {}).get("name", ""))
    front_matter: dict[str, object] = {}
    blocks: list[Block] = []
    for position, cell in enumerate(notebook.cells):
        text = clean(cell.source)
        if position == 0 and cell.cell_type in ("raw", "markdown"):
            front_matter, text = split_front_matter(text)
        if cell.cell_type == "markdown":
            blocks += markdown_blocks(text)
        elif cell.cell_type == "code":
            blocks.append(Block(kind="code", text=text, code_language=language))
            outputs = (_output(output) for output in cell.get("outputs", []))
            blocks += [Block(kind="code", text=text) for text in outputs]
    return Extract(blocks=tuple(blocks), front_matter=front_matter)


def _place(error: BaseException) -> str:
    """Return the line where a notebook stops to be JSON, or the cell that is none."""
    if isinstance(error.__cause__ or error.__context__, json.JSONDecodeError):
        cause = error.__cause__ or error.__context__
        return f"line {getattr(cause, 'lineno', 1)}"
    path = list(getattr(error, "relative_path", ()))
    if len(path) > 1 and path[0] == "cells":
        return f"cell {int(path[1]) + 1}"
    return ""


def _output(output: dict[str, object]) -> str:
    """Return the text of an output, "" if it has none or too much."""
    match output:
        case {"output_type": "stream", "name": "stdout", "text": str(text)}:
            pass
        case {"output_type": "execute_result" | "display_data", "data": {"text/plain": str(text)}}:
            if text.startswith("<"):  # the name of an object, such as <Figure size 640x480>
                return ""
        case _:
            return ""
    text = clean(_ANSI.sub("", text)).strip("\n")
    return text if len(text) <= MAX_OUTPUT_CHARS else ""
