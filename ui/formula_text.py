"""Formulas as plain text, for places that can't draw them: `√(d_k)` for `\\sqrt{d_k}`.

The home of pylatexenc.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

# The library drops the braces of scripts, and e^{x+1} would read as e^x+1.
_LONG_SCRIPT = re.compile(r"([_^])\{([^{}]{2,})\}")
_SPACING = re.compile(r"\\[,;:!]")
_DEGREES = re.compile(r"\^\s*(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\})")


def formula_text(tex: str) -> str:
    """Return a formula in TeX as one line of text, as near as letters and signs come to it."""
    grouped = _LONG_SCRIPT.sub(r"\1(\2)", _DEGREES.sub("°", _SPACING.sub(" ", tex)))
    text = " ".join(str(_converter().latex_to_text(grouped)).split())
    return text or tex


@cache
def _converter() -> "LatexNodes2Text":
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text(math_mode="text")
