"""Answers as text for a terminal."""

from dataclasses import replace

from assistant.records import Answer, Citation, Hit, Passage, Sentence
from ui.answer_text import answer_text, hits_text
from ui.labels import EN, ZH

PASSAGE = Passage(
    passage_id="p1",
    source="en/moon.pdf",
    title="The Moon",
    heading=("The Moon", "Craters"),
    text="Tycho is 86 km wide.\nIt is young.",
    language="en",
    page=3,
)
ANSWER = Answer(
    question="How wide is Tycho?",
    language="en",
    text="Tycho is 86 km wide [1]. It glows green.",
    abstained=False,
    mode="model",
    sentences=(
        Sentence(text="Tycho is 86 km wide.", citations=(1,), support=0.9, supported=True),
        Sentence(text="It glows green.", support=0.1),
    ),
    citations=(
        Citation(
            number=1, passage=PASSAGE, quote="Tycho is 86 km wide.", start_char=0, end_char=20
        ),
    ),
    model="tiny",
    timings_ms={"total": 2345.0},
)


def test_the_whole_answer() -> None:
    assert answer_text(ANSWER).plain == (
        "Tycho is 86 km wide [1]. It glows green. (⚠ unsupported)\n"
        "\n"
        "Sources\n"
        "[1] The Moon › Craters · page 3 · en/moon.pdf\n"
        "    “Tycho is 86 km wide.”\n"
        "\n"
        "tiny · 2.3 s"
    )


def test_an_abstention_names_the_nearest_materials() -> None:
    hit = Hit(passage=PASSAGE, score=0.3, best_sentence="It is young.")
    answer = Answer(
        question="谁去过第谷?",
        language="zh",
        text="材料中没有说明这一点。",
        abstained=True,
        mode="refusal",
        nearest=(hit,),
    )
    assert answer_text(answer).plain == (
        "材料中没有说明这一点。\n"
        "\n"
        "最接近的材料\n"
        "- The Moon › Craters · 第 3 页 · en/moon.pdf\n"
        "    “It is young.”\n"
        "\n"
        "未使用模型 · 0.0 秒"
    )


def test_a_notice_comes_first() -> None:
    text = answer_text(replace(ANSWER, notice="The model broke off.")).plain
    assert text.startswith("The model broke off.\n\nTycho")


def test_an_unsupported_sentence_that_is_not_in_the_text_is_listed() -> None:
    text = answer_text(replace(ANSWER, text="Tycho is 86 km wide [1].")).plain
    assert "⚠ Also unsupported:\n- It glows green.\n" in text


def test_nothing_of_a_document_steers_the_terminal() -> None:
    hostile = replace(PASSAGE, title="\x1b]0;owned\x07", source="a\x1b[2Jb")
    citation = replace(ANSWER.citations[0], passage=hostile, quote="x\x1b[31m\r\ny")
    text = answer_text(replace(ANSWER, text="hi\x1b[5m [1]", citations=(citation,))).plain
    assert "\x1b" not in text
    assert "\x07" not in text


def test_hits_are_numbered_and_their_sentence_is_one_line() -> None:
    hits = (
        Hit(passage=PASSAGE, score=0.876, best_sentence="Tycho is 86 km wide.\nIt is young."),
        Hit(passage=replace(PASSAGE, page=None), score=0.5),
    )
    assert hits_text(hits, EN).plain == (
        "1. The Moon › Craters · page 3 · en/moon.pdf  (0.88)\n"
        "    “Tycho is 86 km wide. It is young.”\n"
        "2. The Moon › Craters · en/moon.pdf  (0.50)\n"
        "    “Tycho is 86 km wide. It is young.”"
    )
    assert hits_text((), ZH).plain == ZH.no_nearest
