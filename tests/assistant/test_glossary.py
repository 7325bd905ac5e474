from pathlib import Path

import pytest

from assistant.errors import ConfigError
from assistant.glossary import Glossary, Term


def term(en: str, zh: str, *aliases: str) -> Term:
    return Term(
        en=en, zh=zh, aliases=aliases, definition_en="It is.", definition_zh="它是。", module="01"
    )


ATTENTION = term("attention", "注意力", "attention mechanism", "注意力机制")
MULTI_HEAD = term("multi-head attention", "多头注意力", "MHA")
RAG = term("retrieval-augmented generation", "检索增强生成", "RAG")
GPT = term("GPT-4", "GPT-4 模型")
PROMPT = term("prompt", "提示词")
INJECTION = term("prompt injection", "提示词注入")
GLOSSARY = Glossary([ATTENTION, MULTI_HEAD, RAG, GPT, PROMPT, INJECTION])


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("What is attention?", [ATTENTION]),
        ("Multi-Head Attention splits", [MULTI_HEAD]),
        ("multi-head attention is attention", [MULTI_HEAD, ATTENTION]),
        ("多头注意力和注意力机制", [MULTI_HEAD, ATTENTION]),
        ("什么是注意力机制？", [ATTENTION]),
        ("用RAG回答", [RAG]),
        ("RAGs are many", [RAG]),
        ("two prompts", [PROMPT]),
        ("promptly", []),
        ("What is prompt injection?", [INJECTION]),
        ("提示词注入", [INJECTION]),
        ("a fragile dragon", []),
        ("MHA, then rag", [MULTI_HEAD, RAG]),
        ("提示词怎么写", [PROMPT]),
        ("nothing here", []),
        ("", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_terms_are_found_by_their_longest_names(text: str, terms: list[Term]) -> None:
    assert list(GLOSSARY.find(text)) == terms


def test_terms_come_in_the_order_of_their_first_mention() -> None:
    assert GLOSSARY.find("RAG, attention, RAG again") == (RAG, ATTENTION)


def test_other_names_are_those_that_the_text_does_not_use() -> None:
    assert GLOSSARY.other_names("What is RAG?") == (
        "retrieval-augmented generation",
        "检索增强生成",
    )
    assert GLOSSARY.other_names("What is a cat?") == ()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("atention", "attention"),
        ("Attentoin", "attention"),
        ("GPT4", "gpt-4"),
        ("GPT-5", None),
        ("Zephyr", None),
    ],
)
def test_slip_is_told_from_another_name(name: str, near: str | None) -> None:
    assert GLOSSARY.nearly(name) == near


def test_names_by_language() -> None:
    assert (RAG.name("zh"), RAG.name("en")) == ("检索增强生成", "retrieval-augmented generation")
    assert RAG.names == ("retrieval-augmented generation", "检索增强生成", "RAG")


def test_empty_glossary_finds_nothing() -> None:
    assert Glossary().find("attention") == ()
    assert Glossary().nearly("attention") is None


def test_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "glossary.toml"
    path.write_text(
        '[[term]]\nen = "prompt"\nzh = "提示词"\naliases = []\n'
        'definition_en = "It is."\ndefinition_zh = "它是。"\nmodule = "01"\n',
        encoding="utf-8",
    )

    assert Glossary.load(path).terms == (PROMPT,)


@pytest.mark.parametrize(
    "text",
    [
        'en = "a',
        '[[term]]\nen = "a"',
        "term = 3",
        '[term]\nen = "a"',
        '[[term]]\nen = ""\nzh = "x"\naliases = []',
        '[[term]]\nen = "a"\nzh = "x"\naliases = "AB"',
        '[[term]]\nen = "a"\nzh = "x"\naliases = [""]',
        b"\xff\xfe",
    ],
    ids="cut lacks-fields number table empty-name string-aliases empty-alias bytes".split(),
)
def test_damaged_file_is_named_with_what_is_needed(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "glossary.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(ConfigError, match=r"glossary\.toml") as caught:
        Glossary.load(path)
    assert "aliases" in caught.value.hint
