"""What a slide shows without being text: charts, diagrams (SmartArt), pictures with a description.

Each becomes a table or lines of text. python-pptx is at home in `ingest/parse_pptx.py`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"

_NO_DESCRIPTION = re.compile(
    r"\.(?:png|jpe?g|gif|bmp|tiff?|svg|emf|wmf)$|automatically generated|AI-generated|自动生成",
    re.IGNORECASE,
)
"""The name of a file, or what Office writes by itself: it says nothing certain."""

MAX_ROWS = 200
"""Of a chart's table. A curve of more points is measured data, not a lesson."""


def chart_title(chart: Any) -> str:
    """Return the title of a chart, "" without one."""
    if not chart.has_title or not chart.chart_title.has_text_frame:
        return ""
    return " ".join(chart.chart_title.text_frame.text.split())


def chart_rows(chart: Any) -> list[list[str]]:
    """Return a chart as the rows of a table: a row a category, a column a series.

    Of a cloud of points, a row is a point: its series, x and y.
    """
    plots = list(chart.plots)
    if not plots:
        return []
    clouds = [
        [series.name, _number(point.get("x")), _number(point.get("y"))]
        for plot in plots
        for series in plot.series
        for point in _points(series)
    ]
    if clouds:
        return [["", "x", "y"], *clouds[:MAX_ROWS]]
    labels = [" / ".join(label) for label in plots[0].categories.flattened_labels]
    every = [series for plot in plots for series in plot.series]
    columns = [_values(series) for series in every]
    head = [_axis_title(chart), *(series.name for series in every)]
    n_rows = min(max([len(labels), *map(len, columns)], default=0), MAX_ROWS)
    return [
        head,
        *(
            [_at(labels, row) or str(row + 1), *(_at(column, row) for column in columns)]
            for row in range(n_rows)
        ),
    ]


def _at(values: Sequence[str], index: int) -> str:
    return values[index] if index < len(values) else ""


def _axis_title(chart: Any) -> str:
    try:
        axis = chart.category_axis
    except ValueError:  # a pie has no axes
        return ""
    return " ".join(axis.axis_title.text_frame.text.split()) if axis.has_title else ""


def _values(series: Any) -> list[str]:
    formats = series._element.xpath("./c:val//c:formatCode")
    is_percent = any("%" in (each.text or "") for each in formats)
    return [_number(value, is_percent=is_percent) for value in series.values]


def _points(series: Any) -> list[dict[str, float]]:
    """Return the points of a series of x and y, none for a series of categories."""
    xs, ys = (series._element.xpath(f"./c:{axis}Val//c:pt") for axis in "xy")
    points: dict[str, dict[str, float]] = {}
    for axis, found in (("x", xs), ("y", ys)):
        for point in found:
            points.setdefault(point.get("idx"), {})[axis] = float(point[0].text)
    return [points[index] for index in sorted(points, key=int)]


def _number(value: float | None, *, is_percent: bool = False) -> str:
    if value is None:
        return ""
    return f"{100 * value:.6g}%" if is_percent else f"{value:.10g}"


def diagram_lines(shape: Any) -> list[tuple[int, str]]:
    """Return the texts of a diagram with their levels from 0, [] if the shape is none."""
    ids = [each.get(f"{_RELATION}dm") for each in shape._element.iter(f"{_DIAGRAM}relIds")]
    if not ids or ids[0] is None:
        return []
    from pptx.oxml import parse_xml  # resolves no entities

    data = parse_xml(shape.part.related_part(ids[0]).blob)
    texts = {
        point.get("modelId"): " ".join(
            "".join(each.text or "" for each in point.iter(_TEXT)).split()
        )
        for point in data.iter(f"{_DIAGRAM}pt")
        if point.get("type", "node") in ("node", "asst", "doc")
    }
    children: dict[str, list[tuple[int, str]]] = {}
    for link in data.iter(f"{_DIAGRAM}cxn"):
        if link.get("type", "parOf") == "parOf":
            order = int(link.get("srcOrd", "0"))
            children.setdefault(link.get("srcId"), []).append((order, link.get("destId")))
    inner = {child for found in children.values() for _, child in found}
    tops = [model for model in texts if model not in inner]
    return list(_lines(tops, -1, texts, children))


def _lines(
    models: Sequence[str],
    level: int,
    texts: dict[str, str],
    children: dict[str, list[tuple[int, str]]],
) -> Iterator[tuple[int, str]]:
    for model in models:
        if texts.get(model):
            yield max(level, 0), texts[model]
        below = [child for _, child in sorted(children.pop(model, []))]
        yield from _lines(below, level + 1, texts, children)


def description(shape: Any) -> str:
    """Return what a picture's author says that it shows, "" without a word by a person."""
    text = " ".join(str(shape._element._nvXxPr.cNvPr.get("descr") or "").split())
    return "" if _NO_DESCRIPTION.search(text) else text
