"""The real guide: 133 English and 90 Chinese MDX files and a lecture of 50 slides."""

from pathlib import Path

import pytest

from assistant.records import Passage
from ingest.chunk import chunk
from ingest.discover import discover
from ingest.parse import Limits
from ingest.parser_pool import n_workers, parse_all
from ingest.records import Document

GUIDE = Path(__file__).parents[2].parent / "shared" / "real-corpus" / "prompt-engineering-guide"
LECTURE = "lecture.pdf"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not GUIDE.is_dir(), reason="the guide is not here"),
]


def count_characters(text: str) -> int:
    return len(text)


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    discovery = discover([GUIDE], max_file_bytes=10**8)
    assert not discovery.failures
    limits = Limits(max_file_bytes=10**8, max_unpacked_bytes=10**8, timeout_s=60)
    found = {}
    for parsed in parse_all(discovery.files, limits, workers=n_workers(0)):
        assert isinstance(parsed.result, Document), (parsed.file.source, parsed.result)
        found[parsed.file.source] = parsed.result
    return found


def passages(document: Document) -> list[Passage]:
    return chunk(document, max_tokens=1200, count_tokens=count_characters)


def test_every_file_is_read_in_its_language(documents: dict[str, Document]) -> None:
    languages = [document.language for name, document in documents.items() if name != LECTURE]
    assert (languages.count("en"), languages.count("zh")) == (133, 90)
    assert documents[LECTURE].language == "en"


@pytest.mark.parametrize(
    ("source", "title", "headings"),
    [
        (
            "pages/techniques/cot.en.mdx",
            "Chain-of-Thought Prompting",
            [
                ("Chain-of-Thought Prompting", "Chain-of-Thought (CoT) Prompting"),
                ("Chain-of-Thought Prompting", "Zero-shot COT Prompting"),
                ("Chain-of-Thought Prompting", "Automatic Chain-of-Thought (Auto-CoT)"),
            ],
        ),
        (
            "pages/techniques/cot.zh.mdx",
            "Chain-of-Thought Prompting",
            [
                ("Chain-of-Thought Prompting", "链式思考（CoT）提示"),
                ("Chain-of-Thought Prompting", "零样本 COT 提示"),
                ("Chain-of-Thought Prompting", "自动思维链（Auto-CoT）"),
            ],
        ),
    ],
    ids=["en", "zh"],
)
def test_headings_are_those_of_the_file(
    documents: dict[str, Document], source: str, title: str, headings: list[tuple[str, ...]]
) -> None:
    document = documents[source]
    assert document.title == title
    found = list(dict.fromkeys(passage.heading for passage in passages(document)))
    assert found == headings
    assert {passage.twin for passage in passages(document)} == {"pages/techniques/cot.*.mdx"}


@pytest.mark.parametrize(
    ("page", "heading", "text"),
    [
        (2, "Prerequisites & Objectives", "- Knowledge of language models"),
        (5, "What are prompts?", "Prompt engineering is a process of creating a set of prompts"),
        (12, "Question Answering", "limit their cell-killing potential"),
        (20, "Few-shot Prompts", "A: The answer is True."),
        (30, "ReAct", "generate both reasoning traces and task-specific actions"),
        (48, "Future Directions", "- Graph Prompting"),
    ],
)
def test_slides_keep_their_number_and_title(
    documents: dict[str, Document], page: int, heading: str, text: str
) -> None:
    found = [passage for passage in passages(documents[LECTURE]) if text in passage.text]
    assert [(passage.page, passage.heading) for passage in found] == [(page, (heading,))]


def test_code_and_passages_are_letter_for_letter(documents: dict[str, Document]) -> None:
    source = "pages/prompts/coding/mysql-query.en.mdx"
    code = 'client = OpenAI()\n\nresponse = client.chat.completions.create(\n    model="gpt-4",'
    document = documents[source]
    assert code in document.text
    for passage in passages(document):
        assert document.text[passage.start_char : passage.end_char] == passage.text


def test_nothing_that_only_a_program_sees_is_left(documents: dict[str, Document]) -> None:
    for source, document in documents.items():
        texts = [element.text for element in document.elements if element.kind == "text"]
        for sign in ("](http", "<Screenshot", "<Callout", "from 'components", "{/*", "promoCode"):
            assert not [text for text in texts if sign in text], (source, sign)
