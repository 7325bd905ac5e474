"""What Slack may do to the bot: bad signatures, redeliveries, 429, broken connections, crowds."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.ui.slack.conftest import RunBot, all_text, bot_settings, is_answered, wait_for
from tests.ui.slack.made_assistant import MadeAssistant
from tests.ui.slack.stand_in import (
    APP_TOKEN,
    BOT_TOKEN,
    SIGNING_SECRET,
    Fault,
    StandIn,
    envelope,
    event,
    post,
    post_raw,
    signed,
    standing_in,
)
from ui import slack_api, slack_database, slack_queue, slack_socket
from ui.slack_bot import INBOX_FILE

EN = "<@UBOT> What does LoRA freeze?"


def n_answered(slack: StandIn, channel: str = "C1") -> int:
    return sum(map(is_answered, slack.said(channel)))


# Signatures


@pytest.mark.parametrize("case", ["wrong secret", "stale", "from the future", "none", "other body"])
def test_request_without_a_valid_fresh_signature_is_refused(
    slack: StandIn, run_bot: RunBot, case: str
) -> None:
    body = json.dumps(event(text=EN)).encode()
    headers = {
        "wrong secret": signed(body, secret="guess"),
        "stale": signed(body, at_s=time.time() - 301),
        "from the future": signed(body, at_s=time.time() + 600),
        "none": {},
        "other body": signed(body + b" "),
    }[case]
    assistant = MadeAssistant()
    with run_bot(assistant) as bot:
        status, _ = post_raw(bot.url, body, {"Content-Type": "application/json", **headers})
        assert status == 401
        assert post(bot.url, event(text=EN, channel="C2"))[0] == 200
        wait_for(lambda: n_answered(slack, "C2"))
    assert slack.said("C1") == []
    assert len(assistant.asked) == 1


def test_challenge_of_the_address_is_answered(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot() as bot:
        status, body = post(bot.url, {"type": "url_verification", "challenge": "c-1"})
    assert status == 200
    assert "c-1" in body


def test_certificate_is_looked_at_without_a_signature(slack: StandIn, run_bot: RunBot) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with run_bot() as bot:
        assert post_raw(bot.url, b"ssl_check=1&token=x", form) == (200, "")
        assert post_raw(bot.url, b"ssl_check=2&token=x", form)[0] == 401


NONSENSE = (b"[]", b"null", b'"x"', b"1", b"{", b"[" * 100_000)


@pytest.mark.parametrize("body", NONSENSE, ids=lambda body: body[:9].decode())
def test_nonsense_is_refused_and_nothing_of_it_is_read_without_a_signature(
    slack: StandIn, run_bot: RunBot, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Content-Type": "application/json"}
    with run_bot() as bot:
        assert post_raw(bot.url, body, headers)[0] == 401
        assert post_raw(bot.url, body, headers | signed(body))[0] == 400
    assert [record for record in caplog.records if record.exc_info] == []


def test_body_that_is_too_large_is_not_read_to_its_end(slack: StandIn, run_bot: RunBot) -> None:
    body = b"x" * 1_000_001
    with run_bot() as bot:
        assert post_raw(bot.url, body, signed(body))[0] == 413


@pytest.mark.parametrize(
    "wrong",
    [
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Signature": "v0=\xe9"},
        {"X-Slack-Signature": ""},
    ],
    ids=["no time", "no text", "empty"],
)
def test_headers_that_are_nonsense_are_refused(
    slack: StandIn, run_bot: RunBot, wrong: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with run_bot() as bot:
        assert post_raw(bot.url, b"{}", signed(b"{}") | wrong)[0] == 401
    assert caplog.records == []


# The inbox


def test_what_cannot_be_kept_is_not_acknowledged_so_that_slack_sends_it_again(
    slack: StandIn, run_bot: RunBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_database, "_LOCK_TIMEOUT_S", 0.1)
    sent = event(text=EN)
    with run_bot() as bot, closing(sqlite3.connect(tmp_path / INBOX_FILE)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert post(bot.url, sent)[0] == 500
        connection.rollback()
        assert post(bot.url, sent, headers={"X-Slack-Retry-Num": "1"})[0] == 200
        wait_for(lambda: n_answered(slack))
    assert len(slack.said("C1")) == 1


def test_command_that_cannot_be_kept_is_told_with_an_id(
    slack: StandIn, run_bot: RunBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_database, "_LOCK_TIMEOUT_S", 0.1)
    asked = {"command": "/study", "text": "ask 什么是词元？", "user_id": "U1", "trigger_id": "t"}
    asked["response_url"] = slack.url.replace("/api/", "/reply/r")
    with run_bot() as bot, closing(sqlite3.connect(tmp_path / INBOX_FILE)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert post(bot.url, asked, is_form=True)[0] == 200
        connection.rollback()
    (told,) = slack.replies["r"]
    assert "请过几分钟再问一次" in told["text"]


# The Web API


def test_rate_limit_is_obeyed_and_the_answer_comes_all_the_same(
    slack: StandIn, run_bot: RunBot
) -> None:
    limited = Fault(status=429, retry_after_s=1)
    slack.fail("chat.postMessage", limited)
    slack.fail("chat.update", limited, limited)
    with run_bot(MadeAssistant(seconds=0.5, n_pieces=8)) as bot:
        started_s = time.monotonic()
        post(bot.url, event(text=EN))
        wait_for(lambda: n_answered(slack))
        assert time.monotonic() - started_s > 1.9
    assert len(slack.said("C1")) == 1
    # That no call came before `Retry-After` was over is checked at the end: `slack.complaints`.


def test_post_whose_answer_got_lost_is_found_and_not_repeated(
    slack: StandIn, run_bot: RunBot
) -> None:
    slack.fail("chat.postMessage", Fault(drops=True, carries_out=True))
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: n_answered(slack))
    assert len(slack.said("C1")) == 1
    assert len(slack.called("chat.postMessage")) == 1


def test_post_that_got_lost_is_repeated(slack: StandIn, run_bot: RunBot) -> None:
    slack.fail("chat.postMessage", Fault(drops=True))
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: n_answered(slack))
    assert len(slack.said("C1")) == 1


def test_trouble_of_slack_is_waited_out(slack: StandIn, run_bot: RunBot) -> None:
    slack.fail(
        "chat.update",
        Fault(status=503, error="x"),
        Fault(error="internal_error"),
        Fault(drops=True),
    )
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: n_answered(slack))
    assert len(slack.said("C1")) == 1


def test_answer_is_kept_until_slack_can_be_reached_again(
    slack: StandIn, run_bot: RunBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_api, "PATIENCE_S", 0.2)
    monkeypatch.setattr(slack_queue, "_RETRY_AFTER_S", 0.2)
    slack.fail("chat.update", *[Fault(status=503, error="service_unavailable")] * 6)
    assistant = MadeAssistant(n_pieces=1)
    with run_bot(assistant) as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: n_answered(slack), 20)
    assert len(assistant.asked) == 1
    assert len(slack.said("C1")) == 1
    assert slack.said("U1") == []


def test_placeholder_that_somebody_removed_is_posted_anew(slack: StandIn, run_bot: RunBot) -> None:
    assistant = MadeAssistant()
    assistant.hold.clear()
    with run_bot(assistant) as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: slack.said("C1"))
        slack.messages["C1"].clear()
        assistant.hold.set()
        wait_for(lambda: n_answered(slack))


def test_channel_that_is_closed_to_the_bot_leads_to_a_direct_message(
    slack: StandIn, run_bot: RunBot
) -> None:
    slack.closed_channels.add("C1")
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: n_answered(slack, "U1"))
    assert len(slack.said("U1")) == 1


# Crowds


@pytest.mark.slow
def test_200_events_in_10_s_are_acknowledged_fast_and_answered_once_each(
    slack: StandIn, run_bot: RunBot
) -> None:
    """20 events a second, each also redelivered, while four slow answers are always under way."""
    assistant = MadeAssistant(seconds=0.2, n_pieces=4)
    n_events, pause_s = 200, 10 / 200
    took_s: list[float] = []

    def send(number: int) -> None:
        sent = event(text=f"{EN} ({number})", user=f"U{number % 60}", channel=f"C{number % 20}")
        for _ in range(2):
            started_s = time.monotonic()
            status, _body = post(bot.url, sent)
            took_s.append(time.monotonic() - started_s)
            assert status == 200

    with (
        run_bot(
            assistant, workers=6, max_open=500, max_open_per_user=50, update_every_s=0.5
        ) as bot,
        ThreadPoolExecutor(32) as pool,
    ):
        sends = []
        for number in range(n_events):
            sends.append(pool.submit(send, number))
            time.sleep(pause_s)
        for each in sends:
            each.result()
        channels = [f"C{number}" for number in range(20)]
        wait_for(lambda: sum(n_answered(slack, each) for each in channels) == n_events, 60)
    assert len(took_s) == 2 * n_events
    p99_s = sorted(took_s)[int(0.99 * len(took_s)) - 1]
    assert p99_s < 1.0, f"p99 of acknowledgements: {p99_s:.3f} s"
    assert sum(len(slack.said(each)) for each in channels) == n_events
    asked = Counter(question for question, *_ in assistant.asked)
    assert len(asked) == n_events
    assert set(asked.values()) == {1}


# Several processes


Process = subprocess.Popen[str]


@contextmanager
def bot_process(home: Path, slack: StandIn, seconds: float) -> Iterator[tuple[str, Process]]:
    command = [sys.executable, "-m", "tests.ui.slack.bot_process", str(home), slack.url]
    process = subprocess.Popen(
        [*command, str(seconds)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url
        yield url, process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_two_processes_that_get_the_same_events_answer_each_once(
    slack: StandIn, tmp_path: Path
) -> None:
    n_events = 24
    with (
        bot_process(tmp_path, slack, 0.2) as (first, one),
        bot_process(tmp_path, slack, 0.2) as (second, other),
        ThreadPoolExecutor(8) as pool,
    ):
        for number in range(n_events):
            sent = event(text=f"{EN} ({number})", user=f"U{number}")
            for url in (first, second):
                pool.submit(post, url, sent)
        wait_for(lambda: n_answered(slack) == n_events, 30)
        n_asked = []
        for process in (one, other):
            process.send_signal(signal.SIGTERM)
            n_asked.append(int(process.communicate(timeout=10)[0]))
    assert sum(n_asked) == n_events
    assert min(n_asked) > 0, "one process did all the work"
    assert len(slack.said("C1")) == n_events


def test_question_of_a_killed_process_is_answered_by_another_in_the_same_message(
    slack: StandIn, tmp_path: Path
) -> None:
    with bot_process(tmp_path, slack, 60) as (url, process):
        post(url, event(text=EN))
        wait_for(lambda: slack.said("C1"))
        time.sleep(0.3)
        process.kill()
    assert n_answered(slack) == 0
    with bot_process(tmp_path, slack, 0.1):
        wait_for(lambda: n_answered(slack), 15)
    assert len(slack.said("C1")) == 1
    assert len(slack.called("chat.postMessage")) == 1


# Socket Mode


def test_socket_mode_answers_without_an_open_port(slack: StandIn, run_bot: RunBot) -> None:
    with run_bot(mode="socket") as bot:
        assert bot.url == ""
        wait_for(lambda: slack.n_connections == 1)
        slack.send(envelope(event(text=EN)))
        wait_for(lambda: n_answered(slack))
    assert len(slack.acknowledged) == 1
    (opened,) = slack.called("apps.connections.open")
    assert opened.arguments == {}


@pytest.mark.parametrize("politely", [True, False], ids=["disconnect message", "dropped"])
def test_socket_is_opened_again_and_what_was_sent_meanwhile_arrives_once(
    slack: StandIn, run_bot: RunBot, politely: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_socket, "_PING_EVERY_S", 0.5)
    assistant = MadeAssistant()
    with run_bot(assistant, mode="socket"):
        wait_for(lambda: slack.n_connections == 1)
        first = envelope(event(text=f"{EN} (1)"))
        slack.send(first)
        wait_for(lambda: n_answered(slack) == 1)
        slack.disconnect(politely=politely)
        second = envelope(event(text=f"{EN} (2)"))
        slack.send(second)
        wait_for(lambda: slack.n_connections >= 2, 15)
        slack.send(first)  # as if its acknowledgement had got lost
        wait_for(lambda: n_answered(slack) == 2, 15)
        slack.send(envelope(event(text=f"{EN} (3)")))
        wait_for(lambda: n_answered(slack) == 3)
    assert len(assistant.asked) == 3
    assert len(slack.said("C1")) == 3


def test_socket_comes_back_after_slack_was_unreachable(
    slack: StandIn, run_bot: RunBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_socket, "_PING_EVERY_S", 0.3)
    monkeypatch.setattr(slack_socket, "_WATCH_EVERY_S", 0.3)
    with run_bot(mode="socket"):
        wait_for(lambda: slack.n_connections == 1)
        # The client's own watching thread doesn't survive this.
        slack.fail("apps.connections.open", *[Fault(status=500, error="fatal_error")] * 3)
        slack.disconnect(politely=False)
        wait_for(lambda: slack.n_connections >= 2, 20)
        slack.send(envelope(event(text=EN)))
        wait_for(lambda: n_answered(slack))


def test_200_events_over_the_socket_are_answered_once_each(slack: StandIn, run_bot: RunBot) -> None:
    assistant = MadeAssistant(seconds=0.05)
    with run_bot(assistant, mode="socket", workers=6, max_open=500, max_open_per_user=500):
        wait_for(lambda: slack.n_connections == 1)
        for number in range(200):
            slack.send(envelope(event(text=f"{EN} ({number})")))
        wait_for(lambda: n_answered(slack) == 200, 40)
    assert len(slack.acknowledged) == 200
    assert len(assistant.asked) == 200
    assert len(slack.said("C1")) == 200


def test_tokens_are_in_no_message_log_or_setting(
    slack: StandIn, run_bot: RunBot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with run_bot() as bot:
        post(bot.url, event(text=EN))
        wait_for(lambda: n_answered(slack))
    shown = caplog.text + repr(bot_settings(tmp_path, slack.url)) + all_text(slack.said("C1")[0])
    for secret in (APP_TOKEN, BOT_TOKEN, SIGNING_SECRET):
        assert secret not in shown


def test_stand_in_complains_of_a_call_before_retry_after_is_over() -> None:
    with standing_in() as slack:
        slack.fail("chat.update", Fault(status=429, retry_after_s=5))
        headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}
        assert post_raw(slack.url + "chat.update", b"{}", headers)[0] == 429
        post_raw(slack.url + "chat.update", b"{}", headers)
        assert slack.complaints == ["chat.update called before Retry-After was over"]
