import pytest

from ingest.errors import Unreadable
from ingest.parse_notebook import MAX_OUTPUT_CHARS, parse_notebook
from ingest.records import Block
from tests.ingest.documents import notebook


def test_cells_in_both_languages_become_text_and_code() -> None:
    data = notebook(
        {"cell_type": "raw", "source": "---\ntitle: 实验\naudience: hr\n---"},
        {"cell_type": "markdown", "source": ["# 注意力\n", "\n", "它有**权重**。"]},
        {
            "cell_type": "code",
            "source": "x = 1\nif x:\n    print(x)",
            "execution_count": 1,
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": "\x1b[31m1\x1b[0m\n"},
                {"output_type": "stream", "name": "stderr", "text": "warning"},
                {
                    "output_type": "execute_result",
                    "execution_count": 1,
                    "metadata": {},
                    "data": {"text/plain": "<Figure size 640x480>", "image/png": "AAAA"},
                },
                {"output_type": "stream", "name": "stdout", "text": "long" * MAX_OUTPUT_CHARS},
            ],
        },
        {"cell_type": "markdown", "source": "An English $x^2$ cell."},
    )
    extract = parse_notebook(data)
    assert extract.front_matter == {"title": "实验", "audience": "hr"}
    assert [block for block in extract.blocks if block.text] == [
        Block(kind="heading", text="注意力", level=1),
        Block(kind="text", text="它有权重。"),
        Block(kind="code", text="x = 1\nif x:\n    print(x)", code_language="python"),
        Block(kind="code", text="1"),
        Block(kind="text", text="An English $x^2$ cell."),
    ]


@pytest.mark.parametrize(
    "data",
    [b"{}", b"[]", b"3", b'{"cells": [], "nbformat": 4', b'{"nbformat": 99, "cells": []}'],
)
def test_what_is_no_notebook_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable, match="not a Jupyter notebook"):
        parse_notebook(data)
