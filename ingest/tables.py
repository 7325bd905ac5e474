"""Tables as Markdown text: what is indexed and shown of them, whichever format they come from."""

from collections.abc import Sequence


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return `rows` as a Markdown table whose head is the first row; "" if no cell has text.

    Short rows are filled up; line ends in a cell become spaces.
    """
    width = max((len(row) for row in rows), default=0)
    lines = [_line([*row, *[""] * (width - len(row))]) for row in rows if any(map(str.strip, row))]
    if not lines:
        return ""
    return "\n".join([lines[0], _line(["---"] * width), *lines[1:]])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\|", "|").replace("|", "\\|")
