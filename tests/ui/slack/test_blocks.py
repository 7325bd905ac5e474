"""Answers and their sources as blocks."""

import json
from dataclasses import replace
from typing import Any

import pytest

from assistant.records import EVERYONE, Answer, Hit, Sentence
from tests.ui.samples import ATTENTION_ZH, LORA_EN
from tests.ui.slack.conftest import all_text
from tests.ui.slack.made_assistant import made_answer
from ui.slack_blocks import (
    MAX_MESSAGE_CHARS,
    MAX_TEXT_CHARS,
    Offers,
    answer_messages,
    draft_message,
    passed_question,
    sources_view,
)
from ui.slack_labels import EN, ZH, SlackLabels, duration
from ui.slack_records import Message

ALL_OFFERS = Offers(web_url="https://study.example.com/", has_content_owner=True)
ZH_QUESTION, EN_QUESTION = "什么是自注意力？", "What does LoRA freeze?"


def buttons(message: Message) -> list[str]:
    (actions,) = [block for block in message.blocks if block["type"] == "actions"]
    return [each["text"]["text"] for each in actions["elements"]]


def text_of(message: Message) -> str:
    return all_text({"blocks": list(message.blocks)})


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (ZH_QUESTION, ["出处（1）", "👍 有帮助", "👎 没有帮助", "请教材料负责人", "在网页中查看"]),
        (
            EN_QUESTION,
            [
                "Sources (1)",
                "👍 Helpful",
                "👎 Not helpful",
                "Ask the content owner",
                "Open in the web page",
            ],
        ),
    ],
)
def test_labels_follow_the_question(question: str, expected: list[str]) -> None:
    (message,) = answer_messages(made_answer(question), "t1", ALL_OFFERS)
    assert buttons(message) == expected


def test_buttons_that_lead_nowhere_are_left_out() -> None:
    (message,) = answer_messages(made_answer(EN_QUESTION), "t1", Offers())
    assert buttons(message) == ["Sources (1)", "👍 Helpful", "👎 Not helpful"]


def test_sources_are_numbered_with_title_and_heading() -> None:
    (message,) = answer_messages(made_answer(EN_QUESTION), "t1", Offers())
    assert "[1] LoRA: Low-Rank Adaptation › 4 Method · page 4" in text_of(message)
    assert message.text.endswith("\n\n[1] LoRA: Low-Rank Adaptation › 4 Method · page 4")


def test_unsupported_sentence_is_marked() -> None:
    answer = made_answer(EN_QUESTION)
    text = answer.text + " It was made on Mars."
    sentence = Sentence(text="It was made on Mars.")
    answer = replace(answer, text=text, sentences=(*answer.sentences, sentence))
    (message,) = answer_messages(answer, "t1", Offers())
    assert "It was made on Mars. _(⚠ unsupported)_" in message.text


def test_abstention_shows_the_nearest_reading() -> None:
    answer = Answer(
        question=EN_QUESTION,
        language="en",
        text="The materials don't say. The nearest passages are listed below.",
        abstained=True,
        mode="refusal",
        nearest=(Hit(passage=LORA_EN, score=0.5, best_sentence="LoRA freezes the weights."),),
    )
    (message,) = answer_messages(answer, "t1", Offers())
    assert message.text.startswith("*The materials don't say*")
    assert "• LoRA: Low-Rank Adaptation › 4 Method · page 4" in message.text
    assert buttons(message)[0] == "Nearest materials (1)"
    assert "> LoRA freezes the weights." in all_text(sources_view(answer, EVERYONE, Offers()))


def test_extracts_say_that_the_model_is_away() -> None:
    answer = replace(made_answer(ZH_QUESTION), mode="extracts", model=None)
    (message,) = answer_messages(answer, "t1", Offers())
    assert "模型尚未就绪" in text_of(message)


def test_long_answer_takes_several_messages_and_the_last_has_the_buttons() -> None:
    long = " ".join(f"This is sentence number {n} of a long answer." for n in range(600))
    messages = answer_messages(replace(made_answer(EN_QUESTION), text=long), "t1", Offers())
    assert len(messages) > 1
    for message in messages:
        sections = [block for block in message.blocks if block["type"] == "section"]
        assert all(len(section["text"]["text"]) <= 3000 for section in sections)
        assert sum(len(section["text"]["text"]) for section in sections) <= MAX_MESSAGE_CHARS
        assert len(message.text) <= MAX_TEXT_CHARS
        assert len(message.blocks) <= 50
    assert [any(b["type"] == "actions" for b in each.blocks) for each in messages] == [
        *[False] * (len(messages) - 1),
        True,
    ]
    shown = " ".join(text_of(message) for message in messages)
    assert all(f"sentence number {n} of" in shown for n in range(600))


def test_modal_shows_quotes_and_links_to_the_page() -> None:
    view = sources_view(made_answer(ZH_QUESTION), EVERYONE, ALL_OFFERS)
    shown = all_text(view)
    assert "自注意力让每个词元都能看到序列中的其他词元" in shown
    assert "<https://study.example.com/document?source=zh%2F03-transformer.md&" in shown
    assert len(view["title"]["text"]) <= 24


def test_modal_hides_what_its_reader_may_not_see() -> None:
    answer = made_answer(EN_QUESTION)
    (citation,) = answer.citations
    hidden = replace(citation, passage=replace(LORA_EN, audience="managers"))
    answer = replace(answer, citations=(hidden,))
    assert "freezes" not in all_text(sources_view(answer, EVERYONE, ALL_OFFERS))
    seen = all_text(sources_view(answer, EVERYONE | {"managers"}, ALL_OFFERS))
    assert "freezes" in seen
    assert "document?" not in seen  # the page shows it to nobody


@pytest.mark.parametrize("field", ["title", "heading", "text", "source"])
def test_nothing_of_a_document_calls_people(field: str) -> None:
    evil = "<!channel> <@U1> <https://evil.example|x>"
    value = (evil,) if field == "heading" else evil
    changes: Any = {field: value}
    passage = replace(ATTENTION_ZH, **changes)
    (citation,) = made_answer(ZH_QUESTION).citations
    cited = replace(citation, passage=passage, quote=evil if field == "text" else "x")
    answer = replace(made_answer(ZH_QUESTION), text=f"{evil} [1]", citations=(cited,))
    shown = json.dumps(
        [
            [message.text, message.blocks]
            for message in (*answer_messages(answer, "t", Offers()), draft_message(evil, "en"))
        ]
        + [sources_view(answer, EVERYONE, Offers()), passed_question(evil, "U9", "", "en").blocks]
    )
    assert shown.count("<") == shown.count("<@U9>") == 1


def test_texts_are_verbatim_so_that_words_make_no_links() -> None:
    (message,) = answer_messages(made_answer(EN_QUESTION), "t1", ALL_OFFERS)
    texts = [block["text"] for block in message.blocks if block["type"] == "section"]
    assert texts
    assert all(each["verbatim"] for each in texts)


def test_draft_shows_its_end() -> None:
    draft = draft_message("A word. " * 3000, "en")
    assert sum(len(json.dumps(block)) for block in draft.blocks) < 8000
    assert draft_message("", "zh").text == "_正在写回答，写完后逐句核对……_"


@pytest.mark.parametrize(
    ("seconds", "labels", "expected"),
    [(3, EN, "10 seconds"), (41, ZH, "50 秒"), (61, EN, "2 minutes"), (600, ZH, "10 分钟")],
)
def test_waiting_time_is_told_in_round_numbers(
    seconds: float, labels: SlackLabels, expected: str
) -> None:
    assert duration(seconds, labels) == expected
