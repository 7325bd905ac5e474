"""The glossary: every term complete, in both languages, under names that belong to it alone."""

import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

CORPUS = Path(__file__).parents[2] / "corpus"

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ARTICLE = re.compile(r"^(a|an|the) ")
ENGLISH_SENTENCE_END = re.compile(r"[.!?](?=\s+[A-Z]|$)")
CHINESE_SENTENCE_END = re.compile(r"[。！？]")


class Term(BaseModel):
    """One `[[term]]`: exactly these fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)
    aliases: list[str]
    definition_en: str = Field(min_length=1)
    definition_zh: str = Field(min_length=1)
    module: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.en, self.zh, *self.aliases)


class Glossary(BaseModel):
    """The whole of `glossary.toml`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    term: list[Term]


@pytest.fixture(scope="module")
def terms() -> Sequence[Term]:
    text = (CORPUS / "glossary.toml").read_text(encoding="utf-8")
    return Glossary.model_validate(tomllib.loads(text)).term


def repeated(values: Sequence[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_there_are_enough_terms(terms: Sequence[Term]) -> None:
    assert len(terms) >= 60


def test_ids_are_unique(terms: Sequence[Term]) -> None:
    assert not repeated([term.id for term in terms])


def test_each_name_and_alias_belongs_to_one_term(terms: Sequence[Term]) -> None:
    assert not repeated([name.casefold() for term in terms for name in term.names])


def test_names_have_no_space_at_their_ends(terms: Sequence[Term]) -> None:
    assert [name for term in terms for name in term.names if not name or name != name.strip()] == []


def test_chinese_fields_contain_chinese(terms: Sequence[Term]) -> None:
    for term in terms:
        assert CHINESE.search(term.zh), term.id
        assert CHINESE.search(term.definition_zh), term.id


def test_english_fields_contain_no_chinese(terms: Sequence[Term]) -> None:
    for term in terms:
        assert not CHINESE.search(term.en + term.definition_en), term.id


def test_each_definition_is_one_sentence(terms: Sequence[Term]) -> None:
    for term in terms:
        assert term.definition_en.endswith("."), term.id
        assert len(ENGLISH_SENTENCE_END.findall(term.definition_en)) == 1, term.id
        assert term.definition_zh.endswith("。"), term.id
        assert len(CHINESE_SENTENCE_END.findall(term.definition_zh)) == 1, term.id


def test_each_definition_begins_with_its_term(terms: Sequence[Term]) -> None:
    for term in terms:
        english = ARTICLE.sub("", term.definition_en.casefold())
        assert english.startswith(term.en.casefold()), term.id
        assert term.definition_zh.startswith(term.zh), term.id


def test_each_module_is_in_the_curriculum(terms: Sequence[Term]) -> None:
    text = (CORPUS / "curriculum.toml").read_text(encoding="utf-8")
    modules = {module["id"] for module in tomllib.loads(text)["module"]}
    assert {term.module for term in terms} <= modules
