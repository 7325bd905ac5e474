"""HTML inside Markdown → text. Whole pages go through `ingest/parse_html.py`."""

from html.parser import HTMLParser

from assistant.records import PassageKind
from ingest.cleaning import join_lines
from ingest.tables import markdown_table

LINE_END = "\x0b"
"""Stands for a line end that is meant, while others are being joined; cleaned text has none."""


def read_html_text(html: str) -> list[tuple[PassageKind, str]]:
    """Return the paragraphs of a piece of HTML in order, and its tables as Markdown."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_paragraph()
    reader.end_table()
    return reader.pieces


class _Reader(HTMLParser):
    _INLINE = frozenset(
        "a abbr b cite code del em i img kbd mark q s small span strong sub sup u".split()
    )
    _UNSEEN = frozenset({"script", "style", "template", "iframe", "noscript", "svg"})

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[tuple[PassageKind, str]] = []
        self._text: list[str] = []
        self._rows: list[list[str]] = []
        self._n_unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what begins."""
        if tag in self._UNSEEN:
            self._n_unseen += 1
        elif tag == "tr":
            self._end_cell()
            self._rows.append([])
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag not in self._INLINE:
            self._text.append(LINE_END)

    def handle_endtag(self, tag: str) -> None:
        """Note what ends."""
        if tag in self._UNSEEN:
            self._n_unseen = max(self._n_unseen - 1, 0)
        elif tag in ("td", "th") and self._rows:
            self._rows[-1].append(" ".join("".join(self._text).split()))
            self._text = []
        elif tag == "table":
            self.end_table()
        elif tag not in self._INLINE:
            self._text.append(LINE_END)

    def handle_data(self, data: str) -> None:
        """Take text."""
        if not self._n_unseen:
            self._text.append(data)

    def _end_cell(self) -> None:
        if not self._rows:
            self.end_paragraph()

    def end_paragraph(self) -> None:
        text, self._text = "".join(self._text), []
        self.pieces += [("text", join_lines(part)) for part in text.split(LINE_END)]

    def end_table(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            self._text = []
            self.pieces.append(("table", markdown_table(rows)))
