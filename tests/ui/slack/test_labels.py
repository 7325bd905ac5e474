"""The bot's texts say the same in both languages, with the same names to fill in."""

import dataclasses
import re

import pytest

from tests.ui.test_labels import names
from ui.slack_labels import EN, ZH, SlackLabels

TEXTS = [field.name for field in dataclasses.fields(SlackLabels)]


@pytest.mark.parametrize("field", TEXTS)
def test_both_languages_say_it_with_the_same_names(field: str) -> None:
    zh, en = getattr(ZH, field), getattr(EN, field)
    assert names(zh) == names(en)
    assert re.search("[\u4e00-\u9fff]", zh)
    assert not re.search("[\u4e00-\u9fff]", en)


@pytest.mark.parametrize("labels", [ZH, EN], ids=["zh", "en"])
def test_buttons_and_titles_are_within_what_slack_takes(labels: SlackLabels) -> None:
    assert len(labels.sources_title) <= 24
    assert len(labels.close) <= 24
    assert len(labels.confirm) <= 30
    assert len(labels.cancel) <= 30
    assert len(labels.ask_owner_title) <= 100
    assert len(labels.ask_owner_text) <= 300
