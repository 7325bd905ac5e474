import pytest

from ingest.errors import AudienceUnclear
from ingest.front_matter import About, split_front_matter, understand


def test_values_come_by_key_and_leave_the_text() -> None:
    values, text = split_front_matter(
        '---\ntitle: 微调\nLanguage: zh-CN\nversion: 1.0\nmodule: "05"\n---\n# 微调\n'
    )
    assert text == "# 微调\n"
    assert understand(values) == About(title="微调", language="zh", version="1.0")


@pytest.mark.parametrize(
    "text",
    ["# Title\n---\nx\n", "---\n\nA paragraph between rules.\n\n---\nmore", "no front matter"],
    ids=["below", "rules", "none"],
)
def test_text_that_merely_has_rules_stays_whole(text: str) -> None:
    assert split_front_matter(text) == ({}, text)


@pytest.mark.parametrize("audience", ["sales", "hr-2", "all", "a_b"])
def test_plain_names_are_audiences(audience: str) -> None:
    assert understand({"audience": audience}).audience == audience


@pytest.mark.parametrize(
    "front_matter",
    [
        "audience: Sales Team",
        "audience: HR",
        "audience: [hr, sales]",
        "audience:",
        "audience: 7",
        "audience: true",
        "audience: 销售",
        "audiance: hr",
        "audiences: hr",
        "audience: hr\naudience: all",
        "Audience: hr\naudience: all",
        "meta:\n  audience: hr",
        "title: x: y\naudience: hr",
        "{audience: hr",
    ],
)
def test_who_may_read_is_never_guessed(front_matter: str) -> None:
    with pytest.raises(AudienceUnclear):
        understand(split_front_matter(f"---\n{front_matter}\n---\ntext")[0])


def test_an_unknown_language_leaves_the_choice_to_name_and_text() -> None:
    assert understand({"language": "fr"}).language is None
    assert understand({"language": "EN-us"}).language == "en"
