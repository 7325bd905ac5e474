"""Text of cases and models in Markdown that we write: as plain words, in cells and in quotes."""

import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!$&])")


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""A terminal would obey these."""


def plain(text: str) -> str:
    """Return `text` on one line, as words that Markdown leaves alone."""
    return _escaped(" ".join(text.split()))


def quoted(text: str) -> str:
    """Return `text` as a quote, line by line."""
    lines = [_escaped(line.rstrip()) for line in text.strip().splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines) or ">"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, n_words: int = 1) -> str:
    """Return a table; the first `n_words` columns hold words, the others figures.

    Cells are Markdown already.
    """
    rule = [":--" if index < n_words else "--:" for index in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _CONTROL.sub("\ufffd", text))
