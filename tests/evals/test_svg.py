import re
from xml.etree import ElementTree as ET

import pytest

from evals.svg import SHARES, Axis, Dot, Line, dot_plot, line_plot, round_ticks

NAME = "{http://www.w3.org/2000/svg}"


def unit_axis(label: str) -> Axis:
    return Axis(label=label, low=0, high=1, ticks=SHARES)


def test_dot_stands_where_its_value_is_and_whisker_spans_the_interval() -> None:
    plot = ET.fromstring(dot_plot("p", [[Dot(label="x", value=0.5, low=0.25, high=0.75)]]))
    # Labels take 150 of 420, numbers 52: 218 are left for 0 to 1.
    circle = plot.find(f".//{NAME}circle")
    whisker = plot.find(f".//{NAME}line[@class='whisker']")
    assert circle is not None
    assert whisker is not None
    assert circle.get("cx") == "259"
    assert (whisker.get("x1"), whisker.get("x2")) == ("204.5", "313.5")


def test_no_value_is_a_dash_without_a_mark() -> None:
    plot = dot_plot("p", [[Dot(label="x", value=None)]])
    assert "mark" not in plot
    assert ">—<" in plot
    assert "nan" not in plot.lower()


def test_hostile_text_is_escaped_everywhere() -> None:
    hostile = "\"><script>alert('1')</script>&"
    dots = dot_plot(hostile, [[Dot(label=hostile, value=0.1, text=hostile, tone=hostile)]])
    lines = line_plot(
        hostile,
        [Line(label=hostile, points=[(0, 0), (1, 1)], tone=hostile)],
        x=unit_axis(hostile),
        y=unit_axis(hostile),
        description=hostile,
    )
    for plot in (dots, lines):
        assert "<script" not in plot
        tags = {element.tag.removeprefix(NAME) for element in ET.fromstring(plot).iter()}
        assert tags <= {"svg", "g", "line", "text", "title", "circle", "path"}


def test_text_alternative_tells_the_values() -> None:
    plot = ET.fromstring(
        dot_plot("分数", [[Dot(label="中文", value=0.5)], [Dot(label="b", value=1)]])
    )
    assert plot.get("role") == "img"
    assert plot.get("aria-label") == "分数. 中文 0.500; b 1.000"


def test_long_labels_are_cut_chinese_ones_at_half_as_many_characters() -> None:
    plot = dot_plot("p", [[Dot(label="注" * 30, value=1), Dot(label="a" * 30, value=1)]])
    cut = re.findall(r">([注a]+)…<", plot)
    assert [len(text) for text in cut] == [10, 21]


def test_stepped_line_holds_its_value_until_the_next_point() -> None:
    plot = ET.fromstring(
        line_plot(
            "p",
            [Line(label="x", points=[(0, 0), (0.5, 1), (1, 1)])],
            x=unit_axis("x"),
            y=unit_axis("y"),
            description="",
            is_stepped=True,
            has_marks=False,
        )
    )
    path = plot.find(f".//{NAME}path[@class='line']")
    assert path is not None
    # 46 to 408 wide, 232 (0) to 36 (1) high.
    assert path.get("d") == "M46 232L227 232L227 36L408 36L408 36"


def test_values_outside_the_axis_stay_in_the_frame() -> None:
    plot = line_plot(
        "p",
        [Line(label="x", points=[(-1, -5), (9, 5)])],
        x=unit_axis("x"),
        y=unit_axis("y"),
        description="",
    )
    assert 'class="line" d="M46 232L408 36"' in plot


@pytest.mark.parametrize(
    ("high", "ticks"),
    [
        (8, [0, 2, 4, 6, 8]),
        (6.2, [0, 2, 4, 6, 8]),
        (120, [0, 20, 40, 60, 80, 100, 120]),
        (0.45, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (0, [0, 1]),
    ],
)
def test_ticks_are_round_and_reach_the_highest(high: float, ticks: list[float]) -> None:
    assert round_ticks(high) == pytest.approx(ticks)
