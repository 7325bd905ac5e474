"""What events mean."""

import pytest

from tests.ui.slack.stand_in import event
from ui.slack_events import plain_text, read_command, read_event, unanswerable
from ui.slack_records import Deleted, Edited, Spoken


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<@UBOT> 什么是 <https://x.y/a|LoRA>？", "什么是 LoRA？"),
        ("a &lt; b &amp;&amp; c", "a < b && c"),
        ("see <#C12|general> and <https://x.y>", "see #general and https://x.y"),
        ("<!subteam^S1|@team> hello <!here>", "@team hello"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("two\nlines", "two lines"),
    ],
)
def test_text_is_what_was_typed(written: str, expected: str) -> None:
    assert plain_text(written) == expected


@pytest.mark.parametrize(
    ("text", "notice"),
    [("", "help"), ("?!", "help"), ("什么", ""), ("x" * 4000, ""), ("x" * 4001, "too_long")],
)
def test_what_cannot_be_answered_is_told(text: str, notice: str) -> None:
    assert unanswerable(text) == notice


def test_file_without_words_is_told() -> None:
    sent = event("message", channel="D1", text="", subtype="file_share", files=[{"id": "F1"}])
    read = read_event(sent, "UBOT")
    assert isinstance(read, Spoken)
    assert read.heard.notice == "no_words"


def test_mention_and_message_share_a_key_and_other_messages_do_not() -> None:
    keys = set()
    for kind in ("app_mention", "message"):
        read = read_event(event(kind, text="<@UBOT> hi", ts="1.1"), "UBOT")
        assert isinstance(read, Spoken)
        assert read.is_addressed
        keys.add(read.heard.key)
    assert keys == {"T1/C1/1.1"}


def test_group_of_direct_messages_counts_as_a_channel() -> None:
    read = read_event(event("message", channel="G1", channel_type="mpim", text="hi"), "UBOT")
    assert isinstance(read, Spoken)
    assert (read.heard.surface, read.is_addressed) == ("channel", False)


def test_edit_to_nothing_and_tombstone_are_deletions() -> None:
    for message in ({"ts": "1.1", "text": "<@UBOT>"}, {"ts": "1.1", "subtype": "tombstone"}):
        changed = event("message", subtype="message_changed", message=message)
        assert read_event(changed, "UBOT") == Deleted(team="T1", channel="C1", ts="1.1")


def test_edit_brings_the_new_text() -> None:
    message = {"ts": "1.1", "text": "<@UBOT> new", "user": "U1"}
    changed = event("message", subtype="message_changed", message=message)
    assert read_event(changed, "UBOT") == Edited(team="T1", channel="C1", ts="1.1", text="new")


def test_update_of_a_bots_message_is_no_edit() -> None:
    message = {"ts": "1.1", "text": "new", "bot_id": "BBOT"}
    changed = event("message", subtype="message_changed", message=message)
    assert read_event(changed, "UBOT") is None


def test_mention_that_an_edit_brought_about_is_none() -> None:
    edited = {"user": "U1", "ts": "1.2"}
    assert read_event(event(text="<@UBOT> hi", edited=edited), "UBOT") is None


def test_half_a_character_is_no_reason_to_fail() -> None:
    read = read_event(event(text="<@UBOT> what \ud800 is it"), "UBOT")
    assert isinstance(read, Spoken)
    assert read.heard.text == "what ? is it"


def test_commands_without_a_trigger_are_told_apart() -> None:
    body = {"user_id": "U1", "channel_id": "C1", "team_id": "T1", "text": "ask hi"}
    assert read_command(body, "hi").key != read_command(body, "hi").key
    triggered = body | {"trigger_id": "t1"}
    assert read_command(triggered, "hi").key == read_command(triggered, "hi").key
