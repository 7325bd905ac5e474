"""The page as Streamlit draws it, over a fake assistant: what is shown, and what clicks do."""

import time
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from assistant.errors import IndexMissing, IndexStale, ModelTimeout
from assistant.records import Answer
from tests.fakes import FakeAssistant, FakeStatus
from tests.ui.conftest import TIMEOUT_S, Draw
from tests.ui.samples import (
    ABSTAINED_ZH,
    ATTENTION_ZH,
    EXTRACTS_EN,
    HOSTILE_EN,
    LORA_EN,
    PASSAGES,
    QUOTE_ZH,
    SHORT_EN,
    SHORT_ZH,
    events,
    hit,
    replies,
)
from ui import resources
from ui.conversations import Feedback
from ui.labels import EN, ZH
from ui.render import label


def shown(page: AppTest) -> str:
    """Return all text of the page: Markdown, captions and boxes."""
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.code]
    return "\n".join(str(part.value) for part in parts)


def buttons(page: AppTest) -> dict[str, str]:
    """Return the labels of the buttons by their keys."""
    return {str(button.key): button.label for button in page.button}


def ask(page: AppTest, question: str) -> AppTest:
    """Ask, and return the page once the answer is finished."""
    page.chat_input[0].set_value(question).run()
    deadline = time.monotonic() + 10
    while resources.jobs().running():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return page.run()


@pytest.fixture
def fake() -> FakeAssistant:
    return FakeAssistant(
        replies(),
        passages=PASSAGES,
        first_questions=("什么是自注意力?", "$5 <b> 吗?"),
        next_questions=("那代价呢?",),
    )


def test_empty_conversation_offers_questions_that_a_click_asks(
    draw: Draw, fake: FakeAssistant
) -> None:
    page = draw(fake)
    page.query_params["lang"] = "zh"
    page.run()
    assert not page.exception
    assert ZH.welcome_text in shown(page).replace("\\", "")
    assert buttons(page)["first-1"] == r"\$5 \<b\> 吗\?"
    page.button(key="first-0").click().run()
    assert fake.asked == [("什么是自注意力?", ())]
    assert "c" in page.query_params


def test_answer_is_drawn_with_sources_marks_and_next_questions(
    draw: Draw, fake: FakeAssistant
) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    assert not page.exception
    text = shown(page)
    assert ":orange-background[它由谷歌在 1999 年提出。]" in text
    assert label(EN.unsupported_note) in text
    labels = buttons(page).values()
    assert r"\[1\] Transformer 架构 › 自注意力" in labels
    assert "那代价呢\\?" in labels
    assert "fake\\-model · 2\\.9 s" in text


def test_source_opens_its_passage_with_the_quote_until_it_is_closed(
    draw: Draw, fake: FakeAssistant
) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    source = next(key for key in buttons(page) if key.startswith("source-") and key.endswith("-1"))
    page.button(key=source).click().run()
    assert f":yellow-background[{QUOTE_ZH}]" in shown(page)
    assert "zh\\/03\\-transformer\\.md" in shown(page)
    page.run()
    assert f":yellow-background[{QUOTE_ZH}]" in shown(page)


def test_follow_up_carries_the_conversation_without_markers(
    draw: Draw, fake: FakeAssistant
) -> None:
    page = ask(draw(fake).run(), SHORT_EN.question)
    ask(page, EXTRACTS_EN.question)
    [earlier] = fake.asked[1][1]
    assert earlier.question == SHORT_EN.question
    assert "[1]" not in earlier.answer
    assert earlier.answer.startswith("LoRA freezes the pretrained weights.")


def test_abstention_says_so_and_shows_the_nearest(draw: Draw, fake: FakeAssistant) -> None:
    page = ask(draw(fake).run(), ABSTAINED_ZH.question)
    assert label(EN.abstained) in shown(page)
    assert "LoRA\\: Low\\-Rank Adaptation › 4 Method" in buttons(page).values()


def test_without_a_model_the_state_and_the_answer_say_so(draw: Draw) -> None:
    fake = FakeAssistant(replies(), status=FakeStatus(model_ready=False, model=None, engine=None))
    page = ask(draw(fake).run(), EXTRACTS_EN.question)
    assert label(EN.model_waiting_note) in shown(page)
    assert label(EXTRACTS_EN.notice) in shown(page)
    assert label("without the model") in shown(page)


def test_nothing_hostile_gets_through(draw: Draw, fake: FakeAssistant) -> None:
    page = ask(draw(fake).run(), HOSTILE_EN.question)
    text = shown(page)
    assert "<script>" not in text.replace("\\<script\\>", "")
    links = text.count("](") - text.count("](#cite-")
    assert links == text.count("`a|[b](http://evil.example)`")
    assert not any(element.allow_html for element in page.markdown)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (IndexMissing("No index in x.", hint="h"), EN.failures["IndexMissing"]),
        (IndexStale("Other settings.", hint="h"), EN.failures["IndexStale"]),
    ],
)
def test_without_an_index_the_page_says_how_to_make_one(
    draw: Draw, error: Exception, sentence: str
) -> None:
    page = draw(error).run()
    assert not page.exception
    assert page.error[0].value == label(sentence)
    assert "study ingest" in page.code[0].value
    assert page.chat_input[0].proto.disabled


def test_page_is_usable_once_the_index_is_there_without_a_restart(
    draw: Draw, fake: FakeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = draw(IndexMissing("No index.")).run()
    monkeypatch.setattr(resources, "build_assistant", lambda settings: fake)
    page.run()
    assert not page.error
    assert not page.chat_input[0].proto.disabled


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (FakeStatus(n_passages=0, n_sources=0), ZH.index_empty),
        (FakeStatus(index_ready=False, message="It is damaged."), ZH.index_missing),
    ],
)
def test_empty_or_unusable_index_takes_no_questions(
    draw: Draw, status: FakeStatus, sentence: str
) -> None:
    page = draw(FakeAssistant(status=status))
    page.query_params["lang"] = "zh"
    page.run()
    assert page.info[0].value == label(sentence)
    assert label(status.message) in shown(page)
    assert page.chat_input[0].proto.disabled


def test_language_is_switched_and_stays_in_the_address(draw: Draw, fake: FakeAssistant) -> None:
    page = draw(fake).run()
    assert label(EN.welcome_title) in shown(page)
    switch = page.segmented_control(key="language-switch")
    switch.set_value("zh").run()
    assert ZH.welcome_title in shown(page).replace("\\", "")
    assert page.query_params["lang"] == "zh"


def test_failed_answer_says_why_and_can_be_asked_again(draw: Draw, fake: FakeAssistant) -> None:
    fake.replies[SHORT_EN.question] = ModelTimeout("No word for 120 s.", hint="Try later.")
    page = ask(draw(fake).run(), SHORT_EN.question)
    assert page.error[0].value == label(EN.failures["ModelTimeout"])
    assert "Try later\\." in shown(page)
    fake.replies[SHORT_EN.question] = events(SHORT_EN, [hit(LORA_EN)])
    again = next(key for key in buttons(page) if key.startswith("again-"))
    page.button(key=again).click().run()
    page = settled(page)
    assert not page.error
    assert len(page.chat_message) == 2


def settled(page: AppTest) -> AppTest:
    """Return the page once nothing is being written."""
    deadline = time.monotonic() + 10
    while resources.jobs().running():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return page.run()


def test_unforeseen_error_shows_an_id_and_never_its_text(
    draw: Draw, fake: FakeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(language: str) -> tuple[str, ...]:
        raise RuntimeError("secret path /etc/x")

    monkeypatch.setattr(fake, "suggest", explode)
    page = draw(fake).run()
    assert not page.exception
    assert "it is in the log as" in page.error[0].value
    assert "secret" not in shown(page)


def test_answer_being_written_is_drawn_and_can_be_stopped(draw: Draw, fake: FakeAssistant) -> None:
    fake.go_on.clear()
    page = draw(fake).run()
    page.chat_input[0].set_value(SHORT_ZH.question).run()
    deadline = time.monotonic() + 5
    while "代价" not in shown(page):
        assert time.monotonic() < deadline
        page.run()
    assert label(EN.writing) in shown(page)
    assert label(EN.found) in shown(page)
    assert page.chat_input[0].proto.disabled
    stop = next(key for key in buttons(page) if key.startswith("stop-"))
    page.button(key=stop).click().run()
    page.run()
    assert page.info[0].value == label(EN.stopped)
    assert "自注意力让每个词元关注其他词元" in shown(page)
    assert any(key.startswith("again-") for key in buttons(page))
    fake.go_on.set()


def test_reload_finds_the_answer_that_is_being_written(draw: Draw, fake: FakeAssistant) -> None:
    fake.go_on.clear()
    page = draw(fake).run()
    page.chat_input[0].set_value(SHORT_ZH.question).run()
    again = AppTest.from_file(page._script_path, default_timeout=TIMEOUT_S)
    again.session_state["owner"] = page.session_state["owner"]  # as its cookie would say
    again.query_params["c"] = page.query_params["c"]
    again.run()
    assert any(key.startswith("stop-") for key in buttons(again))
    fake.go_on.set()
    assert "fake\\-model" in shown(settled(again))


def test_answer_that_is_kept_but_whose_job_still_tidies_up_leaves_the_page_usable(
    draw: Draw, fake: FakeAssistant
) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    [turn] = resources.conversations().turns(page.query_params["c"])
    fake.go_on.clear()
    resources.jobs().start(fake, turn)
    page.run()
    assert not page.chat_input[0].proto.disabled
    assert "fake\\-model" in shown(page)
    fake.go_on.set()


def test_turn_left_by_another_process_is_said_to_be_unfinished(
    draw: Draw, fake: FakeAssistant
) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    [turn] = resources.conversations().turns(page.query_params["c"])
    resources.conversations().begin_again(turn.turn_id)
    page.run()
    assert page.warning[0].value == label(EN.interrupted)
    assert any(key.startswith("again-") for key in buttons(page))


def test_conversation_of_another_browser_is_not_shown(draw: Draw, fake: FakeAssistant) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    other = AppTest.from_file(page._script_path, default_timeout=TIMEOUT_S)
    other.query_params["c"] = page.query_params["c"]
    other.run()
    assert len(other.chat_message) == 0
    assert "c" not in other.query_params


def test_conversation_is_renamed_and_deleted(draw: Draw, fake: FakeAssistant) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    page.text_input[0].set_value("我的笔记 *1*")
    next(each for each in page.button if each.label == EN.rename).click().run()
    assert "**我的笔记 \\*1\\***" in buttons(page).values()
    page.toggle[0].set_value(True).run()
    delete = next(key for key in buttons(page) if key.startswith("really-delete-"))
    page.button(key=delete).click().run()
    assert len(page.chat_message) == 0
    assert not any(key.startswith("conversation-") for key in buttons(page))


def test_new_conversation_and_back(draw: Draw, fake: FakeAssistant) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    page.button(key="new-conversation").click().run()
    assert len(page.chat_message) == 0
    old = next(key for key in buttons(page) if key.startswith("conversation-"))
    page.button(key=old).click().run()
    assert len(page.chat_message) == 2


def test_thumb_and_comment_are_kept(draw: Draw, fake: FakeAssistant) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    [turn] = resources.conversations().turns(page.query_params["c"])
    page.feedback[0].set_value(0).run()
    page.text_area[0].set_value(" 编号不对 ")
    next(each for each in page.button if each.label == EN.send).click().run()
    assert resources.conversations().feedback(turn.turn_id) == Feedback(
        value="down", comment="编号不对"
    )
    page.feedback[0].set_value(1).run()
    assert resources.conversations().feedback(turn.turn_id) == Feedback(
        value="up", comment="编号不对"
    )


def test_dislike_is_a_gap_until_its_reader_thinks_better(draw: Draw, fake: FakeAssistant) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    page.feedback[0].set_value(0).run()
    page.text_area[0].set_value("编号不对")
    next(each for each in page.button if each.label == EN.send).click().run()
    [gap] = resources.gaps().all()
    assert (gap.kind, gap.question, gap.comment) == ("disliked", SHORT_ZH.question, "编号不对")
    page.feedback[0].set_value(1).run()
    assert resources.gaps().all() == ()


def draw_document() -> None:
    from ui.page_views import document

    document.draw()


def document(draw: Draw, fake: FakeAssistant, **query: str) -> AppTest:
    draw(fake)
    page = AppTest.from_function(draw_document, default_timeout=TIMEOUT_S)
    page.query_params.update(query)
    return page.run()


def test_document_shows_its_passages_with_the_cited_words_marked(
    draw: Draw, fake: FakeAssistant
) -> None:
    start = ATTENTION_ZH.text.index(QUOTE_ZH)
    page = document(
        draw,
        fake,
        source=ATTENTION_ZH.source,
        passage=ATTENTION_ZH.passage_id,
        **{"from": str(start), "to": str(start + len(QUOTE_ZH))},
    )
    assert not page.exception
    text = shown(page)
    assert f":yellow-background[{QUOTE_ZH}]" in text
    assert text.index("自注意力让每个") < text.index("前馈层")
    assert label(EN.cited_here) in text


def test_document_that_is_gone_or_changed_is_said_to_be_so(draw: Draw, fake: FakeAssistant) -> None:
    gone = document(draw, fake, source="zh/<b>.md")
    assert gone.warning[0].value.startswith("zh\\/\\<b\\>\\.md is not among")
    changed = document(
        draw, fake, source=LORA_EN.source, passage="old", **{"from": "x", "to": "-1"}
    )
    assert changed.warning[0].value == label(EN.passage_gone)
    assert "LoRA freezes" in shown(changed)
    assert document(draw, fake).info[0].value == label(EN.no_source_asked)


def test_document_of_another_audience_is_not_shown(draw: Draw) -> None:
    secret = replace(LORA_EN, audience="board")
    page = document(draw, FakeAssistant(passages=[secret]), source=LORA_EN.source)
    assert "LoRA freezes" not in shown(page)
    assert page.warning


def test_long_document_opens_at_the_cited_passage(draw: Draw) -> None:
    passages = [
        replace(LORA_EN, passage_id=f"p{n}", position=n, text=f"Passage number {n}.")
        for n in range(100)
    ]
    page = document(draw, FakeAssistant(passages=passages), source=LORA_EN.source, passage="p55")
    assert "Passage number 55" in shown(page)
    assert "Passage number 39" not in shown(page)
    assert "Passage number 80" not in shown(page)


def test_stopped_before_anything_was_written_is_said(draw: Draw, fake: FakeAssistant) -> None:
    page = ask(draw(fake).run(), SHORT_ZH.question)
    [turn] = resources.conversations().turns(page.query_params["c"])
    resources.conversations().begin_again(turn.turn_id)
    empty = Answer(
        question="q", language="en", text="", abstained=False, mode="model", stopped=True
    )
    resources.conversations().settle(turn.turn_id, "stopped", answer=empty)
    page.run()
    assert page.info[0].value == label(EN.stopped_empty)
