"""What the doctor says of a Slack bot."""

import socket
from pathlib import Path
from typing import Any

import pytest

from assistant.settings import Settings
from tests.ui.slack.conftest import bot_settings
from tests.ui.slack.stand_in import Fault, StandIn
from ui import slack_checks as checks
from ui.slack_checks import slack_checks


def verdicts(settings: Settings) -> dict[str, str]:
    return {check.matter: check.verdict for check in slack_checks(settings)}


def test_without_tokens_there_is_nothing_to_check(tmp_path: Path) -> None:
    assert verdicts(Settings(home=tmp_path)) == {"slack": "ok"}


def test_good_tokens_are_good(slack: StandIn, tmp_path: Path) -> None:
    found = {each.matter: each for each in slack_checks(bot_settings(tmp_path, slack.url))}
    assert found["slack socket"].verdict == found["slack http"].verdict == "ok"
    # The stand-in's token may do more than is used.
    assert found["slack bot"].verdict == "warning"
    assert "mpim:history" in found["slack bot"].finding


@pytest.mark.parametrize(
    ("options", "matter", "hint"),
    [
        ({"bot_token": "xoxb-wrong"}, "slack bot", "STUDY_SLACK__BOT_TOKEN"),
        ({"bot_token": None}, "slack bot", "docs/slack.md"),
        ({"app_token": "xapp-wrong"}, "slack socket", "STUDY_SLACK__APP_TOKEN"),
        ({"app_token": None, "signing_secret": None}, "slack events", "Socket Mode"),
    ],
)
def test_what_is_wrong_is_named(
    slack: StandIn, tmp_path: Path, options: dict[str, Any], matter: str, hint: str
) -> None:
    found = {
        each.matter: each for each in slack_checks(bot_settings(tmp_path, slack.url, **options))
    }
    assert found[matter].verdict == "problem"
    assert hint in found[matter].hint


def test_missing_scope_is_named(
    slack: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "SCOPES", (*checks.SCOPES, "moon:read"))
    check = next(iter(slack_checks(bot_settings(tmp_path, slack.url))))
    assert check.verdict == "problem"
    assert "moon:read" in check.finding


def test_scopes_that_slack_does_not_name_are_not_said_to_be_there(
    slack: StandIn, tmp_path: Path
) -> None:
    slack.says_only_ok = True
    check = next(iter(slack_checks(bot_settings(tmp_path, slack.url))))
    assert check.verdict == "ok"
    assert check.finding == "The bot in Slack; Slack does not say which scopes the token has"


def test_group_that_cannot_be_read_is_a_problem(slack: StandIn, tmp_path: Path) -> None:
    settings = bot_settings(tmp_path, slack.url, audiences={"S1": ("managers",)})
    assert verdicts(settings)["slack groups"] == "ok"
    slack.fail("usergroups.users.list", Fault(error="no_such_subteam"))
    found = {each.matter: each for each in slack_checks(settings)}
    assert found["slack groups"].verdict == "problem"
    assert "S1" in found["slack groups"].finding


def test_slack_that_cannot_be_reached_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_PATIENCE_S", 0.1)
    found = list(slack_checks(bot_settings(tmp_path, "http://127.0.0.1:9/api/")))
    assert [each.verdict for each in found] == ["problem", "problem", "ok"]
    assert "unreachable" in found[0].finding


def test_taken_port_is_a_warning(slack: StandIn, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = bot_settings(tmp_path, slack.url, port=taken.getsockname()[1])
        assert verdicts(settings)["slack http"] == "warning"
