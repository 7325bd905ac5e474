"""Word's formulas (Office Math) → LaTeX, as far as lessons use them; the rest as plain text."""

from collections.abc import Callable, Mapping
from typing import Any

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"

_OPERATORS = {"∑": r"\sum", "∏": r"\prod", "∫": r"\int", "⋃": r"\bigcup", "⋂": r"\bigcap"}
_ACCENTS = {"̂": r"\hat", "̃": r"\tilde", "̅": r"\bar", "⃗": r"\vec", "̇": r"\dot"}


def latex(element: Any) -> str:
    """Return the LaTeX of an `m:oMath` element or a part of one, without dollar signs."""
    name = element.tag.removeprefix(M)
    if name == "t":
        return element.text or ""
    return _WRITERS.get(name, _children)(element)


def _children(element: Any) -> str:
    # Properties (fPr, rPr …) hold no text but attributes, so they give nothing.
    return "".join(
        latex(child) for child in element if isinstance(child.tag, str) and M in child.tag
    )


def _part(element: Any, name: str) -> str:
    part = element.find(M + name)
    return "" if part is None else _children(part)


def _property(element: Any, name: str, default: str) -> str:
    found = element.find(f"./*/{M}{name}")
    return default if found is None else str(found.get(M + "val", ""))


def _fraction(element: Any) -> str:
    return rf"\frac{{{_part(element, 'num')}}}{{{_part(element, 'den')}}}"


def _scripts(element: Any) -> str:
    sub, sup = _part(element, "sub"), _part(element, "sup")
    return _part(element, "e") + (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")


def _root(element: Any) -> str:
    degree = _part(element, "deg")
    return r"\sqrt" + (f"[{degree}]" if degree else "") + f"{{{_part(element, 'e')}}}"


def _brackets(element: Any) -> str:
    inner = [_children(part) for part in element.findall(M + "e")]
    return (
        _property(element, "begChr", "(")
        + _property(element, "sepChr", "|").join(inner)
        + _property(element, "endChr", ")")
    )


def _sum(element: Any) -> str:
    sign = _property(element, "chr", "∫")
    sub, sup = _part(element, "sub"), _part(element, "sup")
    limits = (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")
    return _OPERATORS.get(sign, sign) + limits + " " + _part(element, "e")


def _function(element: Any) -> str:
    return rf"\operatorname{{{_part(element, 'fName')}}} {_part(element, 'e')}"


def _accent(element: Any) -> str:
    accent = _ACCENTS.get(_property(element, "chr", "̂"), r"\hat")
    return f"{accent}{{{_part(element, 'e')}}}"


def _matrix(element: Any) -> str:
    rows = [
        " & ".join(_children(cell) for cell in row.findall(M + "e"))
        for row in element.findall(M + "mr")
    ]
    return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"


def _limit(element: Any) -> str:
    return f"{_part(element, 'e')}_{{{_part(element, 'lim')}}}"


_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "f": _fraction,
    "sSub": _scripts,
    "sSup": _scripts,
    "sSubSup": _scripts,
    "rad": _root,
    "d": _brackets,
    "nary": _sum,
    "func": _function,
    "acc": _accent,
    "m": _matrix,
    "limLow": _limit,
}
