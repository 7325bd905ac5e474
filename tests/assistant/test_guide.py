from dataclasses import replace

import pytest

from assistant.glossary import Glossary, Term
from assistant.guide import Guide
from assistant.records import Answer, Citation, Hit, Language
from tests.assistant.samples import passage


def term(en: str, zh: str, module: str) -> Term:
    return Term(en=en, zh=zh, aliases=(), definition_en="", definition_zh="", module=module)


TERMS = [
    term(f"term {module}{letter}", f"术语{module}{letter}", module)
    for module in ("01", "02", "03", "04", "05", "06", "07", "08")
    for letter in "ab"
]
GUIDE = Guide(Glossary(TERMS))


def answer(text: str, question: str = "What is it?", language: Language = "en") -> Answer:
    cited = passage(text)
    return Answer(
        question=question,
        standalone_question=question,
        language=language,
        text="…",
        abstained=False,
        mode="model",
        citations=(
            Citation(number=1, passage=cited, quote=text, start_char=0, end_char=len(text)),
        ),
    )


@pytest.mark.parametrize(
    ("language", "pattern"), [("en", "What is meant by term {}a?"), ("zh", "什么是术语{}a？")]
)
def test_first_questions_are_spread_over_the_modules(language: Language, pattern: str) -> None:
    assert GUIDE.suggest(language) == tuple(
        pattern.format(module) for module in ("01", "03", "05", "07")
    )


def test_few_terms_give_few_questions() -> None:
    assert Guide(Glossary(TERMS[:1])).suggest("en") == ("What is meant by term 01a?",)
    assert Guide(Glossary()).suggest("zh") == ()


def test_next_questions_are_about_terms_of_the_cited_passages() -> None:
    text = "term 01a leads to term 02b, term 03a, term 04a and term 05a"

    assert GUIDE.related(answer(text)) == (
        "What is meant by term 01a?",
        "What is meant by term 02b?",
        "What is meant by term 03a?",
    )


def test_terms_asked_for_are_not_suggested_again() -> None:
    related = GUIDE.related(answer("术语01a 和 术语02a", "什么是术语01a？", "zh"))

    assert related == ("什么是术语02a？",)


def test_an_abstention_leads_to_terms_of_what_is_near() -> None:
    near = Hit(passage=passage("About term 06b."), score=0.1)
    abstention = replace(answer(""), citations=(), nearest=(near,), abstained=True)

    assert GUIDE.related(abstention) == ("What is meant by term 06b?",)


def test_terms_of_the_cited_module_come_first() -> None:
    cited = replace(passage("About term 01a and term 03b."), source="en/03-transformer.md")
    hit = Hit(passage=cited, score=0.1)

    questions = GUIDE.related(replace(answer(""), citations=(), nearest=(hit,)))

    assert questions == ("What is meant by term 03b?", "What is meant by term 01a?")
