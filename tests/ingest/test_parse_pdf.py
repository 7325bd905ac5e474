from io import BytesIO

import pytest

from ingest.errors import Unreadable
from ingest.parse_pdf import parse_pdf
from ingest.records import Block
from tests.ingest.documents import CHINESE_FONT, Text, paragraph, pdf, picture_pdf

BOLD = "Helvetica-Bold"


def _english() -> bytes:
    pages = []
    for number in (1, 2, 3):
        pages.append(
            [
                Text(x=60, y=40, text="Attention, a course for staff"),
                Text(x=290, y=810, text=str(number)),
            ]
        )
    pages[0] += [
        Text(x=60, y=90, text="Attention", size=20, font=BOLD),
        *paragraph(
            60,
            130,
            [
                "Self-attention lets every token look at every other token of the trans-",
                "former's input. It weighs what it sees by likeness, and the weights of one",
                "token add up to one.",
            ],
        ),
        Text(x=60, y=190, text="1 Cost", size=14, font=BOLD),
        *paragraph(60, 220, ["The cost grows with the square of the length:"]),
        Text(x=60, y=236, text="• twice the text,"),
        Text(
            x=60,
            y=249,
            text="• four times the work, which is why long texts are cut into windows or",
        ),
        Text(x=68, y=262, text="read in parts."),
    ]
    pages[1] += [
        *paragraph(
            60, 90, ["A paragraph that runs on over the end of its page, since the page is"]
        ),
    ]
    pages[2] += paragraph(60, 90, ["full, ends here."])
    return pdf(pages)


def test_english_pages_keep_headings_lists_and_page_numbers() -> None:
    assert parse_pdf(_english()).blocks == (
        Block(kind="heading", text="Attention", level=1, page=1),
        Block(
            kind="text",
            text="Self-attention lets every token look at every other token of the "
            "transformer's input. It weighs what it sees by likeness, and the weights of one "
            "token add up to one.",
            page=1,
        ),
        Block(kind="heading", text="1 Cost", level=2, page=1),
        Block(kind="text", text="The cost grows with the square of the length:", page=1),
        Block(
            kind="text",
            text="- twice the text,\n- four times the work, which is why long texts are cut into "
            "windows or read in parts.",
            page=1,
        ),
        Block(
            kind="text",
            text="A paragraph that runs on over the end of its page, since the page is full, "
            "ends here.",
            page=2,
        ),
    )


def test_chinese_pages_keep_headings_lists_and_page_numbers() -> None:
    def page(number: int) -> list[Text]:
        return [
            Text(x=60, y=40, text="内部教材", font=CHINESE_FONT),
            Text(x=280, y=810, text=f"第 {number} 页", font=CHINESE_FONT),
        ]

    data = pdf(
        [
            [
                *page(1),
                Text(x=60, y=90, text="自注意力", size=20, font=CHINESE_FONT),
                *paragraph(
                    60,
                    130,
                    [
                        "　　自注意力是一种机制，它让每个词元看到同一序列中的其他所有词元，并按",
                        "照相似程度给它们加权。",
                        "　　这一句属于第二段，它说的是另一件事情，而且它也长到需要换到下一行才",
                        "能写完。",
                    ],
                    font=CHINESE_FONT,
                ),
            ],
            [
                *page(2),
                Text(x=60, y=90, text="一、代价", size=14, font=CHINESE_FONT),
                *paragraph(
                    60, 120, ["（1）长度加倍；", "（2）计算量变为四倍。"], font=CHINESE_FONT
                ),
            ],
        ]
    )
    assert parse_pdf(data).blocks == (
        Block(kind="heading", text="自注意力", level=1, page=1),
        Block(
            kind="text",
            text="自注意力是一种机制，它让每个词元看到同一序列中的其他所有词元，并按照相似程度"
            "给它们加权。",
            page=1,
        ),
        Block(
            kind="text",
            text="这一句属于第二段，它说的是另一件事情，而且它也长到需要换到下一行才能写完。",
            page=1,
        ),
        Block(kind="heading", text="一、代价", level=2, page=2),
        Block(kind="text", text="（1）长度加倍；\n（2）计算量变为四倍。", page=2),
    )


def test_columns_are_read_one_after_the_other_whatever_order_they_were_drawn_in() -> None:
    left = ["The left column is read first from top", "to bottom, and each of its lines is"]
    left += ["wide enough to be running text and", "not the cell of a table at all."]
    right = ["The right column follows, although its", "lines were drawn between those of the"]
    right += ["left one, as some programs do when", "they set a page row by row."]
    lines = [Text(x=60, y=60, text="A title across both columns of the page", size=18, font=BOLD)]
    for number, (one, other) in enumerate(zip(left, right, strict=True)):
        lines += [
            Text(x=310, y=100 + 13 * number, text=other),
            Text(x=60, y=100 + 13 * number, text=one),
        ]
    blocks = parse_pdf(pdf([lines])).blocks
    assert [block.text for block in blocks] == [
        "A title across both columns of the page",
        " ".join(left),
        " ".join(right),
    ]


def test_a_table_with_rules_keeps_its_cells_and_their_lines_together() -> None:
    rules: list[tuple[float, float, float, float]]
    rules = [(60, y, 360, y) for y in (100.0, 120.0, 160.0)]
    rules += [(x, 100, x, 160) for x in (60.0, 200.0, 360.0)]
    lines = [
        Text(x=60, y=80, text="Before the table."),
        Text(x=65, y=114, text="模型", font=CHINESE_FONT),
        Text(x=205, y=114, text="Parameters"),
        Text(x=65, y=134, text="BERT"),
        Text(x=205, y=134, text="340 million, of which"),
        Text(x=205, y=147, text="some are tied"),
        Text(x=60, y=190, text="After the table."),
    ]
    blocks = parse_pdf(pdf([lines], rules=rules)).blocks
    assert [(block.kind, block.text) for block in blocks] == [
        ("text", "Before the table."),
        (
            "table",
            "| 模型 | Parameters |\n| --- | --- |\n| BERT | 340 million, of which some are tied |",
        ),
        ("text", "After the table."),
    ]


def test_a_table_without_rules_is_known_by_cells_below_each_other() -> None:
    rows = [("Model", "Size", "Score"), ("Small", "1B", "61.2"), ("Large", "70B", "83.9")]
    lines = [
        Text(x=60 + 110 * column, y=100 + 14 * row, text=text)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    ]
    lines.append(Text(x=60, y=80, text="The scores of the models are these."))
    blocks = parse_pdf(pdf([lines])).blocks
    assert blocks[1] == Block(
        kind="table",
        text="| Model | Size | Score |\n| --- | --- | --- |\n| Small | 1B | 61.2 |\n"
        "| Large | 70B | 83.9 |",
        page=1,
    )


def test_code_keeps_its_lines_and_indentation() -> None:
    lines = [
        Text(x=60, y=80, text="This function counts tokens."),
        Text(x=60, y=110, text="def count(text):", font="Courier"),
        Text(x=84, y=123, text="return len(text.split())", font="Courier"),
        Text(x=60, y=149, text="print(count('a b'))", font="Courier"),
    ]
    assert parse_pdf(pdf([lines])).blocks[1] == Block(
        kind="code",
        text="def count(text):\n    return len(text.split())\n\nprint(count('a b'))",
        page=1,
    )


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_page_that_is_turned_reads_the_same(rotation: int) -> None:
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, pagesize=(595, 842))
    canvas.setPageRotation(rotation)
    canvas.translate(300, 400)
    canvas.rotate(rotation)
    canvas.setFont(BOLD, 20)
    canvas.drawString(-150, 100, "A heading")
    canvas.setFont("Helvetica", 10)
    canvas.drawString(-150, 60, "The first line of the text, and it goes on to")
    canvas.drawString(-150, 47, "a second line.")
    canvas.save()
    assert [block.text for block in parse_pdf(out.getvalue()).blocks] == [
        "A heading",
        "The first line of the text, and it goes on to a second line.",
    ]


def test_slides_have_one_heading_each() -> None:
    slides = [
        [
            Text(x=60, y=60, text=f"Part {number}", size=16),
            Text(x=60, y=110, text=title, size=36, font=BOLD),
            Text(x=60, y=180, text="• A point about it that is long enough to need", size=20),
            Text(x=76, y=206, text="a second line.", size=20),
        ]
        for number, title in enumerate(["Prompts", "Tools", "Agents"], start=1)
    ]
    blocks = parse_pdf(pdf(slides, size=(960, 540))).blocks
    assert [(block.text, block.level, block.page) for block in blocks if block.level] == [
        ("Prompts", 1, 1),
        ("Tools", 1, 2),
        ("Agents", 1, 3),
    ]


def test_the_heading_of_a_short_note_is_known() -> None:
    note = [
        Text(x=60, y=60, text="Self-attention in the transformer explained", size=18),
        Text(x=60, y=100, text="Each token looks at all others."),
        Text(x=60, y=130, text="自注意力按相似程度给所有的词元加权，就这么多。", font=CHINESE_FONT),
    ]
    assert [block.kind for block in parse_pdf(pdf([note])).blocks] == ["heading", "text", "text"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdf([[Text(x=60, y=80, text="secret")]], password="x"), "encrypted with a password"),
        (picture_pdf(), "holds no text: its pages are pictures"),
        (_english()[:-900], "cut off"),
        (b"%PDF-1.7\nnothing that follows is one\n%%EOF", "damaged"),
    ],
    ids=["encrypted", "scanned", "truncated", "damaged"],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason) as raised:
        parse_pdf(data)
    assert raised.value.hint
