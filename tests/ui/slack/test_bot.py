"""The bot over real HTTP: where it answers, and what stands there at the end."""

import json
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import ConfigError, IndexMissing, StudyError
from tests.ui.slack.conftest import RunBot, all_text, bot_settings, is_answered, wait_for
from tests.ui.slack.made_assistant import MadeAssistant
from tests.ui.slack.stand_in import Fault, StandIn, event, new_ts, post
from ui.slack_bot import choose_mode

ZH, EN = "<@UBOT> 什么是自注意力？", "<@UBOT> What does LoRA freeze?"


def answered(slack: StandIn, channel: str = "C1", n: int = 1) -> bool:
    return sum(map(is_answered, slack.said(channel))) >= n


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(ZH, "自注意力让每个词元都能看到"), (EN, "LoRA freezes the pretrained weights [1].")],
    ids=["zh", "en"],
)
def test_mention_is_answered_in_its_thread(
    slack: StandIn, run_bot: RunBot, asked: str, expected: str
) -> None:
    with run_bot() as bot:
        sent = event(text=asked)
        assert post(bot.url, sent)[0] == 200
        wait_for(lambda: answered(slack))
    (message,) = slack.said("C1")
    assert message["thread_ts"] == sent["event"]["ts"]
    assert expected in message["text"]
    (posted,) = slack.called("chat.postMessage")
    assert posted.arguments["unfurl_links"] is False
    assert posted.arguments["unfurl_media"] is False
    assert posted.arguments["link_names"] is False


def test_placeholder_comes_within_a_second_and_the_answer_takes_its_place(
    slack: StandIn, run_bot: RunBot
) -> None:
    assistant = MadeAssistant()
    assistant.hold.clear()
    with run_bot(assistant) as bot:
        started_s = time.monotonic()
        post(bot.url, event(text=ZH))
        wait_for(lambda: slack.said("C1"), timeout_s=1.0)
        assert time.monotonic() - started_s < 1.0
        # The draft shows while the model still writes.
        wait_for(lambda: "自注意力让" in slack.said("C1")[0]["text"])
        assert not is_answered(slack.said("C1")[0])
        assistant.hold.set()
        wait_for(lambda: answered(slack))
    assert len(slack.called("chat.postMessage")) == 1


def test_thread_goes_on_without_a_mention_and_with_its_history(
    slack: StandIn, run_bot: RunBot
) -> None:
    assistant = MadeAssistant()
    with run_bot(assistant) as bot:
        first = event(text=ZH)
        post(bot.url, first)
        wait_for(lambda: answered(slack))
        thread_ts = first["event"]["ts"]
        post(bot.url, event("message", text="它有什么缺点？", user="U2", thread_ts=thread_ts))
        wait_for(lambda: answered(slack, n=2))
    assert [message["thread_ts"] for message in slack.said("C1")] == [thread_ts] * 2
    question, history, _ = assistant.asked[1]
    assert question == "它有什么缺点？"
    assert [turn.question for turn in history] == ["什么是自注意力？"]
    assert "[1]" not in history[0].answer


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "what do you think?"},
        {"text": "what do you think?", "thread_ts": "1600000000.000001"},
        {"text": "hello", "bot_id": "BOTHER"},
        {"text": "hello <@UBOT>", "user": "UBOT"},
        {"text": "<@UBOT> hello", "subtype": "bot_message"},
        {"subtype": "channel_join", "text": "<@U1> has joined the channel"},
        {"text": ""},
    ],
    ids=["channel", "others' thread", "bot", "itself", "subtype", "join", "blank"],
)
def test_what_is_not_for_the_bot_is_acknowledged_and_left_alone(
    slack: StandIn, run_bot: RunBot, fields: dict[str, Any]
) -> None:
    assistant = MadeAssistant()
    with run_bot(assistant) as bot:
        assert post(bot.url, event("message", **fields))[0] == 200
        post(bot.url, event(text=EN, channel="C2"))
        wait_for(lambda: answered(slack, "C2"))
    assert [question for question, *_ in assistant.asked] == ["What does LoRA freeze?"]
    assert slack.said("C1") == []


def test_thanks_and_words_to_others_in_its_thread_are_left_alone(
    slack: StandIn, run_bot: RunBot
) -> None:
    with run_bot() as bot:
        first = event(text=EN)
        post(bot.url, first)
        wait_for(lambda: answered(slack))
        for text in ("Thanks!", "谢谢", "<@U7> did you know that?"):
            post(bot.url, event("message", text=text, thread_ts=first["event"]["ts"]))
        post(bot.url, event(text=EN, channel="C2"))
        wait_for(lambda: answered(slack, "C2"))
    assert len(slack.said("C1")) == 1


def test_mention_in_others_thread_is_answered_there(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot() as bot:
        post(bot.url, event(text=EN, thread_ts="1600000000.000001"))
        wait_for(lambda: answered(slack))
    assert slack.said("C1")[0]["thread_ts"] == "1600000000.000001"


def test_same_message_as_mention_and_message_redelivered_thrice_is_answered_once(
    slack: StandIn, run_bot: RunBot
) -> None:
    assistant = MadeAssistant()
    with run_bot(assistant) as bot:
        ts = new_ts()
        for retry in range(4):
            headers = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
            for kind in ("app_mention", "message"):
                sent = event(kind, text=EN, ts=ts)
                assert post(bot.url, sent, headers=headers if retry else None)[0] == 200
        wait_for(lambda: answered(slack))
        post(bot.url, event(text=ZH, channel="C2"))
        wait_for(lambda: answered(slack, "C2"))
    assert len(assistant.asked) == 2
    assert len(slack.said("C1")) == 1


def test_redelivery_after_a_restart_is_not_answered_again(slack: StandIn, run_bot: RunBot) -> None:
    sent = event(text=EN)
    with run_bot() as bot:
        post(bot.url, sent)
        wait_for(lambda: answered(slack))
    again = MadeAssistant()
    with run_bot(again) as bot:
        post(bot.url, sent, headers={"X-Slack-Retry-Num": "3"})
        post(bot.url, event(text=ZH, channel="C2"))
        wait_for(lambda: answered(slack, "C2"))
    assert [question for question, *_ in again.asked] == ["什么是自注意力？"]
    assert len(slack.said("C1")) == 1


def test_shutdown_hands_over_and_the_next_process_reuses_the_placeholder(
    slack: StandIn, run_bot: RunBot
) -> None:
    assistant = MadeAssistant()
    assistant.hold.clear()
    with run_bot(assistant) as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: assistant.asked and slack.said("C1"))
    assistant.hold.set()
    assert not answered(slack)
    with run_bot():
        wait_for(lambda: answered(slack))
    assert len(slack.said("C1")) == 1
    assert len(slack.called("chat.postMessage")) == 1


def test_shutdown_finishes_what_ends_soon(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot(MadeAssistant(seconds=1.0), shutdown_s=10) as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: slack.said("C1"))
    assert answered(slack)


# Direct messages, the panel, commands, shortcuts


def test_direct_message_is_answered_and_rests_on_the_askers_audiences(
    slack: StandIn, run_bot: RunBot
) -> None:
    slack.is_panel = False
    slack.groups = {"S1": ["U1"], "S2": ["U2"]}
    assistant = MadeAssistant()
    groups = {"S1": ("managers",), "S2": ("security",)}
    with run_bot(assistant, audiences=groups) as bot:
        post(bot.url, event("message", text="什么是自注意力？", channel="D1"))
        wait_for(lambda: answered(slack, "D1"))
        post(bot.url, event(text=ZH))
        wait_for(lambda: answered(slack))
    assert [audiences for *_, audiences in assistant.asked] == [
        frozenset({"all", "managers"}),
        frozenset({"all"}),
    ]


def test_groups_that_cannot_be_read_mean_no(slack: StandIn, run_bot: RunBot) -> None:
    slack.fail("usergroups.users.list", Fault(error="missing_scope"))
    assistant = MadeAssistant()
    with run_bot(assistant, audiences={"S1": ("managers",)}) as bot:
        post(bot.url, event("message", text="什么是自注意力？", channel="D1"))
        wait_for(lambda: answered(slack, "D1"))
    assert assistant.asked[0][2] == frozenset({"all"})


def test_panel_has_a_welcome_prompts_status_and_title(slack: StandIn, run_bot: RunBot) -> None:
    thread = {"user_id": "U1", "channel_id": "D1", "thread_ts": "1650000000.000001", "context": {}}
    with run_bot() as bot:
        opened = event("assistant_thread_started", assistant_thread=thread)
        for _ in range(2):
            assert post(bot.url, opened)[0] == 200
        wait_for(lambda: slack.called("assistant.threads.setSuggestedPrompts"))
        asked = {"channel": "D1", "thread_ts": thread["thread_ts"]}
        post(bot.url, event("message", text="什么是自注意力？", **asked))
        wait_for(lambda: answered(slack, "D1"))
        changed = event("assistant_thread_context_changed", assistant_thread=thread)
        assert post(bot.url, changed)[0] == 200
    welcome, answer = slack.said("D1")
    assert "想学点什么" in welcome["text"]
    assert "like to learn" in welcome["text"]
    assert "自注意力" in answer["text"]
    (prompts,) = slack.called("assistant.threads.setSuggestedPrompts")
    offered = [prompt["message"] for prompt in prompts.arguments["prompts"]]
    assert offered == ["什么是词元？", "什么是微调？", "What is a token?", "What is fine-tuning?"]
    (status,) = slack.called("assistant.threads.setStatus")
    assert status.arguments["status"] == "正在查找材料……"
    (title,) = slack.called("assistant.threads.setTitle")
    assert title.arguments["title"] == "什么是自注意力？"


def command(slack: StandIn, text: str, name: str) -> dict[str, Any]:
    return {
        "command": "/study",
        "text": text,
        "team_id": "T1",
        "channel_id": "C1",
        "user_id": "U1",
        "trigger_id": f"t-{name}",
        "response_url": slack.url.replace("/api/", f"/reply/{name}"),
    }


def test_command_ask_is_answered_to_the_asker_alone(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot() as bot:
        status, body = post(
            bot.url, command(slack, "ask What does LoRA freeze?", "a"), is_form=True
        )
        assert status == 200
        told = json.loads(body)
        assert told["response_type"] == "ephemeral"
        assert "Searching" in told["text"]
        wait_for(lambda: slack.replies["a"])
    (reply,) = slack.replies["a"]
    assert reply["response_type"] == "ephemeral"
    assert reply["replace_original"] is True
    assert "LoRA freezes" in reply["text"]
    assert slack.said("C1") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "/study ask"),
        ("help", "直接写出问题"),
        ("frob <x>", "There is no command `/study frob`"),
        ("What is `a` &amp; <!channel>?", "write `/study ask What is ˋaˋ &amp; ?`"),
        ("什么是词元？", "请写 `/study ask 什么是词元？`"),
    ],
)
def test_command_without_a_question_gets_help(
    slack: StandIn, run_bot: RunBot, text: str, expected: str
) -> None:
    with run_bot() as bot:
        status, body = post(bot.url, command(slack, text, "b"), is_form=True)
    assert status == 200
    assert expected in json.loads(body)["text"]


def test_address_that_is_used_up_leads_to_a_direct_message(slack: StandIn, run_bot: RunBot) -> None:
    slack.fail("c", Fault(status=404))
    with run_bot() as bot:
        post(bot.url, command(slack, "ask What does LoRA freeze?", "c"), is_form=True)
        wait_for(lambda: slack.said("U1"))
    assert "LoRA freezes" in slack.said("U1")[0]["text"]


def test_shortcut_explains_a_message_to_who_asked(slack: StandIn, run_bot: RunBot) -> None:
    assistant = MadeAssistant()
    with run_bot(assistant) as bot:
        payload = {
            "type": "message_action",
            "callback_id": "study_explain",
            "trigger_id": "t-s",
            "team": {"id": "T1"},
            "channel": {"id": "C1"},
            "user": {"id": "U1"},
            "message": {"ts": "1.2", "text": "We should use <https://x.y|LoRA> &amp; adapters."},
            "response_url": slack.url.replace("/api/", "/reply/s"),
        }
        assert post(bot.url, payload, is_form=True)[0] == 200
        wait_for(lambda: len(slack.replies["s"]) == 2)
    assert assistant.asked[0][0] == "Explain: We should use LoRA & adapters."
    first, last = slack.replies["s"]
    assert "Searching" in first["text"]
    assert is_answered(last)
    assert slack.said("C1") == []


def test_file_with_words_is_answered_and_one_without_is_told(
    slack: StandIn, run_bot: RunBot
) -> None:
    file = {"subtype": "file_share", "files": [{"id": "F1"}], "channel": "D1"}
    slack.is_panel = False
    with run_bot() as bot:
        post(bot.url, event("message", text="What does LoRA freeze?", **file))
        wait_for(lambda: answered(slack, "D1"))
        post(bot.url, event("message", text="", **file))
        wait_for(lambda: len(slack.said("D1")) == 2)
    assert "只能读文字" in slack.said("D1")[1]["text"]
    assert "only read text" in slack.said("D1")[1]["text"]


# Edits, deletions, limits, failures


def changed(kind: str, ts: str, text: str = "") -> dict[str, Any]:
    if kind == "message_deleted":
        return event("message", subtype=kind, deleted_ts=ts, ts=new_ts(), user=None)
    message = {"type": "message", "user": "U1", "ts": ts, "text": text}
    return event("message", subtype=kind, message=message, ts=new_ts(), user=None)


def test_edit_while_it_works_is_what_is_answered(slack: StandIn, run_bot: RunBot) -> None:
    assistant = MadeAssistant()
    assistant.hold.clear()
    with run_bot(assistant) as bot:
        sent = event(text=EN)
        post(bot.url, sent)
        wait_for(lambda: assistant.asked)
        post(bot.url, changed("message_changed", sent["event"]["ts"], ZH))
        wait_for(lambda: len(assistant.asked) == 2)
        assistant.hold.set()
        wait_for(lambda: answered(slack))
    (message,) = slack.said("C1")
    assert "自注意力" in message["text"]
    assert len(slack.called("chat.postMessage")) == 1
    wait_for(lambda: assistant.n_closed == 1)


def test_edit_of_an_answered_question_and_unfurling_change_nothing(
    slack: StandIn, run_bot: RunBot
) -> None:
    assistant = MadeAssistant()
    with run_bot(assistant) as bot:
        sent = event(text=EN)
        post(bot.url, sent)
        wait_for(lambda: answered(slack))
        post(bot.url, changed("message_changed", sent["event"]["ts"], ZH))
        post(bot.url, event(text=EN, channel="C2"))
        wait_for(lambda: answered(slack, "C2"))
    assert len(assistant.asked) == 2


def test_deletion_while_it_works_takes_the_placeholder_away(
    slack: StandIn, run_bot: RunBot
) -> None:
    assistant = MadeAssistant()
    assistant.hold.clear()
    with run_bot(assistant) as bot:
        sent = event(text=EN)
        post(bot.url, sent)
        wait_for(lambda: assistant.asked and slack.said("C1"))
        post(bot.url, changed("message_deleted", sent["event"]["ts"]))
        wait_for(lambda: not slack.said("C1"))
        assistant.hold.set()
    assert slack.said("C1") == []


def test_deletion_before_anything_is_posted_ends_the_panels_status(
    slack: StandIn, run_bot: RunBot
) -> None:
    go_on = threading.Event()

    def search_long(question: str) -> None:
        go_on.wait(10)

    assistant = MadeAssistant(fails=search_long)
    asked = {"channel": "D1", "thread_ts": "1650000000.000001"}
    with run_bot(assistant) as bot:
        sent = event("message", text="What is LoRA?", **asked)
        post(bot.url, sent)
        wait_for(lambda: assistant.asked)
        deleted_ts = sent["event"]["ts"]
        post(bot.url, event("message", subtype="message_deleted", deleted_ts=deleted_ts, **asked))
        wait_for(lambda: len(slack.called("assistant.threads.setStatus")) == 2)
        go_on.set()
    shown = [call.arguments["status"] for call in slack.called("assistant.threads.setStatus")]
    assert shown == ["Searching the materials…", ""]
    assert slack.said("D1") == []


def test_edits_and_deletions_in_the_panel_are_heeded(slack: StandIn, run_bot: RunBot) -> None:
    assistant = MadeAssistant()
    assistant.hold.clear()
    with run_bot(assistant) as bot:
        sent = event("message", text="What is LoRA?", channel="D1", thread_ts="1650000000.000001")
        post(bot.url, sent)
        wait_for(lambda: slack.said("D1"))
        gone = event(
            "message",
            subtype="message_deleted",
            channel="D1",
            user=None,
            deleted_ts=sent["event"]["ts"],
            previous_message={"thread_ts": "1650000000.000001", "user": "U1"},
        )
        assert post(bot.url, gone)[0] == 200
        wait_for(lambda: not slack.said("D1"))
        assistant.hold.set()


def test_too_many_questions_of_one_person_are_told_when_to_come_back(
    slack: StandIn, run_bot: RunBot
) -> None:
    assistant = MadeAssistant()
    assistant.hold.clear()
    with run_bot(assistant, max_open_per_user=2, workers=1) as bot:
        for number in range(3):
            post(bot.url, event(text=f"{EN} {number}"))
        post(bot.url, event(text=ZH, user="U2"))
        wait_for(lambda: len(slack.said("C1")) == 4)
        wait_for(lambda: any("again in about" in each["text"] for each in slack.said("C1")))
        assistant.hold.set()
        wait_for(lambda: answered(slack, n=3))
    assert len(assistant.asked) == 3


def test_too_many_questions_of_all_are_told_when_to_come_back(
    slack: StandIn, run_bot: RunBot
) -> None:
    assistant = MadeAssistant()
    assistant.hold.clear()
    with run_bot(assistant, max_open=1) as bot:
        post(bot.url, event(text=EN))
        post(bot.url, event(text=ZH, user="U2"))
        wait_for(lambda: any("大约" in each["text"] for each in slack.said("C1")))
        assistant.hold.set()
        wait_for(lambda: answered(slack))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("a secret of ours"), "unexpected"),
        (IndexMissing("No index in /somewhere."), "no index yet"),
    ],
    ids=["unforeseen", "known"],
)
def test_failure_ends_in_a_message_with_an_id(
    slack: StandIn, run_bot: RunBot, error: Exception, expected: str
) -> None:
    def fail(question: str) -> None:
        raise error

    with run_bot(MadeAssistant(fails=fail)) as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: "could not answer" in (slack.said("C1") or [{"text": ""}])[0]["text"])
    (message,) = slack.said("C1")
    assert expected in message["text"]
    assert "the id " in message["text"]
    assert str(error) not in all_text(message)


def test_model_that_is_silent_too_long_ends_in_a_message(slack: StandIn, run_bot: RunBot) -> None:
    assistant = MadeAssistant()
    assistant.hold.clear()
    with run_bot(assistant, answer_timeout_s=0.5) as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: "took too long" in (slack.said("C1") or [{"text": ""}])[0]["text"])
        assistant.hold.set()


def test_slow_model_keeps_one_question_of_a_thread_after_the_other(
    slack: StandIn, run_bot: RunBot
) -> None:
    assistant = MadeAssistant(seconds=0.4)
    with run_bot(assistant, workers=4) as bot:
        first = event(text=EN)
        post(bot.url, first)
        for number in range(2):
            asked = {"text": f"And then {number}?", "thread_ts": first["event"]["ts"]}
            post(bot.url, event("message", **asked))
        wait_for(lambda: answered(slack, n=3))
    assert assistant.most_at_once == 1
    assert [len(history) for _, history, _ in assistant.asked] == [0, 1, 2]


# Ways to begin, and not to


def test_health_is_told(slack: StandIn, run_bot: RunBot) -> None:
    with (
        run_bot() as bot,
        urllib.request.urlopen(bot.url.replace("/slack/events", "/healthz")) as answer,
    ):
        assert json.load(answer) == {"status": "ok", "open_questions": 0}


def test_wrong_token_is_an_error_with_a_hint(
    slack: StandIn, tmp_path: Path, run_bot: RunBot
) -> None:
    with pytest.raises(StudyError, match="invalid_auth") as raised, run_bot(bot_token="xoxb-wrong"):
        pass
    assert "STUDY_SLACK__BOT_TOKEN" in raised.value.hint


@pytest.mark.parametrize("app_token", ["xapp-wrong", None])
def test_wrong_app_token_is_an_error_with_a_hint(
    slack: StandIn, run_bot: RunBot, app_token: str | None
) -> None:
    with (
        pytest.raises(StudyError) as raised,
        run_bot(mode="socket", app_token=app_token),
    ):
        pass
    assert "STUDY_SLACK__APP_TOKEN" in f"{raised.value} {raised.value.hint}"
    assert "xapp-wrong" not in f"{raised.value} {raised.value.hint}"


def test_missing_secret_is_named(tmp_path: Path) -> None:
    slack = bot_settings(tmp_path, "http://127.0.0.1:9/api/", app_token=None).slack
    assert choose_mode(slack, None) == "http"
    with pytest.raises(ConfigError, match="STUDY_SLACK__APP_TOKEN"):
        choose_mode(slack, "socket")


def test_no_thread_is_left_behind(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot():
        pass
    wait_for(lambda: not [t for t in threading.enumerate() if t.name.startswith("slack-")])


def test_events_that_slack_holds_back_are_logged(
    slack: StandIn, run_bot: RunBot, caplog: pytest.LogCaptureFixture
) -> None:
    with run_bot() as bot:
        told = {"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1}
        assert post(bot.url, told)[0] == 200
    assert "holds back events" in caplog.text
