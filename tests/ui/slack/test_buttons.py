"""The buttons under an answer, pressed over HTTP."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.gaps import Gaps
from tests.ui.samples import ABSTAINED_ZH
from tests.ui.slack.conftest import RunBot, all_text, is_answered, wait_for
from tests.ui.slack.made_assistant import MadeAssistant
from tests.ui.slack.stand_in import Fault, StandIn, action, event, post
from ui.conversations import CONVERSATIONS_FILE, Conversations

EN = "<@UBOT> What does LoRA freeze?"


def turn_of(slack: StandIn, channel: str = "C1") -> str:
    """Return the value of the buttons under the answer in `channel`."""
    wait_for(lambda: any(map(is_answered, slack.said(channel))))
    (message,) = slack.said(channel)
    (actions,) = [block for block in message["blocks"] if block["type"] == "actions"]
    return str(actions["elements"][0]["value"])


def reply_url(slack: StandIn) -> str:
    return slack.url.replace("/api/", "/reply/button")


def test_sources_open_in_a_view(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        pressed = action("study_sources", turn_of(slack), reply_url=reply_url(slack))
        assert post(bot.url, pressed, is_form=True)[0] == 200
        wait_for(lambda: slack.called("views.open"))
    (opened,) = slack.called("views.open")
    assert opened.arguments["trigger_id"] == pressed["trigger_id"]
    assert "> LoRA freezes the pretrained weights" in all_text(opened.arguments)


def test_sources_open_after_a_restart(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        turn_id = turn_of(slack)
    with run_bot() as bot:
        post(bot.url, action("study_sources", turn_id, reply_url=reply_url(slack)), is_form=True)
        wait_for(lambda: slack.called("views.open"))


@pytest.mark.parametrize(
    ("button", "thumb"), [("study_helpful", "up"), ("study_unhelpful", "down")]
)
def test_opinion_is_kept(
    slack: StandIn, run_bot: RunBot, store: Conversations, button: str, thumb: str
) -> None:
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        turn_id = turn_of(slack)
        post(bot.url, action(button, turn_id, reply_url=reply_url(slack)), is_form=True)
        wait_for(lambda: slack.replies["button"])
    assert store.feedback(turn_id, "U1").value == thumb
    assert store.feedback(turn_id, "U2").value is None
    (reply,) = slack.replies["button"]
    assert reply["text"] == "Thank you, noted."
    assert reply["response_type"] == "ephemeral"
    assert reply["replace_original"] is False


def test_dislike_is_a_gap_until_it_is_thought_better_of(
    slack: StandIn, run_bot: RunBot, gaps: Gaps
) -> None:
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        turn_id = turn_of(slack)
        for button, n_gaps in [
            ("study_unhelpful", 1),
            ("study_unhelpful", 1),
            ("study_helpful", 0),
        ]:
            slack.replies["button"].clear()
            post(bot.url, action(button, turn_id, reply_url=reply_url(slack)), is_form=True)
            wait_for(lambda: slack.replies["button"])
            assert len(gaps.all()) == n_gaps


def test_each_reader_of_a_channel_has_an_opinion(
    slack: StandIn, run_bot: RunBot, gaps: Gaps
) -> None:
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        turn_id = turn_of(slack)
        for user, button, n_gaps in [
            ("U1", "study_unhelpful", 1),
            ("U2", "study_helpful", 1),
            ("U3", "study_unhelpful", 2),
            ("U1", "study_helpful", 1),
        ]:
            slack.replies["button"].clear()
            pressed = action(button, turn_id, reply_url=reply_url(slack), user={"id": user})
            post(bot.url, pressed, is_form=True)
            wait_for(lambda: slack.replies["button"])
            assert len(gaps.all()) == n_gaps


def test_question_that_the_materials_cannot_answer_is_a_gap_without_a_name(
    slack: StandIn, run_bot: RunBot, gaps: Gaps
) -> None:
    with run_bot(MadeAssistant(answer=lambda question: ABSTAINED_ZH)) as bot:
        post(bot.url, event(text="<@UBOT> 食堂几点开门？"))
        wait_for(lambda: slack.said("C1") and gaps.all())
    (gap,) = gaps.all()
    assert (gap.kind, gap.channel, gap.asker) == ("unanswered", "slack", "")


def test_question_goes_to_the_content_owner_once(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot(content_owner="COWNER") as bot:
        post(bot.url, event(text=EN))
        turn_id, container = turn_of(slack), {"message_ts": slack.said("C1")[0]["ts"]}
        pressed = action(
            "study_ask_owner", turn_id, reply_url=reply_url(slack), container=container
        )
        for _ in range(2):
            post(bot.url, pressed, is_form=True)
        wait_for(lambda: len(slack.replies["button"]) == 2)
    (passed,) = slack.said("COWNER")
    assert passed["text"] == (
        "<@U1> asks the owner of the materials: <https://stand-in.slack.test/C1|↗>"
        "\n\n> What does LoRA freeze?"
    )
    assert {reply["text"] for reply in slack.replies["button"]} == {
        "Passed on to the content owner."
    }


def test_question_that_cannot_be_passed_on_is_told_with_an_id(
    slack: StandIn, run_bot: RunBot
) -> None:
    slack.closed_channels.add("COWNER")
    with run_bot(content_owner="COWNER") as bot:
        post(bot.url, event(text=EN))
        pressed = action("study_ask_owner", turn_of(slack), reply_url=reply_url(slack))
        post(bot.url, pressed, is_form=True)
        wait_for(lambda: slack.replies["button"])
    assert "could not be passed on" in slack.replies["button"][0]["text"]


@pytest.mark.parametrize("channel", ["C1", "C9"], ids=["unknown answer", "other channel"])
def test_answer_of_another_channel_is_not_shown(
    slack: StandIn, run_bot: RunBot, channel: str
) -> None:
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        value = turn_of(slack) if channel == "C9" else "0123456789abcdef"
        pressed = action("study_sources", value, channel=channel, reply_url=reply_url(slack))
        post(bot.url, pressed, is_form=True)
        wait_for(lambda: slack.replies["button"])
    assert "no longer on record" in slack.replies["button"][0]["text"]
    assert slack.called("views.open") == []


def test_sources_stand_below_the_answer_where_no_view_can_be_opened(
    slack: StandIn, run_bot: RunBot
) -> None:
    slack.fail("views.open", Fault(error="expired_trigger_id"))
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        pressed = action("study_sources", turn_of(slack), reply_url=reply_url(slack))
        assert post(bot.url, pressed, is_form=True)[0] == 200
        wait_for(lambda: slack.replies["button"])
    (reply,) = slack.replies["button"]
    assert "> LoRA freezes the pretrained weights" in all_text(reply)
    assert reply["response_type"] == "ephemeral"


def test_button_that_fails_says_so_with_an_id(
    slack: StandIn, run_bot: RunBot, tmp_path: Path
) -> None:
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        pressed = action("study_helpful", turn_of(slack), reply_url=reply_url(slack))
        with closing(sqlite3.connect(tmp_path / CONVERSATIONS_FILE)) as connection:
            connection.execute("DROP TABLE conversations")
        post(bot.url, pressed, is_form=True)
        wait_for(lambda: slack.replies["button"])
    assert "That did not work" in slack.replies["button"][0]["text"]


def test_link_button_is_acknowledged(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot(web_url="https://study.example.com") as bot:
        pressed = action("study_open_page", "t", reply_url=reply_url(slack))
        assert post(bot.url, pressed, is_form=True)[0] == 200
