from typing import Any

import pytest

from ingest.parse_docx import parse_docx
from ingest.records import Block
from tests.ingest.documents import docx

MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def _lesson(document: Any) -> None:
    document.add_heading("大语言模型入门", 0)
    document.add_paragraph("开头的段落。")
    document.add_heading("自注意力", 1)
    paragraph = document.add_paragraph("自注意力是一种机制，")
    paragraph.add_run("让每个词元").bold = True
    paragraph.add_run("看到其他词元。")
    document.add_paragraph("第一项", style="List Bullet")
    document.add_paragraph("嵌套项", style="List Bullet 2")
    document.add_paragraph("A step", style="List Number")
    document.add_paragraph("Another step", style="List Number")
    document.add_heading("Multi-head attention", 2)
    document.add_paragraph("SHORT LINE")
    table = document.add_table(rows=2, cols=2)
    for row, texts in enumerate([("模型", "参数"), ("BERT", "340M | 110M")]):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    document.add_page_break()
    document.add_heading("Second part", 1)
    document.add_paragraph("It runs several heads in parallel.")
    document.sections[0].header.paragraphs[0].text = "页眉"
    document.sections[0].footer.paragraphs[0].text = "footer"


def test_a_lesson_in_both_languages_keeps_headings_lists_and_tables() -> None:
    assert parse_docx(docx(_lesson)).blocks == (
        Block(kind="heading", text="大语言模型入门", level=1),
        Block(kind="text", text="开头的段落。"),
        Block(kind="heading", text="自注意力", level=2),
        Block(kind="text", text="自注意力是一种机制，让每个词元看到其他词元。"),
        Block(kind="text", text="- 第一项\n  - 嵌套项\n1. A step\n2. Another step"),
        Block(kind="heading", text="Multi-head attention", level=3),
        Block(kind="text", text="SHORT LINE"),
        Block(kind="table", text="| 模型 | 参数 |\n| --- | --- |\n| BERT | 340M \\| 110M |"),
        Block(kind="heading", text="Second part", level=2),
        Block(kind="text", text="It runs several heads in parallel."),
    )


def _append(document: Any, xml: str) -> None:
    from docx.oxml import parse_xml

    document.element.body.insert(
        0, parse_xml(f'<w:p xmlns:w="{WORD}" xmlns:m="{MATH}">{xml}</w:p>')
    )


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:r><w:t>甲</w:t></w:r><w:ins><w:r><w:t>乙</w:t></w:r></w:ins>", "甲乙"),
        ("<w:r><w:t>甲</w:t></w:r><w:del><w:r><w:delText>乙</w:delText></w:r></w:del>", "甲"),
        ("<w:sdt><w:sdtContent><w:r><w:t>field</w:t></w:r></w:sdtContent></w:sdt>", "field"),
        (
            "<w:r><w:t>seen</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>",
            "seen",
        ),
        (
            "<w:r><w:t>令 </w:t></w:r><m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num>"
            "<m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath>",
            "令 $\\frac{a}{b}$",
        ),
    ],
    ids=["inserted", "deleted", "control", "hidden", "formula"],
)
def test_what_word_shows_is_what_is_read(xml: str, text: str) -> None:
    data = docx(lambda document: _append(document, xml))
    assert parse_docx(data).blocks == (Block(kind="text", text=text),)


def test_a_displayed_formula_is_a_formula() -> None:
    xml = "<m:oMathPara><m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath></m:oMathPara>"
    data = docx(lambda document: _append(document, xml))
    assert parse_docx(data).blocks == (Block(kind="formula", text="$$x=1$$"),)


def test_headings_are_known_by_outline_level_whatever_their_style_is_called() -> None:
    def fill(document: Any) -> None:
        from docx.enum.style import WD_STYLE_TYPE

        style = document.styles.add_style("章标题", WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = document.styles["Heading 2"]
        document.add_paragraph("第一章", style=style)
        _append(
            document,
            '<w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:r><w:t>By level</w:t></w:r>',
        )

    assert parse_docx(docx(fill)).blocks == (
        Block(kind="heading", text="By level", level=1),
        Block(kind="heading", text="第一章", level=2),
    )


def test_a_table_of_contents_is_left_out() -> None:
    def fill(document: Any) -> None:
        from docx.enum.style import WD_STYLE_TYPE

        style = document.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH)
        document.add_paragraph("Introduction\t1", style=style)
        document.add_paragraph("Text.")

    assert [block.text for block in parse_docx(docx(fill)).blocks] == ["Text."]
