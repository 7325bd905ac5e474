import pytest

from ingest.parse_markdown import markdown_blocks, parse_markdown, parse_mdx
from ingest.records import Block

ZH = r"""# 自注意力

自注意力（self-attention）是一种机制，它让**每个词元**看到[其他词元](https://example.org)。
它用 `softmax` 归一化，复杂度为 $O(n^2)$。**注意：**这很贵。

## 公式

权重由下式给出：

$$
\alpha_{ij} = \frac{\exp(q_i^\top k_j)}{\sum_l \exp(q_i^\top k_l)} \\
$$

| 模型 | 参数 |
| --- | --- |
| **BERT** | [340M](x) |

```python
def f(x):
    if x:
        return "a_b*c"

    return x
```

1. 第一步
2. 第二步
   - 嵌套项
"""

EN = """# Self-attention

Self-attention is a mechanism that lets **every token**
see [the others](https://example.org). It costs $O(n^2)$;
`softmax` normalises. ![A drawing of the attention weights](weights.png)

## Formula

The weights are:

$$a_{ij} = b$$

- first item
  goes on
- second item

  ```
  code in an item
  ```
- third

> A quotation
> of two lines.
"""


def test_chinese_markdown_keeps_structure_formulas_tables_and_code() -> None:
    blocks = parse_markdown(ZH.encode()).blocks
    assert blocks == (
        Block(kind="heading", text="自注意力", level=1),
        Block(
            kind="text",
            text="自注意力（self-attention）是一种机制，它让每个词元看到其他词元。"
            "它用 `softmax` 归一化，复杂度为 $O(n^2)$。注意：这很贵。",
        ),
        Block(kind="heading", text="公式", level=2),
        Block(kind="text", text="权重由下式给出："),
        Block(
            kind="formula",
            text="$$\\alpha_{ij} = \\frac{\\exp(q_i^\\top k_j)}"
            "{\\sum_l \\exp(q_i^\\top k_l)} \\\\$$",
        ),
        Block(kind="table", text="| 模型 | 参数 |\n| --- | --- |\n| BERT | 340M |"),
        Block(
            kind="code",
            text='def f(x):\n    if x:\n        return "a_b*c"\n\n    return x',
            code_language="python",
        ),
        Block(kind="text", text="1. 第一步\n2. 第二步\n  - 嵌套项"),
    )


def test_english_markdown_keeps_structure_lists_and_quotations() -> None:
    blocks = parse_markdown(EN.encode()).blocks
    assert [(block.kind, block.text) for block in blocks] == [
        ("heading", "Self-attention"),
        (
            "text",
            "Self-attention is a mechanism that lets every token see the others. "
            "It costs $O(n^2)$; `softmax` normalises. A drawing of the attention weights",
        ),
        ("heading", "Formula"),
        ("text", "The weights are:"),
        ("formula", "$$a_{ij} = b$$"),
        ("text", "- first item goes on\n- second item"),
        ("code", "code in an item"),
        ("text", "- third"),
        ("text", "A quotation of two lines."),
    ]


@pytest.mark.parametrize(
    ("markdown", "texts"),
    [
        ("Olivia has $23. She buys 5 for $3 each.", ["Olivia has $23. She buys 5 for $3 each."]),
        ("so\n$$x$$\nwhere", ["so", "$$x$$", "where"]),
        ("Let $$g(x)=1$$ hold.", ["Let $$g(x)=1$$ hold."]),
        ("\\[\nx_1 * y_1\n\\]", ["$$x_1 * y_1$$"]),
        ("\\(a_b * c_d\\) holds", ["$a_b * c_d$ holds"]),
        ("\\begin{align}\na &= b \\\\\n\\end{align}", None),
        ("![image.png](a.png)", []),
        ("![logo](a.png)", []),
        ("a<br>b <b>bold</b> &amp; <!-- gone --> c", ["a\nb bold & c"]),
        ("<div>\nblock\ntext\n</div>", ["block text"]),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", None),
        ("<script>\nalert(1)\n</script>", []),
        ("<https://example.org/a>", ["https://example.org/a"]),
        ("Text.[^1]\n\n[^1]: The note.", ["Text.", "The note."]),
        (":::tip 提示\n内容\n:::", ["提示内容"]),
        ("> [!NOTE]\n> Text", ["Text"]),
        ("## The `f` function {#f}", ["The f function"]),
        ("- [ ] 待办", ["- [ ] 待办"]),
        ("line one  \nline two", ["line one\nline two"]),
        ("***", []),
    ],
)
def test_what_readers_see_stays_and_the_rest_goes(markdown: str, texts: list[str] | None) -> None:
    blocks = markdown_blocks(markdown)
    if texts is not None:
        assert [block.text for block in blocks] == texts
    else:
        assert len(blocks) == 1
        assert blocks[0].kind in ("formula", "table")


def test_indented_text_is_code_in_markdown_and_text_in_mdx() -> None:
    source = b"<Callout>\n\n    indented\n\n</Callout>\n\n    ```\n      code\n    ```\n"
    assert [block.kind for block in parse_mdx(source).blocks] == ["text", "code"]
    assert parse_mdx(source).blocks[1].text == "  code"
    assert parse_markdown(b"a\n\n    x = 1\n").blocks[1].kind == "code"


def test_front_matter_is_no_text() -> None:
    extract = parse_mdx("---\ntitle: T\nfoo: bar\n---\nimport X from 'x'\n\n文字".encode())
    assert extract.front_matter == {"title": "T", "foo": "bar"}
    assert [block.text for block in extract.blocks] == ["文字"]


def test_deep_nesting_does_not_overflow() -> None:
    nested = "\n".join("  " * level + f"- level {level}" for level in range(30))
    assert markdown_blocks(nested)[0].text.endswith("- level 29")
    markdown_blocks(">" * 5000 + " deep")
    assert markdown_blocks("[" * 2000)[0].text == "[" * 2000
