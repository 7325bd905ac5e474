"""`study slack` as a program: the real assistant over a small index, against the stand-in."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.assistant.openai_server import OpenAIServer
from tests.conftest import ROOT
from tests.ui.commands.conftest import Study, says
from tests.ui.slack.conftest import all_text, is_answered, wait_for
from tests.ui.slack.stand_in import (
    APP_TOKEN,
    BOT_TOKEN,
    SIGNING_SECRET,
    StandIn,
    envelope,
    event,
    post,
    standing_in,
)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with standing_in() as stand_in:
        monkeypatch.setenv("STUDY_SLACK__API_URL", stand_in.url)
        monkeypatch.setenv("STUDY_SLACK__BOT_TOKEN", BOT_TOKEN)
        monkeypatch.setenv("STUDY_SLACK__APP_TOKEN", APP_TOKEN)
        monkeypatch.setenv("STUDY_SLACK__SIGNING_SECRET", SIGNING_SECRET)
        monkeypatch.setenv("STUDY_SLACK__PORT", "0")
        yield stand_in


@contextmanager
def running(mode: str) -> Iterator[str]:
    """Yield the address once the bot is ready (`""` in Socket Mode); it must end well."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "slack", "--mode", mode, "--json"],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield json.loads(line)["url"] or ""
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.mark.slow
def test_question_is_answered_and_checked(
    slack: StandIn, indexed: Path, server: OpenAIServer
) -> None:
    server.scripts = [says("The telescope has an aperture of 37 centimetres [1].")]
    with running("http") as url:
        question = "What aperture does the telescope of the Altenmoor observatory have?"
        assert post(url, event(text=f"<@UBOT> {question}"))[0] == 200
        wait_for(lambda: any(map(is_answered, slack.said("C1"))), 30)
    (message,) = slack.said("C1")
    assert "37 centimetres [1]" in message["text"]
    assert "[1] The Altenmoor observatory › Telescope" in all_text(message)


@pytest.mark.slow
def test_dead_model_leaves_extracts_that_say_so(
    slack: StandIn, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_MODEL__URL", "http://127.0.0.1:9")
    with running("socket"):
        wait_for(lambda: slack.n_connections == 1)
        slack.send(envelope(event(text="<@UBOT> 阿尔滕天文台的望远镜口径是多少？")))
        wait_for(lambda: any(map(is_answered, slack.said("C1"))), 30)
    (message,) = slack.said("C1")
    assert "37 厘米" in message["text"]
    assert "模型尚未就绪" in all_text(message)


def test_without_tokens_it_says_which(study: Study, indexed: Path) -> None:
    result = study("slack")
    assert result.exit_code == 1
    assert "STUDY_SLACK__BOT_TOKEN is not set" in result.stderr
    assert "docs/slack.md" in result.stderr


def test_wrong_token_is_told(
    study: Study, slack: StandIn, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_SLACK__BOT_TOKEN", "xoxb-wrong")
    monkeypatch.setenv("STUDY_MODEL__URL", "http://127.0.0.1:9")
    result = study("slack")
    assert result.exit_code == 1
    assert "invalid_auth" in result.stderr
    assert "xoxb-wrong" not in result.output


def test_taken_port_is_told(
    study: Study, slack: StandIn, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_MODEL__URL", "http://127.0.0.1:9")
    monkeypatch.setenv("STUDY_SLACK__PORT", slack.url.split(":")[2].split("/", maxsplit=1)[0])
    result = study("slack", "--mode", "http")
    assert result.exit_code == 1
    assert "STUDY_SLACK__PORT" in result.stderr


def test_without_an_index_it_says_so(study: Study, slack: StandIn) -> None:
    result = study("slack")
    assert result.exit_code == 1
    assert "study ingest" in result.stderr
