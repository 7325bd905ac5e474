"""The manifest asks for what the code uses, and for nothing else."""

import importlib.resources
from typing import Any

import pytest
import yaml

from ui.slack_checks import GROUP_SCOPE, SCOPES
from ui.slack_handlers import COMMAND, EXPLAIN


@pytest.fixture
def text() -> str:
    return importlib.resources.files("ui").joinpath("slack_manifest.yaml").read_text("utf-8")


@pytest.fixture
def manifest(text: str) -> dict[str, Any]:
    loaded = yaml.safe_load(text)
    assert isinstance(loaded, dict)
    return loaded


def test_scopes_are_those_that_the_doctor_wants(manifest: dict[str, Any], text: str) -> None:
    assert tuple(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES
    assert f"# - {GROUP_SCOPE} #" in text


def test_command_and_shortcut_are_those_that_are_heard(manifest: dict[str, Any]) -> None:
    assert [each["command"] for each in manifest["features"]["slash_commands"]] == [COMMAND]
    assert [each["callback_id"] for each in manifest["features"]["shortcuts"]] == [EXPLAIN]


def test_each_event_comes_with_its_scope(manifest: dict[str, Any]) -> None:
    needed = {
        "app_mention": "app_mentions:read",
        "assistant_thread_context_changed": "assistant:write",
        "assistant_thread_started": "assistant:write",
        "message.channels": "channels:history",
        "message.groups": "groups:history",
        "message.im": "im:history",
    }
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert events == sorted(needed)
    assert {needed[each] for each in events} <= set(SCOPES)


def test_lengths_are_within_what_slack_takes(manifest: dict[str, Any]) -> None:
    information = manifest["display_information"]
    assert len(information["name"]) <= 35
    assert len(information["description"]) <= 140
    assert len(manifest["features"]["shortcuts"][0]["name"]) <= 24
