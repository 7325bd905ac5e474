"""Long texts in pieces that fit."""

import re

import pytest

from ui.slack_mrkdwn import mrkdwn
from ui.slack_packing import packed, shortened


@pytest.mark.parametrize("text", ["A sentence of words. " * 60, "一个中文句子。" * 150])
def test_long_text_is_split_between_sentences(text: str) -> None:
    pieces = packed(mrkdwn(text), 300)
    assert len(pieces) > 2
    assert all(len(piece) <= 300 for piece in pieces)
    assert all(piece.endswith((".", "。")) for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_long_code_is_split_between_lines_and_stays_code() -> None:
    pieces = packed(mrkdwn("```\n" + "x = 1 & 2\n" * 100 + "```"), 300)
    assert len(pieces) > 2
    assert all(piece.startswith("```\nx") and piece.endswith("2\n```") for piece in pieces)


def test_no_reference_is_cut_through() -> None:
    assert all(re.fullmatch(r"(?:&amp;)+", piece) for piece in packed(mrkdwn("&" * 200), 101))
    assert shortened("a&amp;b", 5) == "a…"
