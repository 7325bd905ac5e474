"""Numbers in text, in figures and in words, Chinese and English; which of them are missing.

Units are the matter of `units.py`.
"""

import re
import unicodedata

_CHINESE_DIGITS = dict(zip("零〇一二两三四五六七八九", [0, 0, 1, 2, 2, *range(3, 10)], strict=True))
_CHINESE_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERALS = "[零〇一二两三四五六七八九十百千]"
# Not what scales figures (5 百万, 3千), nor 百 in 百分之五 and 百分点, nor 几十.
_CHINESE_NUMBER = re.compile(rf"(?<!\d)(?<!\d )(?<!几)(?<!{_NUMERALS}){_NUMERALS}+(?!分[之点比])")
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ENGLISH_NUMBER = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[\s-](?P<one>{'|'.join(_ONES[1:10])}))?"
    rf"|(?P<ones>{'|'.join(_ONES)}))\b",
    re.IGNORECASE,
)
SCALES = {
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "k": 1e3, "m": 1e6, "b": 1e9, "万": 1e4, "亿": 1e8, "千": 1e3, "百万": 1e6, "万亿": 1e12,
    "千亿": 1e11, "百亿": 1e10, "十亿": 1e9, "千万": 1e7,
}  # fmt: skip
QUANTITY = re.compile(
    r"(?<![A-Za-z\d.])(?<![A-Za-z]-)(?P<digits>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:[\s-]?(?P<scale>thousand|million|billion|trillion|万亿|千亿|百亿|十亿|百万|千万|万|亿|千|"
    r"[KMBkmb](?![A-Za-z])))?",
    re.IGNORECASE,
)
_NUMBER_WORD = re.compile(
    rf"\d|\b(?:{'|'.join([*_ONES, *_TENS])}|dozen|hundred|thousand|million|billion|trillion|half|"
    r"third|quarter|once|twice|double|no|none|all|every)\b"
    r"|[零二两三四五六七八九十百千万亿半]"
    # Not in "the next", "each", "the same", "some", "in general", "always"…
    r"|(?<![下上同每某唯统])一(?![般些样起定直致切旦])",
    re.IGNORECASE,
)
_NAMED_NUMBER = re.compile(
    r"\b(?!(?:After|At|For|Given|If|In|Suppose|Take|With)\b)[A-Z][a-z]+[\s-]\d[\w.]*"
)
"""Llama 3, Claude 3.5: a number that is part of a name."""
_CHINESE_COUNT = re.compile(r"(?<!第)[二两三四五六七八九十百千]+(?=个)")


def value_of(match: re.Match[str]) -> float:
    """Return the value of a match of `QUANTITY`, its scale word applied."""
    scale = (match["scale"] or "").lower()
    return float(match["digits"].replace(",", "")) * SCALES.get(scale, 1.0)


def quantities(text: str) -> dict[float, str]:
    """Return the numbers of `text` by value, scale words applied: "1750 亿" is 1.75e11."""
    found: dict[float, str] = {}
    for match in QUANTITY.finditer(plain_figures(text)):
        found.setdefault(value_of(match), match.group().strip())
        found.setdefault(float(match["digits"].replace(",", "")), match["digits"])
    return found


def missing_numbers(statement: str, evidence: str) -> list[str]:
    """Return the numbers of `statement` that `evidence` has neither in figures nor in words."""
    known = set(quantities(in_figures(evidence)))
    # A list's own numbering ("1. …") claims nothing.
    body = re.sub(r"^\s*\d+(?:[.](?!\d)|[、)])\s*", "", statement)
    missing = []
    for match in QUANTITY.finditer(plain_figures(body)):
        value = float(match["digits"].replace(",", ""))
        scaled = value_of(match)
        if not any(_same(scaled, other) for other in known) and not (
            not match["scale"] and value in known
        ):
            missing.append(match.group().strip())
    return missing


def missing_sizes(question: str, evidence: str) -> list[str]:
    """Return the numbers with a scale in `question` that `evidence` doesn't have: "405B", 1370 亿.

    They tell things of one kind apart, as names do.
    """
    sizes = [match.group() for match in QUANTITY.finditer(question) if match["scale"]]
    return missing_numbers(" ".join(sizes), evidence)


_VERSION = re.compile(
    r"(?<![A-Za-z])(?!(?:Chapter|Figure|Module|Part|Section|Step|Table)\b)"
    r"(?P<name>[A-Z][A-Za-z]{2,})[ -](?P<version>\d(?:\.\d+)?)(?![A-Za-z_]|[%.,]*\d|\s*[BKMG]\b)"
)


def missing_versions(question: str, evidence: str) -> list[str]:
    """Return the versions in `question` ("Llama 2", FlashAttention-2) of what `evidence` has in
    others alone; none if it has one of several.
    """
    named = [
        match for match in _VERSION.finditer(question) if re.search(match["name"], evidence, re.I)
    ]
    missing = [
        match.group()
        for match in named
        if not re.search(
            rf"{match['name']}[ -]?{re.escape(match['version'])}(?!\d)", evidence, re.IGNORECASE
        )
    ]
    return missing if len(missing) == len(named) else []


def without_sizes(question: str) -> str:
    """Return `question` without its numbers that have a scale."""
    return QUANTITY.sub(lambda match: " " if match["scale"] else match.group(), question)


def plain_figures(text: str) -> str:
    """Return `text` with figures as programs write them: no TeX between the thousands."""
    return unicodedata.normalize("NFKC", text).replace("{,}", ",").replace("\\,", "")


def in_figures(text: str) -> str:
    """Return `text` with numbers in words as figures: "two million" is "2 million", 十二 is 12."""
    text = _ENGLISH_NUMBER.sub(_english_figures, text)
    return _CHINESE_NUMBER.sub(_chinese_figures, text)


def _english_figures(match: re.Match[str]) -> str:
    if match["ones"]:
        return str(_ONES.index(match["ones"].lower()))
    one = _ONES.index(match["one"].lower()) if match["one"] else 0
    return str(10 * (_TENS.index(match["tens"].lower()) + 2) + one)


def _chinese_figures(match: re.Match[str]) -> str:
    digits = [_CHINESE_DIGITS.get(char) for char in match.group()]
    if None not in digits:
        # 二〇一七 is read digit by digit; 两三 means two or three.
        return ("" if len(digits) > 2 else " ").join(map(str, digits))
    value, digit = 0, 0
    for char in match.group():
        if char in _CHINESE_UNITS:
            value += (digit or 1) * _CHINESE_UNITS[char]
            digit = 0
        else:
            digit = _CHINESE_DIGITS[char]
    return str(value + digit)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other), 1.0)


def has_numbers_to_calculate(text: str) -> bool:
    """Whether `text` has two or more numbers beside those that are part of names."""
    plain = plain_figures(_NAMED_NUMBER.sub(" ", text))
    return len(QUANTITY.findall(plain)) + len(_CHINESE_COUNT.findall(plain)) >= 2


_VECTOR = re.compile(r"\([-−]?\d[\d.]*(?:,[-−]?\d[\d.]*)+\)")


def calculates_with(question: str, evidence: str) -> bool:
    """Whether `evidence` has all numbers and vectors that `question` gives to calculate with.

    Else a result that it works out is that of an example of its own.
    """
    asked, held = (re.sub(r"\s", "", plain_figures(text)) for text in (question, evidence))
    return all(vector in held for vector in _VECTOR.findall(asked)) and not missing_numbers(
        _NAMED_NUMBER.sub(" ", question), evidence
    )


def has_number(text: str) -> bool:
    """Whether `text` holds a number, in figures or in words."""
    return bool(_NUMBER_WORD.search(text))
