import pytest

from ingest.parse_text import parse_text

WRAPPED = """Self-attention lets every token look at every other token of the
same sequence, and weighs what it sees there
by likeness.

A short line.
Another short line.

- one
- two
"""
WRAPPED_ZH = """自注意力让序列中的每个词元都能看到同一序列里的其他所有词元，并且按照相似程度
给它们加上权重。
下一段。
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            WRAPPED,
            [
                "Self-attention lets every token look at every other token of the same sequence, "
                "and weighs what it sees there\nby likeness.",
                "A short line.\nAnother short line.",
                "- one\n- two",
            ],
        ),
        (
            WRAPPED_ZH,
            [
                "自注意力让序列中的每个词元都能看到同一序列里的其他所有词元，"
                "并且按照相似程度给它们加上权重。\n下一段。"
            ],
        ),
    ],
    ids=["en", "zh"],
)
def test_lines_an_editor_broke_are_joined_and_others_stay(text: str, expected: list[str]) -> None:
    assert [block.text for block in parse_text(text.encode()).blocks] == expected


def test_chinese_text_in_gbk_is_read_with_its_front_matter() -> None:
    extract = parse_text("---\naudience: hr\n---\n\n注意力是一种机制。\n".encode("gbk"))
    assert extract.front_matter == {"audience": "hr"}
    assert [block.text for block in extract.blocks] == ["注意力是一种机制。"]
