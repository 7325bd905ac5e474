import pytest

from assistant.no_claims import says_materials_lack_it, without_lead_word


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("No, it has 12.", "it has 12."),
        ("No. It has 12.", "It has 12."),
        ("**No**, it has 12.", "it has 12."),
        ("不，它有 12 层。", "它有 12 层。"),
        ("不是这样，它有 12 层。", "它有 12 层。"),
        ("是的。", ""),
        ("No. 5 is the best.", "No. 5 is the best."),
        ("No model has it.", "No model has it."),
        ("不同的模型", "不同的模型"),
        ("不是 A，而是 B。", "不是 A，而是 B。"),
        ("对于模型，它没有偏置。", "对于模型，它没有偏置。"),
    ],
)
def test_lead_words(text: str, rest: str) -> None:
    assert without_lead_word(text) == rest


@pytest.mark.parametrize(
    "text",
    [
        "The materials don't say.",
        "The materials don’t mention Qwen.",
        "However, the given passages do not explicitly state how many layers it has.",
        "Passage 2 does not provide its price.",
        "There is no information about prices in the passages.",
        "This is not mentioned in the materials.",
        "None of the passages mentions it.",
        "材料中没有说明这一点。",
        "材料中没有提到 Qwen。",
        "提供的资料未提及价格，也没有提到时间。",
        "抱歉，材料里没有相关信息。",
    ],
)
def test_that_the_materials_lack_it(text: str) -> None:
    assert says_materials_lack_it(text)


@pytest.mark.parametrize(
    "text",
    [
        "The materials don't say, but it has 12 layers.",
        "The passages don't mention the time, so check it.",
        "材料中没有说明这一点，它由谷歌提出。",
        "材料没有说价格，但它有 12 层。",
        "The paper doesn't mention it.",
        "The model does not give sources.",
        "Documents do not contain vectors.",
        "文档没有版本号就不会发布。",
    ],
)
def test_what_says_more_or_of_others_is_a_claim(text: str) -> None:
    assert not says_materials_lack_it(text)
