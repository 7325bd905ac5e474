from io import BytesIO
from typing import Any

import pytest

from ingest.errors import Unreadable
from ingest.parse_pptx import parse_pptx
from tests.ingest.documents import pptx


def _texts(fill: Any) -> list[str]:
    return [block.text for block in parse_pptx(pptx(fill)).blocks]


def _titled(presentation: Any, title: str) -> Any:
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = title
    return slide


def test_charts_become_tables_of_their_categories_and_series() -> None:
    def fill(presentation: Any) -> None:
        from pptx.chart.data import CategoryChartData, XyChartData
        from pptx.enum.chart import XL_CHART_TYPE

        make_data: Any = CategoryChartData
        data = make_data(number_format="0%")
        data.categories = ["60 词", "120 词"]
        data.add_series("中文", (0.81, 0.91))
        data.add_series("English", (0.82, None))
        shapes = _titled(presentation, "召回率").shapes
        chart = shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 9, 9, 9, 9, data).chart
        chart.has_title = True
        chart.chart_title.text_frame.text = "Recall at five"
        make_points: Any = XyChartData
        points = make_points()
        points.add_series("Model").add_data_point(1.5, 61.2)
        shapes = _titled(presentation, "Points").shapes
        shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, 9, 9, 9, 9, points)

    assert _texts(fill) == [
        "召回率",
        "Recall at five",
        "|  | 中文 | English |\n| --- | --- | --- |\n| 60 词 | 81% | 82% |\n| 120 词 | 91% |  |",
        "Points",
        "|  | x | y |\n| --- | --- | --- |\n| Model | 1.5 | 61.2 |",
    ]


def test_columns_are_read_one_after_the_other_and_groups_stay_together() -> None:
    def fill(presentation: Any) -> None:
        slide = presentation.slides.add_slide(presentation.slide_layouts[4])
        slide.shapes.title.text = "比较"
        for index, text in enumerate(["Static", "waits", "Continuous", "joins"], start=1):
            slide.placeholders[index].text = text
        slide = _titled(presentation, "Group")
        width, height = presentation.slide_width, presentation.slide_height
        group = slide.shapes.add_group_shape()
        for number, text in enumerate(["in the group", "also in it"]):
            top = height // 3 + number * height // 4
            box = group.shapes.add_textbox(width // 10, top, width // 4, height // 10)
            box.text_frame.text = text
        beside = slide.shapes.add_textbox(width // 2, height // 3, width // 4, height // 10)
        beside.text_frame.text = "beside it"

    assert _texts(fill) == [
        "比较",
        "Static\nwaits\nContinuous\njoins",
        "Group",
        "in the group\nalso in it\nbeside it",
    ]


def test_descriptions_of_pictures_are_read_and_names_of_files_are_not() -> None:
    def fill(presentation: Any) -> None:
        from PIL import Image

        file = BytesIO()
        Image.new("RGB", (4, 4)).save(file, "PNG")
        slide = _titled(presentation, "Picture")
        for text in ("曲线在 180 词之后下降", "IMG_0001.png"):
            picture = slide.shapes.add_picture(file, 9, 9, 9, 9)
            picture._element._nvXxPr.cNvPr.set("descr", text)

    assert _texts(fill) == ["Picture", "曲线在 180 词之后下降"]


def test_boxes_that_repeat_at_the_foot_are_left_out() -> None:
    def fill(presentation: Any) -> None:
        for number in range(1, 4):
            slide = _titled(presentation, f"Slide {number}")
            top = int(0.93 * presentation.slide_height)
            box = slide.shapes.add_textbox(9, top, 9000, 9000)
            box.text_frame.text = f"Course for staff · {number}"

    assert _texts(fill) == ["Slide 1", "Slide 2", "Slide 3"]


def test_a_damaged_slide_is_named() -> None:
    def fill(presentation: Any) -> None:
        _titled(presentation, "one")
        slide = _titled(presentation, "two")
        slide.shapes.title._element.spPr.get_or_add_xfrm().get_or_add_off().set("x", "wide")

    with pytest.raises(Unreadable) as raised:
        parse_pptx(pptx(fill))
    assert raised.value.place == "slide 2"
