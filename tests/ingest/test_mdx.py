import pytest

from ingest.mdx import strip_mdx


@pytest.mark.parametrize(
    ("mdx", "left"),
    [
        (
            "import {Screenshot} from 'components/screenshot'\nimport X from './x.png'\n\nText",
            "Text",
        ),
        ("import {\n  A,\n  B\n} from 'x'\nText", "Text"),
        ("import './style.css'\nText", "Text"),
        ("export const meta = {\n  title: 'x',\n}\n\nText", "Text"),
        ("export default ({children}) => <Layout>{children}</Layout>\nText", "Text"),
        ('<Screenshot src={COT} alt="a > b" />\nText', "Text"),
        ('<Card icon={<Icon size={2} />}\n  title="x"\n  href="y">\n  Text\n</Card>', "Text"),
        ("<Tabs items={['a', 'b']}>\n<Tab>Text</Tab>\n</Tabs>", "Text"),
        ("{/* a\n\ncomment */}Text", "Text"),
        ("Text{' '}", "Text"),
        ("{frontMatter.title}\nText", "Text"),
        ("<script>alert(1)</script><style>p{}</style>Text", "Text"),
        ("<>Text</>", "Text"),
        ("<Badge>New</Badge><Badge>Text</Badge>", "New Text"),
        ("一段<strong>重点</strong>文字", "一段重点文字"),
    ],
)
def test_javascript_goes_and_text_stays(mdx: str, left: str) -> None:
    assert strip_mdx(mdx).strip() == left


@pytest.mark.parametrize(
    "text",
    [
        "```jsx\nimport React from 'react'\n\n<App prop={1} />\n{/* kept */}\n```",
        "    ```python\n    import os\n    x = '<s>'\n    ```",
        "~~~\n<a>\n```\n<b>\n~~~",
        "The tag `<Screenshot src={X} />` and `{a}`.",
        "$$a<b, \\frac{a}{b}$$ and $x<y>z$",
        "1 < 2 and a<b, a->b",
        "see <https://example.org/a> and <me@example.org>",
        "import duties rose; export them",
        "a \\<b> c",
        "| a<br>b |",
        "hello {name}, {{ $now }}",
        "```a``` <",
    ],
)
def test_code_formulas_and_plain_text_are_not_touched(text: str) -> None:
    assert strip_mdx(text) == text


def test_an_unclosed_tag_stays_as_text() -> None:
    assert strip_mdx("x <Tag attr='1") == "x <Tag attr='1"
