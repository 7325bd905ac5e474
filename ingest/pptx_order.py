"""The order in which a slide's shapes are read: columns one after the other, groups together."""

from collections.abc import Sequence
from typing import Any

_COLUMN = 0.22
"""Share of the slide's width from which on what stands side by side are columns of text.

Narrower ones are labels, read together with what stands beside them.
"""


class Placed:
    """A shape with its box."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape
        self.x0, self.y0 = int(shape.left or 0), int(shape.top or 0)
        self.x1, self.y1 = self.x0 + int(shape.width or 0), self.y0 + int(shape.height or 0)


def reading_order(shapes: Sequence[Any], slide_width: int) -> list[Any]:
    """Return the shapes as they are read, those of groups in their group's place."""
    ordered: list[Any] = []
    for placed in _ordered([Placed(shape) for shape in shapes], slide_width):
        if hasattr(placed.shape, "shapes"):
            # Inside of a group lengths are its own: its width stands for the slide's.
            inner = list(placed.shape.shapes)
            xs = [(int(each.left or 0), int(each.width or 0)) for each in inner]
            width = max((x + w for x, w in xs), default=0) - min((x for x, _ in xs), default=0)
            ordered += reading_order(inner, width)
        else:
            ordered.append(placed.shape)
    return ordered


def _ordered(items: list[Placed], width: int) -> list[Placed]:
    rows = _parts(items, "y0", "y1")
    ordered: list[Placed] = []
    while rows:
        # As many rows as stand in the same columns are read column by column.
        for n_rows in range(len(rows), 0, -1):
            block = [each for row in rows[:n_rows] for each in row]
            columns = _parts(block, "x0", "x1")
            is_wide = all(_width(column) >= _COLUMN * width for column in columns)
            if len(columns) > 1 and (is_wide or n_rows == 1):
                ordered += [each for column in columns for each in _ordered(column, width)]
                break
        else:
            n_rows = 1
            ordered += sorted(rows[0], key=lambda each: (each.y0, each.x0))
        rows = rows[n_rows:]
    return ordered


def _parts(items: list[Placed], start: str, end: str) -> list[list[Placed]]:
    """Return the items in groups between which there is white space along an axis."""
    parts: list[list[Placed]] = []
    reach = 0
    for item in sorted(items, key=lambda each: int(getattr(each, start))):
        if parts and getattr(item, start) < reach:
            parts[-1].append(item)
        else:
            parts.append([item])
        reach = max(reach, getattr(item, end)) if len(parts[-1]) > 1 else getattr(item, end)
    return parts


def _width(items: Sequence[Placed]) -> int:
    return max(each.x1 for each in items) - min(each.x0 for each in items)
