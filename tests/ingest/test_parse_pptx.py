from typing import Any

from ingest.parse_pptx import parse_pptx
from ingest.records import Block
from tests.ingest.documents import pptx


def _talk(presentation: Any) -> None:
    from pptx.util import Inches

    layouts = presentation.slide_layouts
    slide = presentation.slides.add_slide(layouts[0])
    slide.shapes.title.text = "大模型讲座"
    slide.placeholders[1].text = "A subtitle"
    slide = presentation.slides.add_slide(layouts[1])
    slide.shapes.title.text = "自注意力"
    frame = slide.placeholders[1].text_frame
    frame.text = "第一点"
    for text, level in (("嵌套点", 1), ("A second point. It has two sentences.", 0)):
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
    slide.notes_slide.notes_text_frame.text = "讲者备注：解释权重。"
    slide = presentation.slides.add_slide(layouts[5])
    slide.shapes.title.text = "Table slide"
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, texts in enumerate([("模型", "参数"), ("BERT", "340M")]):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    slide = presentation.slides.add_slide(layouts[6])
    box = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1))
    box.text_frame.text = "只有一个文本框。"


def test_slides_in_both_languages_keep_titles_pages_levels_notes_and_tables() -> None:
    assert parse_pptx(pptx(_talk)).blocks == (
        Block(kind="heading", text="大模型讲座", level=1, page=1),
        Block(kind="text", text="A subtitle", page=1),
        Block(kind="heading", text="自注意力", level=1, page=2),
        Block(
            kind="text",
            text="- 第一点\n  - 嵌套点\n- A second point. It has two sentences.",
            page=2,
        ),
        Block(kind="text", text="讲者备注：解释权重。", page=2),
        Block(kind="heading", text="Table slide", level=1, page=3),
        Block(kind="table", text="| 模型 | 参数 |\n| --- | --- |\n| BERT | 340M |", page=3),
        Block(kind="heading", text="", level=1, page=4),
        Block(kind="text", text="只有一个文本框。", page=4),
    )


def test_hidden_slides_are_left_out_and_numbers_stay() -> None:
    def fill(presentation: Any) -> None:
        for text in ("one", "two", "three"):
            slide = presentation.slides.add_slide(presentation.slide_layouts[5])
            slide.shapes.title.text = text
            slide.notes_slide.notes_text_frame.text = f"notes of {text}"
        presentation.slides[1]._element.set("show", "0")

    blocks = parse_pptx(pptx(fill)).blocks
    assert [(block.text, block.page) for block in blocks] == [
        ("one", 1),
        ("notes of one", 1),
        ("three", 3),
        ("notes of three", 3),
    ]


def test_a_title_below_the_text_still_comes_first() -> None:
    def fill(presentation: Any) -> None:
        from pptx.util import Inches

        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = "标题"
        slide.shapes.title.top = Inches(6)
        slide.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1)).text_frame.text = "上"

    assert [block.text for block in parse_pptx(pptx(fill)).blocks] == ["标题", "上"]
