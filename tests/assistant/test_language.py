from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language import (
    MARKER,
    content_words,
    detect_language,
    split_sentences,
    split_words,
    without_markers,
)
from assistant.records import Language


def sentences(text: str) -> list[str]:
    return [span.text for span in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("第一。第二！第三？第四；尾", ["第一。", "第二！", "第三？", "第四；", "尾"]),
        ("他说：“够了。”然后走了。", ["他说：“够了。”", "然后走了。"]),
        ("还有……很多。", ["还有……", "很多。"]),
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("Line one\nline two\n\nline three", ["Line one", "line two", "line three"]),
        ("Wait... it works.", ["Wait...", "it works."]),
        ("混合 mixed。English too. 又是。", ["混合 mixed。", "English too.", "又是。"]),
        ("", []),
        (" \n\t ", []),
    ],
    ids="chinese quotes ellipsis english english-quotes lines dots mixed empty blank".split(),
)  # fmt: skip
def test_text_is_split_at_end_punctuation_and_lines(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Vaswani et al. introduced it.",
        "Some models, e.g. BERT, encode.",
        "It is bidirectional, i.e. it sees both sides.",
        "See Fig. 3 and Eq. 4 for this.",
        "J. Smith wrote it with A. B. Jones.",
        "Version 3.5 costs 0.25 dollars.",
        "准确率为 99.5，高于 98.7。",
        "1. First item",
        "2.1. Background matters",
        "- 3. Third item",
        "Brown et al. [1] showed it.",
    ],
    ids=lambda text: text[:12],
)
def test_dots_of_abbreviations_decimals_and_numbering_end_nothing(text: str) -> None:
    assert sentences(text) == [text]


def test_abbreviation_before_a_capital_ends_the_sentence() -> None:
    text = "It is by Vaswani et al. The paper is famous, etc. Models followed."

    assert sentences(text) == [
        "It is by Vaswani et al.",
        "The paper is famous, etc.",
        "Models followed.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一。[1]二。", ["一。[1]", "二。"]),
        ("一。[1][2] 二。", ["一。[1][2]", "二。"]),
        ("一。【1】二。", ["一。【1】", "二。"]),
        ("One. [1, 2] Two.", ["One. [1, 2]", "Two."]),
        ("One.[1-3] Two.", ["One.[1-3]", "Two."]),
        ("一[1]。二[2]。", ["一[1]。", "二[2]。"]),
        ("一。\n[1] 二。", ["一。", "[1] 二。"]),
    ],
    ids="after two full-width list range before next-line".split(),
)
def test_markers_after_the_end_stay_with_their_sentence(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_markers_are_taken_out_with_the_space_before_them() -> None:
    assert without_markers("16 GB of memory [1]. And more [2][3].") == "16 GB of memory. And more."
    assert (
        without_markers("占用 16 GB 【1】。\n值在 [0, 1] 之间。")
        == "占用 16 GB。\n值在 [0, 1] 之间。"
    )


@pytest.mark.parametrize("text", ["[1]", "[12]", "[1, 2]", "[1，3]", "[1-3]", "【2】", "[0]"])
def test_marker(text: str) -> None:
    assert MARKER.fullmatch(text)


@pytest.mark.parametrize("text", ["[0, 1]", "[-1, 1]", "[2017]", "[a]", "[1.5]", "(1)", "[]"])
def test_intervals_years_and_other_brackets_are_no_markers(text: str) -> None:
    assert not MARKER.search(text)


@given(st.text(alphabet='一二。！；…ab .!?\n[1]（）"“”eg', max_size=60))
def test_sentences_lie_in_order_and_leave_out_only_blanks(text: str) -> None:
    spans = split_sentences(text)

    assert all(text[span.start : span.end] == span.text == span.text.strip() for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    kept = "".join(span.text for span in spans)
    assert "".join(kept.split()) == "".join(text.split())


def test_a_long_text_of_initials_is_split_in_time() -> None:
    assert len(sentences("A. " * 5000)) == 1


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("什么是注意力机制？", "zh"),
        ("What is attention?", "en"),
        ("LoRA 的 rank 是什么", "zh"),
        ("BM25 和 TF-IDF 有什么区别", "zh"),
        ("请解释 Attention Is All You Need 是什么", "zh"),
        ("BERT: Pre-training of Deep Bidirectional Transformers 讲了什么", "zh"),
        ("Attention Is All You Need 说，注意力给每个词元加权，不用循环。", "zh"),
        ("Keras 没有 keras.layers.Transformer；Transformer 用 MultiHeadAttention、Add 搭。", "zh"),
        ("What does 注意力 mean in a Transformer?", "en"),
        ("Who wrote 三体, and what is it about?", "en"),
        ("对数把乘积变成和：$\\ln(ab) = \\ln a + \\ln b$。", "zh"),
        ("How do I translate 梯度下降 into English?", "en"),
        ("transformer", "en"),
        ("BM25 缺点", "zh"),
        ("f(x) = 2", "en"),
        ("123 + 4", "en"),
        ("", "en"),
    ],
    ids=lambda value: value[:16] or "empty",
)
def test_frame_of_a_text_tells_its_language(text: str, language: Language) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Embeddings were embedded", ["embed", "embed"]),
        ("What is the model?", ["model"]),
        ("GPT-3 有 1750 亿参数", ["gpt", "3", "1750", "亿", "参数"]),
        ("ＢＭ２５　检索", ["bm25", "检索"]),
        ("a b c 的 了", []),
        ("90% of 1,000", ["90%", "1,000"]),
    ],
    ids="stems stop-words mixed full-width nothing figures".split(),
)
def test_content_words(text: str, expected: list[str]) -> None:
    assert content_words(text) == expected


def test_words_keep_what_content_words_leave_out() -> None:
    assert split_words("What is the model?") == ["what", "is", "the", "model"]


def test_long_chinese_words_are_found_by_their_parts() -> None:
    assert {"自然", "语言", "自然语言"} <= set(content_words("自然语言处理"))
