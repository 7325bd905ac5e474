"""Markdown as Slack's mrkdwn: readable, and nothing in it is live."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ui.formula_text import formula_text
from ui.slack_mrkdwn import code, escape, mrkdwn
from ui.slack_packing import packed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold** and *em*", "*bold* and _em_"),
        ("**要点：**如下", "*要点：*\u200b如下"),
        ("# Title **x**", "*Title x*"),
        ("- a\n- b\n  - c", "• a\n• b\n\u2003• c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("> said\n> twice", "> said twice"),
        ("`a < b`", "`a &lt; b`"),
        ("```py\nx = a & b\n```", "```\nx = a &amp; b\n```"),
        ("with $\\sqrt{d_k}$ in it", "with `√(d_k)` in it"),
        ("| a | 中文 |\n|---|---|\n| bcd | e |", "```\na    中文\n───  ────\nbcd  e\n```"),
        ("one\ntwo", "one two"),
        ("一\n二", "一二"),
        ("a fact [1], another [2].", "a fact [1], another [2]."),
        ("[here](https://x.example/y)", "here (https://x.example/y)"),
        ("![logo](https://x.example/y.png)", "[logo]"),
        ("<b>no</b>", "&lt;b&gt;no&lt;/b&gt;"),
    ],
)
def test_markdown_becomes_mrkdwn(text: str, expected: str) -> None:
    assert "\n\n".join(mrkdwn(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<!channel>",
        "<!here|here>",
        "<@U123>",
        "<!subteam^S1>",
        "<https://evil.example|click>",
        "[x](<!channel>)",
        "`<!channel>`",
        "```\n<!channel>\n```",
        "$<!channel>$",
        "$$\\text{<@U1>}$$",
        "| <!channel> |\n|---|\n| <@U1> |",
        "&lt;!channel&gt;",
        "&#60;!channel&#62;",
        "\\<!channel\\>",
        "**<!channel>**",
        "> <!channel>",
        "# <!channel>",
        "- <!channel>",
        "[<!channel>]: https://x.example\n\n[<!channel>]",
    ],
)
def test_nothing_calls_people_or_links(text: str) -> None:
    assert "<" not in "".join(mrkdwn(text))


@given(some.text(alphabet="<>!@#&|`*_~$[]()\\^{}-. \n1aU中", max_size=60))
def test_no_text_at_all_calls_people_or_links(text: str) -> None:
    shown = "\n".join(packed(mrkdwn(text), 50))
    assert "<" not in shown
    assert not re.search(r"&(?!(?:amp|lt|gt);)", shown)


def test_signs_in_plain_text_are_not_taken_for_formatting() -> None:
    assert escape("2 * 3, d_k, *args, ~x~ and `y`") == "2 * 3, d_k, ∗args, ∼x∼ and ˋyˋ"
    assert code("a`b") == "`aˋb`"


def test_code_cannot_end_its_block() -> None:
    (block,) = mrkdwn("````\n```\n*bold*\n````")
    assert block.count("```") == 2


def test_mark_is_noted_after_what_it_marks() -> None:
    text = "Right. **Wrong** here. Right."
    start, end = text.index("**"), text.index(" Right.", 9)
    shown = mrkdwn(text, marks=[(start, end)], after_mark=" _(!)_")
    assert shown == ["Right. *Wrong* here. _(!)_ Right."]


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\frac{QK^\top}{\sqrt{d_k}}", "QK^⊤/√(d_k)"),
        (r"\cos 60^{\circ}, f \circ g", "cos60°, f ∘g"),
        ("e^{x+1}", "e^(x+1)"),
        (r"\mathrm{softmax}\!\left(x\right)", "softmax (x)"),
        (r"\unknown", r"\unknown"),
    ],
)
def test_formula_can_be_read(tex: str, expected: str) -> None:
    assert formula_text(tex) == expected
