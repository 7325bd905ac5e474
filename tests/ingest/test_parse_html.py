import pytest

from ingest.parse_html import parse_html
from ingest.records import Block

PAGE = """<!doctype html><html><head><title>站点名</title><meta charset="utf-8">
<meta name="audience" content="sales"><style>p{}</style><script>alert("x")</script></head>
<body><nav><a href="/">首页</a></nav><header>Site header</header>
<article><header><h1>自注意力</h1></header>
<p>自注意力是一种
机制，它让<b>每个词元</b>看到<a href="https://x.y">其他词元</a>。用
<code>softmax</code> 归一化。</p>
<p hidden>看不见</p><p style="display: none">也看不见</p>
<h2>Steps <code>x</code></h2>
<ol start="2"><li>第二步</li><li>Third <em>step</em><ul><li>嵌套项</li></ul></li></ol>
<pre><code>def f(x):
    if x &lt; 1:
        return "a"
</code></pre>
<table><caption>表一</caption><tr><th>模型</th><th>参数</th></tr>
<tr><td>BE<b>RT</b></td><td>340M<br>parameters</td></tr></table>
<p>Inline <math><semantics><mi>x</mi>
<annotation encoding="application/x-tex">x^2</annotation></semantics></math> here.</p>
<math display="block"><semantics><annotation encoding="application/x-tex">\\frac{a}{b}
</annotation></semantics></math>
<details><summary>More about it</summary><p>Folded text.</p></details>
<p>INTRODUCTION TO MODELS</p>
<img src="http://evil.example/x.png" alt="picture"></article>
<footer>© 2020</footer></body></html>"""


def test_a_page_in_both_languages_keeps_what_readers_see() -> None:
    extract = parse_html(PAGE.encode())
    assert extract.title == "站点名"
    assert extract.front_matter["audience"] == "sales"
    assert extract.blocks == (
        Block(kind="heading", text="自注意力", level=1),
        Block(
            kind="text",
            text="自注意力是一种机制，它让每个词元看到其他词元。用 `softmax` 归一化。",
        ),
        Block(kind="heading", text="Steps x", level=2),
        Block(kind="text", text="2. 第二步\n3. Third step\n  - 嵌套项"),
        Block(kind="code", text='def f(x):\n    if x < 1:\n        return "a"'),
        Block(kind="text", text="表一"),
        Block(kind="table", text="| 模型 | 参数 |\n| --- | --- |\n| BERT | 340M parameters |"),
        Block(kind="text", text="Inline $x^2$ here."),
        Block(kind="formula", text="$$\\frac{a}{b}$$"),
        Block(kind="text", text="More about it"),
        Block(kind="text", text="Folded text."),
        Block(kind="text", text="INTRODUCTION TO MODELS"),
    )


@pytest.mark.parametrize("page", ["", "<p></p>", "<!-- only a comment -->", "<html></html>"])
def test_an_empty_page_has_no_blocks(page: str) -> None:
    assert parse_html(page.encode()).blocks == ()


def test_a_page_that_is_xml_too_is_read() -> None:
    page = '<?xml version="1.0" encoding="UTF-8"?><html><body><p>一段文字。</p></body></html>'
    assert [block.text for block in parse_html(page.encode()).blocks] == ["一段文字。"]


def test_a_formula_set_twice_is_read_once() -> None:
    katex = (
        '<p>因此<span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi>'
        '<annotation encoding="application/x-tex">x_1</annotation></semantics></math></span>'
        '<span class="katex-html" aria-hidden="true">x1</span></span>成立。</p>'
    )
    assert parse_html(katex.encode()).blocks[0].text == "因此$x_1$成立。"
