"""Formulas in text, which of them are missing: those in TeX, and orders of growth, like O(n^2)."""

import re

_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)
_NOISE = re.compile(r"\\(?:left|right|,|;|!|quad|qquad|displaystyle)(?![a-z])|\s+|[{}]")

_ORDER = re.compile(r"(?<![A-Za-z])(?:\\mathcal\{)?O\}?\s?(?:\\left)?\((?:[^()\n]|\([^()\n]*\))*\)")
_SUPERSCRIPTS = str.maketrans({"²": "^2", "³": "^3"})
_GROWTH = re.compile(
    r"\b(?:quadratic|linear|cubic|logarithmic|exponential|constant)|(?:平方|线性|立方|对数|指数|常数)",
    re.IGNORECASE,
)


def missing_formulas(statement: str, evidence: str) -> list[str]:
    """Return the formulas of `statement` that `evidence` doesn't hold; spacing doesn't matter.

    Of those in TeX only what relates or combines things counts: a single symbol or number is in
    the text anyway. An order of growth needs no dollars, and words for it will do: "quadratic".
    """
    held = _plain(evidence)
    missing = []
    for match in _FORMULA.finditer(_ORDER.sub("", statement)):
        formula = (match[1] or match[2]).strip().rstrip(".,，。")
        if not re.search(r"[=+*/<>^]|\\(?:frac|sqrt|cdot|times|leq?|geq?)|(?<=\S)-", formula):
            continue
        if _plain(formula) not in held:
            missing.append(formula)
    orders = {_plain_order(match.group()) for match in _ORDER.finditer(evidence)}
    if orders or not _GROWTH.search(evidence):
        missing += [
            match.group()
            for match in _ORDER.finditer(statement)
            if _plain_order(match.group()) not in orders
        ]
    return missing


def _plain(text: str) -> str:
    return _NOISE.sub("", text).replace("\\dfrac", "\\frac")


def _plain_order(order: str) -> str:
    plain = _plain(order.translate(_SUPERSCRIPTS)).replace("\\mathcal", "").replace("**", "^")
    return re.sub(
        r"\\?(?:cdot|times|log)|[·×*⋅]", lambda m: "log" * m.group().endswith("log"), plain
    )
