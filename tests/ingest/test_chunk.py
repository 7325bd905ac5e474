import re
from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.embedded_texts import embedded_text
from assistant.records import Passage
from ingest.chunk import chunk
from ingest.parse import assemble
from ingest.parse_markdown import markdown_blocks
from ingest.records import Block, Document, ElementKind, Extract

MAX_TOKENS = 60


def count_words(text: str) -> int:
    """Count Latin words, and Chinese characters one by one."""
    return len(re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+", text))


def document(*blocks: Block, source: str = "zh/a.md") -> Document:
    return assemble(Extract(blocks=blocks), source)


def passages_of(markdown: str, *, max_tokens: int = MAX_TOKENS) -> list[Passage]:
    parsed = document(*markdown_blocks(markdown))
    return chunk(parsed, max_tokens=max_tokens, count_tokens=count_words)


def words(n: int, name: str = "w") -> str:
    return " ".join(f"{name}{i}" for i in range(n))


def sentences(n: int, length: int = 8) -> str:
    return " ".join(words(length, f"S{i}x") + "." for i in range(n))


def test_a_passage_carries_its_provenance() -> None:
    parsed = assemble(
        Extract(
            blocks=(
                Block(kind="heading", text="一", level=1, page=3),
                Block(kind="heading", text="二", level=2, page=3),
                Block(kind="text", text="一段文字。", page=3),
            ),
            front_matter={"audience": "hr", "title": "标题"},
        ),
        "course/zh/03-a.md",
    )
    assert chunk(parsed, max_tokens=100, count_tokens=count_words) == [
        Passage(
            passage_id=sha256("course/zh/03-a.md\x1f一\x1f二\x1f一段文字。".encode()).hexdigest()[
                :16
            ],
            source="course/zh/03-a.md",
            title="标题",
            heading=("一", "二"),
            text="一段文字。",
            language="zh",
            kind="text",
            page=3,
            start_char=6,
            end_char=11,
            position=0,
            section=1,
            twin="course/*/03-a.md",
            audience="hr",
        )
    ]


def test_no_passage_crosses_a_heading_or_a_page() -> None:
    parsed = document(
        Block(kind="heading", text="A", level=1, page=1),
        Block(kind="text", text="one", page=1),
        Block(kind="text", text="two", page=2),
        Block(kind="heading", text="B", level=1, page=2),
        Block(kind="heading", text="C", level=2, page=2),
        Block(kind="text", text="three", page=2),
        Block(kind="heading", text="D", level=1, page=2),
    )
    found = chunk(parsed, max_tokens=100, count_tokens=count_words)
    assert [(each.text, each.heading, each.page, each.section) for each in found] == [
        ("one", ("A",), 1, 0),
        ("two", ("A",), 2, 0),
        ("three", ("B", "C"), 2, 2),
    ]


def test_paragraphs_are_packed_and_balanced() -> None:
    text = "\n\n".join(sentences(2) for _ in range(5))  # 5 paragraphs of 16 words
    found = passages_of("# T\n\n" + text, max_tokens=70)
    assert [count_words(each.text) for each in found] == [48, 32]
    assert found[0].text + "\n\n" + found[1].text == text


def test_a_paragraph_too_long_is_cut_between_sentences() -> None:
    found = passages_of("# T\n\n" + sentences(12))
    assert len(found) == 2
    assert [count_words(each.text) for each in found] == [48, 48]
    assert all(each.text.endswith(".") for each in found)


def test_chinese_is_cut_at_its_own_full_stops() -> None:
    text = "".join(f"第{i}句话说的是一件小事；它还有后半句。" for i in "一二三四五六七八")
    found = passages_of("# 题\n\n" + text)
    assert "".join(each.text for each in found) == text
    assert all(each.text[-1] in "。；" for each in found)
    assert max(len(each.text) for each in found) <= MAX_TOKENS


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("，".join(["一个很长的句子没有句号"] * 10), "，"),
        (words(150), ""),
        ("字" * 150, ""),
    ],
    ids=["clauses", "words", "characters"],
)
def test_an_over_long_sentence_is_cut_hard(text: str, ends: str) -> None:
    found = passages_of(f"# T\n\n{text}")
    assert re.sub(r"\s", "", "".join(each.text for each in found)) == text.replace(" ", "")
    assert all(count_words(each.text) <= MAX_TOKENS for each in found)
    assert all(each.text.endswith(ends) for each in found[:-1])


def test_tables_code_and_formulas_stay_whole_where_they_fit() -> None:
    table = "| a | b |\n| --- | --- |\n| c | d |"
    code = "```python\nif x:\n    return 1\n\ny = 2\n```"
    markdown = f"# T\n\n{sentences(5)}\n\n{table}\n\n{sentences(4)}\n\n{code}\n\n{sentences(4)}"
    texts = [each.text for each in passages_of(markdown)]
    assert sum(table in text for text in texts) == 1
    assert sum(code in text for text in texts) == 1


def test_a_table_or_listing_alone_says_what_it_is() -> None:
    markdown = "# T\n\n## A\n\n| a |\n| --- |\n| b |\n\n## B\n\n```\nx\n```\n\n## C\n\n$$x$$\n"
    assert [each.kind for each in passages_of(markdown)] == ["table", "code", "formula"]


def test_code_too_long_is_cut_at_lines_that_are_not_indented() -> None:
    functions = "\n".join(f"def f{i}():\n    return {words(6)}\n" for i in range(10))
    found = passages_of(f"# T\n\n```python\n{functions}\n```\n\nAfter it.")
    assert [each.kind for each in found] == [*["code"] * (len(found) - 1), "text"]
    assert found[0].text.startswith("```python\ndef f0")
    assert all(each.text.startswith("def f") for each in found[1:-1])
    assert not any(each.text.endswith("```") for each in found)
    assert found[-1].text == "After it."


def test_a_formula_stays_with_the_sentence_before_it() -> None:
    long = sentences(6)
    found = passages_of(f"# T\n\n{long} The formula is:\n\n$$a = b$$\n\n{sentences(3)}")
    holder = next(each for each in found if "$$a = b$$" in each.text)
    assert "The formula is:\n\n$$a = b$$" in holder.text


def test_what_introduces_a_list_stays_with_it() -> None:
    items = "\n".join(f"- {words(8, f'i{i}x')}" for i in range(4))
    found = passages_of(f"# T\n\n{sentences(4)}\n\nThe steps are:\n\n{items}")
    assert len(found) == 2
    assert found[1].text.startswith("The steps are:")


def test_ids_survive_what_happens_elsewhere_and_tell_repetitions_apart() -> None:
    before = passages_of("# T\n\n## A\n\nsame\n\n## A\n\nsame\n\n## B\n\ntext")
    after = passages_of("# T\n\n## New\n\nx\n\n## A\n\nsame\n\n## A\n\nsame\n\n## B\n\ntext")
    assert len({each.passage_id for each in before}) == 3
    assert {each.passage_id for each in before} < {each.passage_id for each in after}


def test_long_headings_leave_half_of_the_limit_to_the_text() -> None:
    heading = words(200)
    found = passages_of(f"# {heading}\n\n{sentences(8)}")
    assert [count_words(each.text) for each in found] == [24, 24, 16]


def test_what_is_embedded_stays_within_the_limit() -> None:
    markdown = f"# 标题 one two\n\n## Part {words(9)}\n\n{sentences(30)}"
    found = passages_of(markdown)
    assert len(found) > 4
    assert max(count_words(embedded_text(each)) for each in found) <= MAX_TOKENS


def test_a_text_without_any_end_is_cut_without_counting_all_of_it() -> None:
    longest = 0

    def count(text: str) -> int:
        nonlocal longest
        longest = max(longest, len(text))
        return len(text)

    parsed = document(Block(kind="text", text="x" * 300_000))
    found = chunk(parsed, max_tokens=100, count_tokens=count)
    assert sum(len(each.text) for each in found) == 300_000
    assert longest < 10_000


KINDS: Sequence[ElementKind] = ("text", "text", "text", "heading", "table", "code", "formula")
PIECES = st.text(
    alphabet=st.sampled_from("abc字词，。；：.:!? \n\t`|$-1A（）\u3000é👩"), max_size=120
)
BLOCKS = st.lists(
    st.builds(
        Block,
        kind=st.sampled_from(KINDS),
        text=PIECES,
        level=st.integers(1, 3),
        page=st.sampled_from([None, None, 1, 2]),
    ),
    min_size=1,
    max_size=12,
)


def count(text: str) -> int:
    """Count characters, and white space between them once at most, as tokenizers do."""
    return len(" ".join(text.split()))


@settings(max_examples=300, deadline=None)
@example(
    blocks=[Block(kind="text", text=text) for text in ("。1", "? 1", "1111111111 \n1")],
    max_tokens=24,
)
@given(blocks=BLOCKS, max_tokens=st.integers(12, 60))
def test_any_document_is_cut_within_the_limit_without_loss(
    blocks: list[Block], max_tokens: int
) -> None:
    blocks.append(Block(kind="text", text="end"))
    parsed = document(*blocks)
    found = chunk(parsed, max_tokens=max_tokens, count_tokens=count)
    covered = [False] * len(parsed.text)
    end = 0
    for each in found:
        assert parsed.text[each.start_char : each.end_char] == each.text
        assert each.start_char >= end  # no overlap, reading order
        end = each.end_char
        covered[each.start_char : end] = [True] * (end - each.start_char)
        prefix = " > ".join([each.title, *(part for part in each.heading if part != each.title)])
        assert count(each.text) <= max(max_tokens - count(prefix) - 3, max_tokens // 2)
    for element in parsed.elements:
        lines = element.text.splitlines(keepends=True)
        for place in range(element.start_char, element.end_char):
            is_fence = element.kind == "code" and place >= element.end_char - len(lines[-1])
            if element.kind != "heading" and not is_fence and not parsed.text[place].isspace():
                assert covered[place], parsed.text[place:]
    assert len({each.passage_id for each in found}) == len(found)
    assert [each.position for each in found] == list(range(len(found)))
    assert found == chunk(parsed, max_tokens=max_tokens, count_tokens=count)
