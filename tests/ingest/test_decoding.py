import codecs

import pytest

from ingest.decoding import decode, decode_html
from ingest.errors import Unreadable

ZH = "自注意力是一种机制，它让每个词元看到其他词元。微调是在预训练模型上继续训练。"
ZH_TRADITIONAL = "自注意力是一種機制，它讓每個詞元看到其他詞元。微調是在預訓練模型上繼續訓練。"
EN = "It’s a mechanism — each token “looks” at the others."


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (ZH.encode("utf-8"), ZH),
        (codecs.BOM_UTF8 + EN.encode("utf-8"), EN),
        (ZH.encode("utf-16"), ZH),
        (EN.encode("utf-16-le"), EN),
        (ZH.encode("utf-16-be"), ZH),
        (codecs.BOM_UTF32_LE + ZH.encode("utf-32-le"), ZH),
        (ZH.encode("gbk"), ZH),
        ("注意力机制".encode("gbk"), "注意力机制"),
        (("# LLM\n\n使用 BERT 模型。" + ZH).encode("gb18030"), "# LLM\n\n使用 BERT 模型。" + ZH),
        (ZH_TRADITIONAL.encode("big5"), ZH_TRADITIONAL),
        (EN.encode("cp1252"), EN),
    ],
    ids=[
        "utf-8",
        "utf-8-marked",
        "utf-16-marked",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "gbk",
        "gbk-short",
        "gb18030-mixed",
        "big5",
        "cp1252",
    ],
)
def test_text_is_read_right_where_its_encoding_is_recognisable(data: bytes, expected: str) -> None:
    assert decode(data) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(range(128, 256)) * 20, "isn't recognised"),
        ((ZH * 3).encode()[:-1], "cut off in the middle of a character"),
        ((ZH * 3).encode()[:30] + b"\xff" + (ZH * 3).encode()[30:], "byte 30 is no UTF-8"),
        (codecs.BOM_UTF16_LE + b"a", "damaged"),
        ("자기 주의는 각 토큰이 다른 토큰을 보게 하는 메커니즘이다".encode("euc-kr"), "recognised"),
        (b"plain\x00\x00\x00text with zeros\x00 in odd and even places\x00\x00", "not text"),
    ],
    ids=["noise", "cut", "damaged", "odd-utf-16", "korean", "zeros"],
)
def test_what_is_not_recognised_is_refused_and_not_guessed(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        decode(data)


def test_a_page_is_read_in_the_encoding_it_declares_unless_that_is_wrong() -> None:
    page = f'<html><head><meta charset="gb2312"></head><body>{ZH}</body></html>'
    assert decode_html(page.encode("gbk")) == page
    assert decode_html(page.encode("utf-8")) == page
    western = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">naïve “x”'
    assert decode_html(western.encode("cp1252")) == western
