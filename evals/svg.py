"""Plots as inline SVG: no script, no style of their own, a text alternative on each.

Colours, fonts and strokes come from the page's style sheet by class (`report.css`), so that the
plots follow light and dark. All text is escaped here. Sizes are in units of the view box, which the
page scales: 420 wide, so that the words stay readable on a narrow screen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain, pairwise
from math import floor, log10

WIDTH = 420
_ROW = 20
_LABEL_WIDTH = 150
_RIGHT = 52
_LABEL_EMS = 22
"""Room for a label, in half widths of a character: a Chinese character takes two."""

_Scale = Callable[[float], float]
"""From a value to its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A value with its interval in a row of its own; None draws a dash. `tone`: see the styles."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    text: str = ""
    tone: str = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Points joined by a line, x ascending; `band` holds low and high for each point.

    `notes` are words to stand beside the points, one each.
    """

    label: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float]] = ()
    notes: Sequence[str] = ()
    tone: str = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis from `low` to `high` with a tick at each of `ticks`."""

    label: str
    low: float
    high: float
    ticks: Sequence[float]


SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def dot_plot(title: str, sections: Sequence[Sequence[Dot]], *, description: str = "") -> str:
    """Return values between 0 and 1 with whiskers, a row each, sections set apart."""
    n_rows = sum(map(len, sections))
    height = 8 + n_rows * _ROW + max(0, len(sections) - 1) * 8 + 22
    plot_width = WIDTH - _LABEL_WIDTH - _RIGHT
    bottom = height - 20

    def x_of(value: float) -> float:
        return _LABEL_WIDTH + min(1.0, max(0.0, value)) * plot_width

    parts = []
    for tick in SHARES:
        x = _number(x_of(tick))
        parts.append(f'<line class="grid" x1="{x}" y1="4" x2="{x}" y2="{_number(bottom)}"/>')
        parts.append(_text(x_of(tick), bottom + 14, f"{tick:g}", "tick", "middle"))
    y = 8 + _ROW / 2
    for section in sections:
        for dot in section:
            parts.append(_dot_row(dot, y, x_of))
            y += _ROW
        y += 8
    said = description or "; ".join(
        f"{dot.label} {dot.text or _said(dot.value)}" for section in sections for dot in section
    )
    return _svg(title, said, height, parts)


def _dot_row(dot: Dot, y: float, x_of: _Scale) -> str:
    text = dot.text or _said(dot.value)
    parts = [_text(_LABEL_WIDTH - 10, y + 4, _short(dot.label), "label", "end")]
    if dot.value is not None:
        if dot.low is not None and dot.high is not None:
            low, high = _number(x_of(dot.low)), _number(x_of(dot.high))
            at = _number(y)
            parts.append(f'<line class="whisker" x1="{low}" y1="{at}" x2="{high}" y2="{at}"/>')
        parts.append(_mark(dot.tone, x_of(dot.value), y))
    parts.append(_text(WIDTH - 2, y + 4, _said(dot.value), "value", "end"))
    tip = f"<title>{escape(f'{dot.label}: {text}')}</title>"
    return f'<g class="tone-{escape(dot.tone)}">{tip}{"".join(parts)}</g>'


def line_plot(
    title: str,
    lines: Sequence[Line],
    *,
    x: Axis,
    y: Axis,
    description: str,
    is_stepped: bool = False,
    has_marks: bool = True,
    has_whiskers: bool = False,
    has_diagonal: bool = False,
) -> str:
    """Return lines in one frame with a legend above it.

    Args:
        title: what it shows.
        lines: each with a tone of its own.
        x: values outside its range are drawn at its end.
        y: as `x`.
        description: what to know where it can't be seen.
        is_stepped: a value holds until the next point.
        has_marks: draw each point.
        has_whiskers: draw bands as a whisker on each point, not as an area.
        has_diagonal: draw where y equals x.
    """
    left, top, right, bottom = 46, 36, WIDTH - 12, 232
    height = bottom + 38

    def x_of(value: float) -> float:
        return left + _share(value, x) * (right - left)

    def y_of(value: float) -> float:
        return bottom - _share(value, y) * (bottom - top)

    parts = []
    for tick in y.ticks:
        at = _number(y_of(tick))
        parts.append(f'<line class="grid" x1="{left}" y1="{at}" x2="{right}" y2="{at}"/>')
        parts.append(_text(left - 6, y_of(tick) + 4, f"{tick:g}", "tick", "end"))
    for tick in x.ticks:
        at = _number(x_of(tick))
        parts.append(f'<line class="axis" x1="{at}" y1="{bottom}" x2="{at}" y2="{bottom + 4}"/>')
        parts.append(_text(x_of(tick), bottom + 16, f"{tick:g}", "tick", "middle"))
    parts.append(f'<line class="axis" x1="{left}" y1="{bottom}" x2="{right}" y2="{bottom}"/>')
    parts.append(_text((left + right) / 2, height - 4, x.label, "tick", "middle"))
    parts.append(_text(left, 29, y.label, "tick", "start"))
    if has_diagonal:
        ends = [(x_of(max(x.low, y.low)), y_of(max(x.low, y.low)))]
        ends.append((x_of(min(x.high, y.high)), y_of(min(x.high, y.high))))
        parts.append(f'<path class="diagonal" d="{_path(ends)}"/>')
    place = float(left)
    for line in lines:
        shape = _points(line, x_of, y_of) if has_marks else ""
        band = _band(line, x_of, y_of, has_whiskers=has_whiskers)
        drawn = _curve(line, x_of, y_of, is_stepped=is_stepped)
        parts.append(f'<g class="tone-{escape(line.tone)}">{band}{drawn}{shape}</g>')
        parts.append(f'<g class="tone-{escape(line.tone)}">{_mark(line.tone, place + 4, 7)}</g>')
        parts.append(_text(place + 13, 11, line.label, "label", "start"))
        place += 13 + _ems(line.label) * 6.2 + 16
    return _svg(title, description, height, parts)


def _band(line: Line, x_of: _Scale, y_of: _Scale, *, has_whiskers: bool) -> str:
    if not line.band:
        return ""
    places = [x_of(x) for x, _ in line.points]
    lower = [(at, y_of(low)) for at, (low, _) in zip(places, line.band, strict=True)]
    upper = [(at, y_of(high)) for at, (_, high) in zip(places, line.band, strict=True)]
    if not has_whiskers:
        return f'<path class="band" d="{_path([*upper, *reversed(lower)])}Z"/>'
    return "".join(
        f'<path class="whisker" d="{_path(ends)}"/>' for ends in zip(lower, upper, strict=True)
    )


def _curve(line: Line, x_of: _Scale, y_of: _Scale, *, is_stepped: bool) -> str:
    drawn = [(x_of(x), y_of(y)) for x, y in line.points]
    if is_stepped:
        corners = [(after[0], before[1]) for before, after in pairwise(drawn)]
        drawn = [*drawn[:1], *chain.from_iterable(zip(corners, drawn[1:], strict=True))]
    return f'<path class="line" d="{_path(drawn)}"/>' if drawn else ""


def _points(line: Line, x_of: _Scale, y_of: _Scale) -> str:
    notes = line.notes or [""] * len(line.points)
    return "".join(
        f"<g><title>{escape(f'{line.label}: {x:g} → {y:.3f}')}</title>"
        f"{_mark(line.tone, x_of(x), y_of(y))}{_note(note, x_of(x), y_of(y))}</g>"
        for note, (x, y) in zip(notes, line.points, strict=True)
    )


def _note(text: str, x: float, y: float) -> str:
    """Return words beside a point, to its left where there is no room to its right."""
    if not text:
        return ""
    if x > WIDTH - _RIGHT:
        return _text(x - 7, y + 4, text, "tick", "end")
    return _text(x + 7, y + 4, text, "tick", "start")


def round_ticks(high: float, *, n_at_most: int = 6) -> list[float]:
    """Return round numbers from 0 to the first one at or over `high` (> 0), evenly apart."""
    if high <= 0:
        return [0.0, 1.0]
    size = 10.0 ** floor(log10(high))
    for step in (size / 10, size / 5, size / 2, size, 2 * size):
        n = -int(-high // step)
        if n <= n_at_most:
            return [round(step * index, 10) for index in range(n + 1)]
    return [0.0, 2 * size, 4 * size, 6 * size, 8 * size, 10 * size]


def _svg(title: str, description: str, height: float, parts: Sequence[str]) -> str:
    name = escape(f"{title}. {description}" if description else title)
    return (
        f'<svg class="plot" role="img" aria-label="{name}" '
        f'viewBox="0 0 {WIDTH} {_number(height)}" xmlns="http://www.w3.org/2000/svg">'
        f"{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return (
        f'<text class="{kind}" x="{_number(x)}" y="{_number(y)}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _mark(tone: str, x: float, y: float) -> str:
    """Return a mark whose form tells the tone, too: for those who see no colours, and on paper."""
    if tone == "zh":
        return f'<path class="mark" d="M{_number(x)} {_number(y - 5)}l5 5l-5 5l-5 -5Z"/>'
    if tone == "en":
        return (
            f'<rect class="mark" x="{_number(x - 3.8)}" y="{_number(y - 3.8)}" '
            'width="7.6" height="7.6"/>'
        )
    return f'<circle class="mark" cx="{_number(x)}" cy="{_number(y)}" r="4.2"/>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _share(value: float, axis: Axis) -> float:
    return min(1.0, max(0.0, (value - axis.low) / (axis.high - axis.low)))


def _said(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _ems(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def _short(text: str) -> str:
    """Return `text`, its end cut off where the room for a label ends."""
    if _ems(text) <= _LABEL_EMS:
        return text
    kept = text
    while _ems(kept) > _LABEL_EMS - 1:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"
