import pytest

from ingest.cleaning import clean, join_lines, replace_lookalikes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc\x0cd\u2028e", "a\nb\nc\nd\ne"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("no\u00a0break", "no break"),
        ("\u202eevil\u202c \U000e0041tag", "evil tag"),
        ("a\x00b\x1bc", "abc"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("icon \ue5ca", "icon "),
        ("制表\t保留 👩‍🔬", "制表\t保留 👩‍🔬"),
    ],
    ids=["ends", "zero-width", "space", "hidden", "control", "surrogate", "private", "kept"],
)
def test_invisible_characters_go_and_visible_ones_stay(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo", "one two"),
        ("自注意力\n是一种机制，\n它", "自注意力是一种机制，它"),
        ("使用\nBERT", "使用 BERT"),
    ],
    ids=["en", "zh", "mixed"],
)
def test_lines_join_with_a_space_but_not_between_chinese_characters(
    text: str, expected: str
) -> None:
    assert join_lines(text) == expected


def test_radicals_and_ligatures_become_the_characters_they_look_like() -> None:
    assert replace_lookalikes("⽤⼾⻓⻚ ﬁne-tuning") == "用户长页 fine-tuning"
