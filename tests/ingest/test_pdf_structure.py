"""What a PDF page is made of besides its paragraphs: heads, outlines, bullets, formulas, tables."""

from io import BytesIO
from typing import Any

import pytest

from ingest.errors import Unreadable
from ingest.hidden_pdf import look_into_pdf
from ingest.parse_pdf import parse_pdf
from tests.ingest.documents import CHINESE_FONT, Text, paragraph, pdf, picture_pdf

BOLD = "Helvetica-Bold"


def _texts(data: bytes) -> list[str]:
    return [block.text for block in parse_pdf(data).blocks]


def _drawn(draw: Any, size: tuple[float, float] = (595, 842)) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, pagesize=size)
    draw(canvas)
    canvas.save()
    return out.getvalue()


def test_running_heads_that_differ_on_odd_and_even_pages_are_left_out() -> None:
    pages = []
    for number, head in enumerate(["On Passages", "Notes, Volume 3", "On Passages"], start=1):
        lines = [f"Page {number} has a line of its own that fills the width of the column."] * 3
        pages.append([Text(x=60, y=40, text=head, size=8), *paragraph(60, 90, lines)])
    assert not {"On Passages", "Notes, Volume 3"} & set(_texts(pdf(pages)))


@pytest.mark.parametrize("number", ["第 {} 页", "第　{}　页", "- {} -", "—{}—", "第{}页 共 12 页"])
def test_chinese_page_numbers_are_left_out(number: str) -> None:
    page = [
        *paragraph(60, 90, ["这一页只有一句话，它说明页码不属于正文。"], font=CHINESE_FONT),
        Text(x=280, y=810, text=number.format(7), font=CHINESE_FONT),
    ]
    assert _texts(pdf([page])) == ["这一页只有一句话，它说明页码不属于正文。"]


def test_a_vertical_running_head_at_the_side_is_left_out() -> None:
    def page(text: str) -> list[Text]:
        side = [
            Text(x=570, y=200 + 11 * n, text=sign, size=9, font=CHINESE_FONT)
            for n, sign in enumerate("学习资料汇编")
        ]
        return [*side, *paragraph(60, 195, [text] * 4, font=CHINESE_FONT)]

    texts = _texts(pdf([page("第一页的正文有这么一行字。"), page("第二页的正文有这么一行字。")]))
    assert not any(sign in text for text in texts for sign in "汇编")


def test_a_line_of_text_that_ends_in_the_number_of_its_page_stays() -> None:
    first = ["Cutting is explained on another page, where you find a drawing, Figure 1"]
    second = ["and the other page has its own, which the reader will know as Figure 2"]
    data = pdf([paragraph(60, 760, ["A line above it.", *first]), paragraph(60, 773, second)])
    assert "Figure 1" in "".join(_texts(data))


def test_words_broken_at_a_pages_end_are_joined_and_compounds_keep_their_hyphen() -> None:
    first = [
        "A passage has to be self-contained, and the longest words of the text are the hyphen-"
    ]
    first += ["ated ones. A passage that speaks for itself is self-"]
    second = ["sufficient. The word at the end of this line has the soft hyphen of an of\u00ad"]
    second += ["fice."]
    assert _texts(pdf([paragraph(60, 700, first), paragraph(60, 90, second)])) == [
        "A passage has to be self-contained, and the longest words of the text are the "
        "hyphenated ones. A passage that speaks for itself is self-sufficient. The word at the "
        "end of this line has the soft hyphen of an office."
    ]


def test_the_outline_tells_the_headings_and_large_type_beside_it_is_none() -> None:
    def draw(canvas: Any) -> None:
        for number, title in enumerate(["Why", "How", "What next"], start=1):
            canvas.bookmarkPage(title)
            canvas.addOutlineEntry(title, title, level=0)
            canvas.setFont("Helvetica", 10)
            canvas.drawString(60, 750, f"{number} {title}")
            canvas.drawString(60, 720, "The text below it is set in the same type as the heading.")
            canvas.setFont(BOLD, 18)
            canvas.drawString(60, 500, "A line that praises the text")
            canvas.showPage()

    blocks = parse_pdf(_drawn(draw)).blocks
    assert [(block.text, block.level) for block in blocks if block.level] == [
        ("1 Why", 1),
        ("2 How", 1),
        ("3 What next", 1),
    ]


def test_numbering_tells_the_levels_of_chinese_headings_in_one_type() -> None:
    lines = ["一、基本情况", "（一）范围", "1. 方法", "（二）问题", "二、结果"]
    page: list[Text] = []
    for number, line in enumerate(lines):
        y = 60 + 60 * number
        page += [
            Text(x=60, y=y, text=line, size=14, font=CHINESE_FONT),
            *paragraph(60, y + 25, ["下面的一段话用小一号的字，说明情况。"] * 2, font=CHINESE_FONT),
        ]
    blocks = parse_pdf(pdf([page])).blocks
    assert [block.level for block in blocks if block.level] == [1, 2, 3, 2, 1]


def test_bullets_that_were_drawn_make_a_list_and_the_head_of_an_arrow_does_not() -> None:
    def draw(canvas: Any) -> None:
        for y, text in ((700, "waits for others"), (680, "ends with the longest")):
            canvas.circle(62, y + 3.5, 1.8, stroke=0, fill=1)
            canvas.drawString(72, y, text)
        canvas.circle(62, 603.5, 1.8, stroke=0, fill=1)
        canvas.drawString(72 + 40, 600, "A sentence to which an arrow points.")

    assert _texts(_drawn(draw)) == [
        "- waits for others\n- ends with the longest",
        "A sentence to which an arrow points.",
    ]


def test_fractions_and_powers_are_written_on_one_line_and_underlined_words_stay() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, 700, "idf =")
        canvas.drawString(92, 707, "N + 1")
        canvas.line(91, 702.5, 119, 702.5)
        canvas.drawString(102, 694, "n")
        canvas.drawString(60, 640, "There are 10")
        canvas.setFont("Helvetica", 7)
        canvas.drawString(60 + canvas.stringWidth("There are 10", "Helvetica", 10), 644, "6")
        canvas.setFont("Helvetica", 10)
        canvas.drawString(125, 640, "words in it.")
        canvas.drawString(60, 600, "Only this word is underlined")
        canvas.line(84, 598.5, 102, 598.5)
        canvas.drawString(60, 588, "in the two lines of a paragraph.")

    assert _texts(_drawn(draw)) == [
        "idf = (N + 1)/n",
        "There are 10⁶ words in it.",
        "Only this word is underlined in the two lines of a paragraph.",
    ]


def test_a_table_ruled_by_level_lines_keeps_its_cells_and_the_head_above_its_columns() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for y in (700, 660, 620):
            canvas.line(60, y, 330, y)
        canvas.line(150, 683, 250, 683)
        rows = [(686, ("", "English")), (667, ("Method", "R@1", "R@5", "Cost"))]
        rows += [
            (645, ("Windows", "0.63", "0.82", "1 ms")),
            (628, ("Sentences", "0.78", "0.94", "2 ms")),
        ]
        for y, cells in rows:
            for x, cell in zip((65, 165, 215, 280), cells, strict=False):
                canvas.drawString(x if len(cells) > 2 else x + 15, y, cell)

    assert _texts(_drawn(draw)) == [
        "| Method | English R@1 | English R@5 | Cost |\n| --- | --- | --- | --- |\n"
        "| Windows | 0.63 | 0.82 | 1 ms |\n| Sentences | 0.78 | 0.94 | 2 ms |"
    ]


def test_running_text_between_level_lines_is_no_table() -> None:
    lines = ["The first of the boxes holds a sentence that runs over", "two lines of it."]
    data = pdf(
        [[*paragraph(60, 110, lines), *paragraph(60, 160, lines), *paragraph(60, 210, lines)]],
        rules=[(60, y, 330, y) for y in (95, 145, 195, 245)],
    )
    assert {block.kind for block in parse_pdf(data).blocks} == {"text"}


def test_a_scan_is_refused_with_its_pages_and_one_scanned_page_is_pointed_out() -> None:
    with pytest.raises(Unreadable) as raised:
        parse_pdf(picture_pdf())
    assert raised.value.place == "page 1"

    def draw(canvas: Any) -> None:
        from PIL import Image
        from reportlab.lib.utils import ImageReader

        canvas.drawString(60, 700, "A page of text.")
        canvas.showPage()
        canvas.drawImage(ImageReader(Image.new("RGB", (60, 80), "grey")), 20, 20, 550, 800)

    findings = look_into_pdf(_drawn(draw)).findings
    assert [(found.kind, found.unit, found.number) for found in findings] == [
        ("unread-page", "page", 2)
    ]
