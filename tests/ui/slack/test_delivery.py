"""Answers at their place, once, also where Slack refuses or understands less than usual."""

import json
import urllib.request
from dataclasses import replace
from typing import Any

import pytest

from assistant.records import Answer
from tests.ui.slack.conftest import RunBot, all_text, is_answered, wait_for
from tests.ui.slack.made_assistant import MadeAssistant, made_answer
from tests.ui.slack.stand_in import Fault, Json, StandIn, event, post
from ui.slack_outbox import Outbox

EN = "<@UBOT> What does LoRA freeze?"


def n_answered(slack: StandIn, channel: str = "C1") -> int:
    return sum(map(is_answered, slack.said(channel)))


def long_answer(question: str) -> Answer:
    """Return an answer that takes several messages."""
    text = " ".join(f"This is sentence number {n} of a long answer." for n in range(600))
    return replace(made_answer(question), text=text)


def command(slack: StandIn, **fields: Any) -> Json:
    asked = {"command": "/study", "text": "ask What does LoRA freeze?", "team_id": "T1"}
    place = {"channel_id": "C1", "user_id": "U1", "trigger_id": "t-1"}
    return {**asked, **place, "response_url": slack.url.replace("/api/", "/reply/r"), **fields}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(error="unknown_method"),
        Fault(status=404, body="<html>Not found</html>"),
        Fault(body="<html>Sign in first</html>"),
        Fault(body="[]"),
        Fault(body='"ok"'),
    ],
    ids=["unknown", "404", "page", "list", "text"],
)
def test_update_that_is_refused_is_posted_anew_in_its_thread(
    slack: StandIn, run_bot: RunBot, fault: Fault
) -> None:
    slack.fail("chat.update", *[fault] * 20)
    with run_bot() as bot:
        sent = event(text=EN)
        post(bot.url, sent)
        wait_for(lambda: n_answered(slack))
    (message,) = slack.said("C1")  # the placeholder is gone
    assert message["thread_ts"] == sent["event"]["ts"]
    assert slack.said("U1") == []


def test_question_that_breaks_the_bot_each_time_is_given_up(
    slack: StandIn, run_bot: RunBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Outbox, "deliver", break_down)
    with run_bot(lease_s=1) as bot:
        health = bot.url.replace("/slack/events", "/healthz")

        def n_open() -> int:
            with urllib.request.urlopen(health) as answer:
                return int(json.load(answer)["open_questions"])

        post(bot.url, event(text=EN))
        wait_for(lambda: slack.said("C1"))
        wait_for(lambda: n_open() == 0, timeout_s=20)


def test_slack_that_says_nothing_but_ok_gets_each_answer_once(
    slack: StandIn, run_bot: RunBot
) -> None:
    slack.says_only_ok = True
    with run_bot(lease_s=1) as bot:
        post(bot.url, event(text=EN))
        post(bot.url, event("message", text="什么是自注意力？", channel="D1"))
        wait_for(lambda: n_answered(slack) and n_answered(slack, "D1"))
        post(bot.url, event(text=EN, channel="C2"))
        wait_for(lambda: n_answered(slack, "C2"))
    assert [len(slack.said(channel)) for channel in ("C1", "D1", "C2")] == [2, 2, 2]
    assert [n_answered(slack, channel) for channel in ("C1", "D1", "C2")] == [1, 1, 1]


def test_blocks_that_are_refused_leave_the_text(slack: StandIn, run_bot: RunBot) -> None:
    slack.takes_blocks = False
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: "weights [1]." in (slack.said("C1") or [{"text": ""}])[0]["text"])
    assert [message["blocks"] for message in slack.said("C1")] == [[]]
    assert slack.said("U1") == []


def test_nothing_in_an_update_is_parsed(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: n_answered(slack))
    for call in slack.called("chat.update"):
        assert (call.arguments["link_names"], call.arguments["parse"]) == (False, "none")


@pytest.mark.parametrize(
    "fault",
    [Fault(status=429, retry_after_s=1), Fault(status=503), Fault(drops=True)],
    ids=["429", "503", "dropped"],
)
def test_trouble_with_the_address_of_a_command_is_waited_out(
    slack: StandIn, run_bot: RunBot, fault: Fault
) -> None:
    slack.fail("r", fault)
    with run_bot() as bot:
        post(bot.url, command(slack), is_form=True)
        wait_for(lambda: slack.replies["r"])
    (reply,) = slack.replies["r"]
    assert is_answered(reply)
    assert slack.said("U1") == []


def test_rest_of_a_long_answer_comes_directly_once_the_address_is_used_up(
    slack: StandIn, run_bot: RunBot
) -> None:
    expected = len(long_answer("What does LoRA freeze?").text) // 9000 + 1
    with run_bot(MadeAssistant(answer=long_answer)) as bot:
        slack.limits["r"] = 1
        post(bot.url, command(slack), is_form=True)
        wait_for(lambda: n_answered(slack, "U1"))
    assert len(slack.replies["r"]) == 1
    assert len(slack.said("U1")) == expected - 1
    texts = [*slack.replies["r"], *slack.said("U1")]
    for number in (0, 300, 599):
        assert sum(f"sentence number {number} " in all_text(each) for each in texts) >= 1
    assert "sentence number 0 " not in all_text(slack.said("U1")[0])


@pytest.mark.parametrize("missing", ["response_url", "trigger_id"])
def test_command_with_less_than_usual_is_answered(
    slack: StandIn, run_bot: RunBot, missing: str
) -> None:
    asked = command(slack)
    del asked[missing]
    with run_bot() as bot:
        assert post(bot.url, asked, is_form=True)[0] == 200
        wait_for(lambda: slack.said("U1") or slack.replies["r"])
    assert is_answered((slack.said("U1") + slack.replies["r"])[0])


def test_buttons_of_an_answer_that_came_directly_work(slack: StandIn, run_bot: RunBot) -> None:
    slack.closed_channels.add("C1")
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: n_answered(slack, "U1"))
        (message,) = slack.said("U1")
        value = message["blocks"][-1]["elements"][0]["value"]
        for user in ("U2", "U1"):
            pressed = {
                "type": "block_actions",
                "team": {"id": "T1"},
                "user": {"id": user},
                "channel": {"id": f"D{user}"},
                "trigger_id": f"t-{user}",
                "response_url": slack.url.replace("/api/", f"/reply/{user}"),
                "actions": [{"type": "button", "action_id": "study_sources", "value": value}],
            }
            post(bot.url, pressed, is_form=True)
        wait_for(lambda: slack.replies["U2"] and slack.called("views.open"))
    assert "no longer on record" in slack.replies["U2"][0]["text"]
    (opened,) = slack.called("views.open")
    assert opened.arguments["trigger_id"] == "t-U1"
