import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ui.markdown_writer import Style
from ui.safe_markdown import escape_for_file, escape_for_page, rewrite

PAGE = Style(escape=escape_for_page)
MARKING = Style(
    escape=escape_for_page,
    open_mark=":yellow-background[",
    close_mark="]",
    after_mark=" :orange-badge[unsure]",
    block_label="quoted",
)
FILE = Style(escape=escape_for_file, guards_emphasis=False)

LIVE = {"link_open", "image", "html_block", "html_inline"}


def unwrapped(text: str) -> str:
    """Return `text` as the page's parser sees it inside the directives that we write.

    It ends a label at the first unpaired bracket that isn't escaped, whatever code or formula
    that bracket is part of.
    """
    found = re.search(r"(?<!\\):(?:color|yellow-background|orange-badge)\[", text)
    if not found:
        return text
    depth, index = 1, found.end()
    while depth and index < len(text):
        index += 2 if text[index] == "\\" else 1
        if index <= len(text) and text[index - 1 : index] in {"[", "]"} and text[index - 2] != "\\":
            depth += 1 if text[index - 1] == "[" else -1
    label = text[found.end() : index - 1]
    return text[: found.start()] + label + unwrapped(text[index:])


def live_tokens(markdown: str) -> list[str]:
    """Return what a parser that allows everything finds alive in `markdown`."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    tokens = parser.parse(unwrapped(markdown))
    inner = [child for token in tokens for child in token.children or ()]
    return [token.type for token in [*tokens, *inner] if token.type in LIVE]


def visible_text(markdown: str) -> str:
    """Return what a reader sees, directives and formulas aside."""
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(re.sub(r"(?<!\\):color\[((?:\\.|[^\]\\])*)\]", r"\1", markdown))
    pieces = [
        child.content or "\n" * (child.type in {"softbreak", "hardbreak"})
        for token in tokens
        for child in token.children or ()
    ]
    return "".join(pieces)


@pytest.mark.parametrize(
    "attack",
    [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "[text](http://evil.example)",
        "[text](javascript:alert(1))",
        "[text](JaVaScRiPt:alert(1) 'title')",
        "![pixel](http://evil.example/p.png)",
        "[![x](http://evil.example/p.png)](http://evil.example)",
        "[text][ref]\n\n[ref]: http://evil.example",
        "<http://evil.example>",
        "<a href='http://evil.example'>x</a>",
        "text\n\n<div>\n\n[x](http://evil.example)\n\n</div>",
        "| a | b |\n|---|---|\n| `x|[c](http://evil.example)` |",
        "| a | b |\n|---|---|\n| `x\\\\|[c](http://evil.example)` |",
        "`code` [x](http://evil.example) `",
        "``a` [x](http://evil.example)",
        "```\nclosed\n```\n[x](http://evil.example)",
        "~~~ `\n[x](http://evil.example)\n~~~\n![y](http://evil.example)",
        "- ```\n  [x](http://evil.example)\n[y](http://evil.example)",
        "$a$ [x](http://evil.example) $b$",
        "$$\n[x](http://evil.example)",
        "&#91;x&#93;&#40;http://evil.example&#41;",
        "\\[x](http://evil.example)",
        "\\\\[x](http://evil.example)",
        "a\u0000[x](http://evil.example)",
        "[x]\\(http://evil.example)",
        "<!-- [x](http://evil.example) -->",
        "# [x](http://evil.example) #",
        "[^1]\n\n[^1]: ![x](http://evil.example)",
    ],
)
@pytest.mark.parametrize("style", [PAGE, FILE], ids=["page", "file"])
def test_nothing_of_an_attack_is_alive(attack: str, style: Style) -> None:
    assert live_tokens(rewrite(attack, style)) == []


def test_the_check_itself_sees_what_is_alive() -> None:
    text = "<img src=x> [x](javascript:1) ![x](http://e) :color[`]` [y](http://e) `]`"
    assert live_tokens(text) == ["html_inline", "link_open", "image", "link_open"]


PIECES = st.sampled_from(
    [
        "[x](http://e)", "![i](http://e)", "<b>", "`", "``", "```", "\n", "\n\n", "    ", "- ",
        "1. ", "> ", "|", "|---|", "$", "$$", "\\", "\\(", "\\)", "\\[", "\\]", "*", "**", "_",
        ":", ":red[", "]", "[", "(", ")", "[1]", "&#91;", "&#xE000;", "&#xE002;0&#xE004;", "&lt;",
        "\ue000", "\ue0020\ue004", "文", "字。", "a", "b ", "#", "# ", "~~~", "=", "---", "\t",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=30), st.data())
def test_no_mixture_of_markup_comes_alive(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    ends = st.integers(0, len(text))
    start, end = sorted((data.draw(ends), data.draw(ends)))
    written = rewrite(text, MARKING, marks=[(start, end)], markers={1}, write_marker="⟦{}⟧".format)
    assert live_tokens(written) == []
    assert not re.search("[\ue000-\ue00f]", written)


def test_brackets_of_directives_and_names_of_icons_are_escaped() -> None:
    written = rewrite(":red[x] :material/delete: :smile: ::leaf[y]{a=b}", PAGE)
    assert visible_text(written) == ":red[x] :material/delete: :smile: ::leaf[y]{a=b}"
    assert not re.search(r"(?<!\\):(?!color\[)", written)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$5 and $6", r"\$5 and \$6"),
        ("从$5涨到$6", r"从\$5涨到\$6"),
        ("US$5和HK$7", r"US\$5和HK\$7"),
        ("a $ b $ c", r"a \$ b \$ c"),
        ("式 $x$ 与 $5 起", r"式 $x$ 与 \$5 起"),
        ("$a_1<b$。", "$a_1<b$。"),
        ("FFN$(x)$。", "FFN$(x)$。"),
        ("5$或6$", r"5\$或6\$"),
        (r"\(x^2\)", "$x^2$"),
        (r"\[ \frac{1}{2} \]", "$$\n\\frac{1}{2}\n$$"),
        ("前 $$a+b$$ 后", "前\n\n$$\na+b\n$$\n\n后"),
        (r"\[1\]", r"\[1\]"),
        ("`$x$`", "`$x$`"),
        ("```\n$x$ [1]\n```", "```\n$x$ [1]\n```"),
    ],
)
def test_formulas_are_told_from_prices(text: str, expected: str) -> None:
    assert rewrite(text, PAGE, markers={1}) == expected


@pytest.mark.parametrize("command", [r"\href{javascript:alert(1)}{x}", r"\def\a{\a\a}\a"])
def test_formula_that_reaches_out_is_shown_as_text(command: str) -> None:
    written = rewrite(f"${command}$", PAGE)
    assert written.startswith(r"\$\\")
    assert visible_text(written) == f"${command}$"


def test_formula_in_a_table_keeps_its_bars_out_of_the_cells() -> None:
    written = rewrite("| a |\n|---|\n| \\(P(x\\|y)\\) |", PAGE)
    assert written.splitlines()[-1].count("|") == 2


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("**重点：**如下", "重点："),
        ("这是**“引文”**吗", "“引文”"),
        ("这里**强调。**然后", "强调。"),
    ],
)
def test_bold_beside_chinese_punctuation_is_bold_also_to_a_strict_parser(
    text: str, inner: str
) -> None:
    written = rewrite(text, PAGE)
    tokens = MarkdownIt("commonmark").parse(written)[1].children or []
    opening = [token.type for token in tokens].index("strong_open")
    assert tokens[opening + 1].content == inner
    assert visible_text(written) == text.replace("**", "")


def test_structure_survives() -> None:
    text = (
        "# Title\n\ntext **bold** *it*\n\n1. one\n   - `a|b`\n2. two\n\n> quote\n\n"
        "| a | b |\n|:-:|--:|\n| 1 | 2 |\n\n```python\nx = 1\n```"
    )
    assert rewrite(text, PAGE) == (
        "#### Title\n\ntext **bold** *it*\n\n1. one\n   - `a|b`\n2. two\n\n> quote\n\n"
        "| a | b |\n|:---:|---:|\n| 1 | 2 |\n\n```python\nx = 1\n```"
    )


def test_line_end_between_chinese_characters_leaves_no_gap() -> None:
    assert rewrite("第一行\n第二行\nline three", PAGE) == "第一行第二行\nline three"


def test_code_is_fenced_beyond_its_own_fences_and_no_diagram_is_drawn() -> None:
    assert rewrite("````\n```\n````", PAGE) == "````\n```\n````"
    assert rewrite("```mermaid\ngraph TD\n```", PAGE) == "```\ngraph TD\n```"


def test_link_becomes_its_text_and_address() -> None:
    assert visible_text(rewrite("[LoRA](https://a.example/x)", PAGE)) == (
        "LoRA (https://a.example/x)"
    )
    assert visible_text(rewrite("[click](javascript:x)", PAGE)) == "click"
    assert visible_text(rewrite("![alt](http://e/x.png)", PAGE)) == "[alt]"


def test_only_known_markers_become_links_and_none_in_code() -> None:
    written = rewrite(
        "a[1][2, 3]。b[9] `x[1]`", PAGE, markers={1, 2, 3}, write_marker="<{}>".format
    )
    assert written == r"a<1><2><3>。b\[9\] `x[1]`"


@pytest.mark.parametrize(
    ("text", "marked", "expected"),
    [
        ("前面。中间。后面。", "中间。", "前面。:yellow-background[中间。] "
            ":orange-badge[unsure]后面。"),
        (
            "a **b c** d",
            "b c** d",
            "a **:yellow-background[b c]** :yellow-background[d] :orange-badge[unsure]",
        ),
        ("- 甲\n- 乙", "- 乙", "- 甲\n- :yellow-background[乙] :orange-badge[unsure]"),
        (
            "见 `x[0]` 吧",
            "`x[0]`",
            "见 :yellow-background[`x[0]`] :orange-badge[unsure] 吧",
        ),
        (
            r"是 $\sqrt{d_k}[0]$ 吧",
            r"$\sqrt{d_k}[0]$",
            r"是 :yellow-background[$\sqrt{d_k}[0]$] :orange-badge[unsure] 吧",
        ),
        ("见 `x]` 吧", "`x]`", "见 `x]` :orange-badge[unsure] 吧"),
        (
            "| a | b |\n|---|---|\n| 甲 | 乙 |",
            "| 甲 | 乙 |",
            "| a | b |\n|---|---|\n| :yellow-background[甲] | :yellow-background[乙] "
            ":orange-badge[unsure] |",
        ),
        (
            "```\nx = 1\n```",
            "x = 1",
            ":yellow-background[quoted]\n\n```\nx = 1\n```\n\n:orange-badge[unsure]",
        ),
    ],
    ids="sentence across-bold list-item code formula unpaired-bracket row block".split(),
)  # fmt: skip
def test_marks_enclose_what_they_name(text: str, marked: str, expected: str) -> None:
    start = text.index(marked)
    assert rewrite(text, MARKING, marks=[(start, start + len(marked))]) == expected


def test_long_mark_is_cut_into_labels_that_the_page_reads() -> None:
    written = rewrite("字" * 1000, MARKING, marks=[(0, 1000)])
    labels = re.findall(r":yellow-background\[(字+)\]", written)
    assert "".join(labels) == "字" * 1000
    assert max(map(len, labels)) <= 200


@pytest.mark.parametrize(
    "text",
    [
        "http://evil.example/a",
        "www.evil.example",
        "me@evil.example",
        "a -> b",
        ":+1:",
        "1. x",
        "# x",
    ],
)
def test_label_is_seen_as_written_and_never_read_as_more(text: str) -> None:
    written = escape_for_page(text)
    assert visible_text(written) == text
    assert not re.search(r"https?:/|www\.|\w@", written)


def test_unseen_characters_are_gone() -> None:
    assert "\u202e" not in rewrite("a\u202eb", PAGE)
    assert "\u202e" not in escape_for_page("a\u202eb")
    assert rewrite("&#x202e;x", PAGE).count("\u202e") == 0
