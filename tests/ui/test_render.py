import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assistant.records import Answer, Sentence
from tests.ui.samples import (
    ABSTAINED_ZH,
    ATTENTION_ZH,
    CODE_EN,
    COST_ZH,
    EXTRACTS_EN,
    HOSTILE_EN,
    LONG_ZH,
    LORA_EN,
    QUOTE_ZH,
    SHORT_EN,
    SHORT_ZH,
    hit,
)
from ui.labels import EN, ZH
from ui.render import (
    answer_markdown,
    document_link,
    draft_markdown,
    exported_conversation,
    lost_sentences,
    notices,
    page_number,
    passage_markdown,
    question_markdown,
    unsupported_spans,
    where,
    without_markers,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_each_marker_links_to_its_citation_and_unsupported_is_marked() -> None:
    assert answer_markdown(SHORT_ZH, "t1", ZH) == (
        "自注意力让每个词元关注其他词元[\\[1\\]](#cite-t1-1)。"
        ":orange-background[它由谷歌在 1999 年提出。] :orange-badge[材料未证实] "
        "代价是 $O(n^2)$[\\[2\\]](#cite-t1-2)。"
    )


def test_prices_of_an_answer_stay_prices() -> None:
    assert r"\$5 and \$6" in answer_markdown(SHORT_EN, "t1", EN)


def test_marker_without_citation_stays_text() -> None:
    assert r"\[9\]" in answer_markdown(HOSTILE_EN, "t1", EN)


@pytest.mark.parametrize(
    ("text", "sentence", "expected"),
    [
        ("好。**很 好**[1]。", "很好。", "很 好**[1]。"),
        ("1. 甲\n2. 乙[2]。", "2. 乙。", "2. 乙[2]。"),
        ("A b [1]. C d [2].", "C d.", "C d [2]."),
        ("甲。甲。", "甲。", "甲。"),
    ],
    ids=["markup", "list", "english", "first of two"],
)
def test_unsupported_sentence_is_found_despite_markup(
    text: str, sentence: str, expected: str
) -> None:
    answer = Answer(
        question="q",
        language="zh",
        text=text,
        abstained=False,
        mode="model",
        sentences=(Sentence(text=sentence),),
    )
    [(start, end)] = unsupported_spans(answer)
    assert text[start:end] == expected
    assert lost_sentences(answer) == []


def test_second_of_two_equal_sentences_is_marked_in_its_own_place() -> None:
    sentences = (Sentence(text="甲。", supported=True), Sentence(text="甲。"))
    answer = replace(SHORT_ZH, text="甲。甲。", sentences=sentences)
    assert unsupported_spans(answer) == [(2, 4)]


def test_what_is_no_claim_is_not_marked() -> None:
    answer = replace(SHORT_ZH, sentences=(Sentence(text="它由谷歌", is_claim=False),))
    assert unsupported_spans(answer) == []


def test_unsupported_sentence_that_is_not_in_the_text_is_named() -> None:
    answer = replace(SHORT_ZH, sentences=(Sentence(text="别的话。"),))
    assert unsupported_spans(answer) == []
    assert lost_sentences(answer) == ["别的话。"]


def test_draft_links_markers_to_what_was_found() -> None:
    assert draft_markdown("好[1]，坏[3]", "t1", 2) == "好[\\[1\\]](#cite-t1-1)，坏\\[3\\]"


def test_stopped_answer_links_markers_to_what_was_found() -> None:
    answer = replace(
        SHORT_ZH,
        text="好[2]",
        sentences=(),
        citations=(),
        nearest=(hit(LORA_EN),) * 2,
        stopped=True,
    )
    assert answer_markdown(answer, "t1", ZH) == "好[\\[2\\]](#cite-t1-2)"


def test_quoted_words_are_marked_between_formulas_and_bold() -> None:
    start = ATTENTION_ZH.text.index(QUOTE_ZH)
    written = passage_markdown(ATTENTION_ZH, ZH, (start, start + len(QUOTE_ZH)))
    assert written.startswith(f"**要点：**:yellow-background[{QUOTE_ZH}]，因此")
    assert "\n\n$$\n\\mathrm{Attention}" in written


def test_quote_over_table_rows_marks_each_cell() -> None:
    quote = "| 自注意力 | $O(n^2 d)$ |\n| 前馈层 | $O(n d^2)$ |"
    start = COST_ZH.text.index(quote)
    written = passage_markdown(COST_ZH, ZH, (start, start + len(quote)))
    assert written.splitlines()[-2:] == [
        "| :yellow-background[自注意力] | :yellow-background[$O(n^2 d)$] |",
        "| :yellow-background[前馈层] | :yellow-background[$O(n d^2)$] |",
    ]


@pytest.mark.parametrize("quote", [(-5, 3), (0, 10_000), (50_000, 60_000), (7, 7)])
def test_quote_outside_the_text_does_no_harm(quote: tuple[int, int]) -> None:
    written = passage_markdown(LORA_EN, EN, quote)
    bare = re.sub(r":yellow-background\[((?:\\.|:color\[\\.\]|[^\]])*)\]", r"\1", written)
    assert bare == passage_markdown(LORA_EN, EN)


def test_bare_code_is_shown_as_code_and_its_quote_labelled() -> None:
    start = CODE_EN.text.index("scores = ")
    written = passage_markdown(CODE_EN, EN, (start, start + 9))
    assert written == f":yellow-background[Quoted]\n\n```\n{CODE_EN.text}\n```"


def test_links_and_pictures_of_a_passage_are_text() -> None:
    written = passage_markdown(LORA_EN, EN)
    assert "](" not in written
    assert "the code \\(https:color[\\:]\\/\\/example\\.com\\/lora\\)" in written


def test_place_says_nothing_twice() -> None:
    assert where(ATTENTION_ZH) == "Transformer 架构 › 自注意力"
    assert where(replace(LORA_EN, title="", heading=())) == "papers/lora.pdf"


def test_page_is_named_in_the_language_of_the_interface() -> None:
    assert page_number(LORA_EN, ZH) == "第 4 页"
    assert page_number(LORA_EN, EN) == "page 4"
    assert page_number(COST_ZH, EN) == ""


def test_question_keeps_its_lines() -> None:
    assert question_markdown("a\nb <i>") == "a\\\nb \\<i\\>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("好[1]。坏 [2, 3].", "好。坏."), ("甲【1】", "甲"), ("x[a] [1234]", "x[a] [1234]")],
)
def test_markers_are_taken_out(text: str, expected: str) -> None:
    assert without_markers(text) == expected


def test_document_link_names_passage_and_words() -> None:
    assert document_link(COST_ZH, "zh", (3, 9)) == (
        "document?source=zh%2F03-transformer.md&passage=p-zh-cost&lang=zh&from=3&to=9"
    )


def test_notices_name_what_a_reader_must_know() -> None:
    assert notices(EXTRACTS_EN, EN) == [EXTRACTS_EN.notice]
    assert notices(replace(EXTRACTS_EN, notice=""), EN) == [EN.extracts]
    assert notices(replace(SHORT_ZH, dropped_markers=(7, 7, 8)), ZH) == [
        "模型给出了 2 个不存在的出处编号，已去掉。"
    ]
    assert notices(replace(SHORT_ZH, stopped=True), ZH) == [ZH.stopped]
    assert notices(replace(SHORT_ZH, stopped=True, text=""), ZH) == [ZH.stopped_empty]


def test_export_has_questions_answers_and_what_they_rest_on() -> None:
    text = exported_conversation(
        "注意力", [(SHORT_ZH.question, SHORT_ZH), ("还没有回答的?", None)], ZH, NOON
    )
    assert text == (
        "# 注意力\n\n"
        "*导出于 2026-11-22。方括号里的编号对应每个回答后列出的出处。*\n\n"
        "## 什么是自注意力?\n\n"
        "自注意力让每个词元关注其他词元[1]。它由谷歌在 1999 年提出。 *(⚠ 材料未证实)*"
        "代价是 $O(n^2)$[2]。\n\n"
        "**出处**\n\n"
        "- [1] Transformer 架构 › 自注意力 · zh/03-transformer.md\n\n"
        f"  > {QUOTE_ZH}\n\n"
        "- [2] Transformer 架构 › 计算代价 · zh/03-transformer.md\n\n"
        "  > 计算量随序列长度 $n$ 按 $O(n^2)$ 增长\n\n"
        "## 还没有回答的?\n"
    )


def test_export_of_an_abstention_names_the_nearest() -> None:
    text = exported_conversation("t", [("q", ABSTAINED_ZH)], EN, NOON)
    assert "**Nearest materials**\n\n- Transformer 架构 › 计算代价 · zh/03-transformer.md\n" in text
    assert "- LoRA: Low-Rank Adaptation › 4 Method · page 4 · papers/lora.pdf" in text


def test_export_keeps_code_table_and_formula_and_nothing_alive() -> None:
    text = exported_conversation("t", [("q", LONG_ZH), ("h", HOSTILE_EN)], EN, NOON)
    assert "### 注意力的计算" in text
    assert "# x[1] is not a citation" in text
    assert "| BERT-base | 12 |" in text
    assert "\\<img src=x onerror=alert(1)\\>" in text
    assert "](" not in text.replace("`a|[b](http://evil.example)`", "")
