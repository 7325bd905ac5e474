"""Numbers as texts write them: 1,400, .949, 25 %, 4.8×10^20, 120 万, 7/31; each with its precision.

What is not covered: units that were converted (bytes for megabytes), powers other than of ten.
"""

import math
import re
import unicodedata
from dataclasses import dataclass

from assistant.numbers_in_text import SCALES, in_figures

_PERCENT = 0.01

_PLAIN = (
    ("{,}", ","),
    ("\\,", ""),
    ("\\%", "%"),
    ("\\times", "×"),
    ("\\cdot", "×"),
    ("，", "， "),  # or 0.4，100 would become 0.4,100
)
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_EXPONENT = re.compile(r"(?<=\d)e([+-]?\d+)\b", re.IGNORECASE)
_RAISED = re.compile(r"[⁻⁰¹²³⁴-⁹]+")
_OF_HUNDRED = re.compile(r"百分之\s*([\d.]+|[零一二两三四五六七八九十]+)")

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_NUMBER = re.compile(
    # Not k1, x_2, e^4, GPT-2, 0.98^15: part of a name, or of a power.
    r"(?<![A-Za-z\d.^_{])(?<![A-Za-z]-)(?<!\^-)"
    # A minus is a sign where nothing stands before it that could be made less.
    rf"(?P<sign>(?<![\w)\]}}%])-)?(?P<digits>{_DIGITS})(?![\d.,]*\s*\^)"
    rf"(?:\s*/\s*(?P<divisor>{_DIGITS})(?!\.?\d))?"
    r"(?:\s*[×x*·]\s*10\s*\^\s*\{?(?P<power>[+-]?\d+)\}?)?"
    r"(?:\s*(?P<percent>%|percent\b|per cent\b)"
    r"|[\s-]?(?P<scale>thousand|million|billion|trillion|万亿|千亿|百亿|十亿|百万|千万|万|亿"
    r"|千(?![克米瓦字卡比])|(?<=\d)(?-i:[KMBk](?![A-Za-z]))))?",
    re.IGNORECASE,
)

MIN_DIGITS = 2
"""Of a rounded number: 0.3 for 0.261 says too little."""


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number whose last digit counts `step`, 0 for a fraction, which is exact.

    `n_digits` are its significant ones. Zeros at the end of a whole number may stand for what was
    rounded away: they are none of these, and `rounded_step` is that of the digit before them.
    """

    value: float
    step: float
    n_digits: int
    rounded_step: float


def written_numbers(text: str, *, with_words: bool = False) -> list[WrittenNumber]:
    """Return the numbers of `text` in order; `with_words` reads "two" and 两, too."""
    plain = _plain(text)
    return [_number(each) for each in _NUMBER.finditer(in_figures(plain) if with_words else plain)]


def is_same(given: WrittenNumber, wanted: WrittenNumber) -> bool:
    """Whether `given` is `wanted`, be it with more digits, or rounded to fewer, two at least."""
    if _equal_in(wanted.step, given.value, wanted.value):
        return True
    return given.n_digits >= MIN_DIGITS and _equal_in(given.rounded_step, given.value, wanted.value)


def _number(match: re.Match[str]) -> WrittenNumber:
    digits = match["digits"].replace(",", "")
    whole, _, decimals = digits.partition(".")
    value, step = float(digits), 10.0 ** -len(decimals)
    factor = 10.0 ** int(match["power"] or 0)
    factor *= _PERCENT if match["percent"] else SCALES.get((match["scale"] or "").lower(), 1.0)
    divisor = float((match["divisor"] or "1").replace(",", ""))
    if match["divisor"] and divisor:
        factor, step = factor / divisor, 0.0
    n_zeros = 0 if decimals else len(whole) - len(whole.rstrip("0"))
    return WrittenNumber(
        value=(-value if match["sign"] else value) * factor,
        step=step * factor,
        n_digits=len((whole + decimals).lstrip("0")) - n_zeros,
        rounded_step=step * factor * 10.0**n_zeros,
    )


def _equal_in(step: float, one: float, other: float) -> bool:
    """Whether both are the same in whole steps; in all digits where `step` is 0."""
    if step == 0 or math.isclose(one, other):
        return math.isclose(one, other)
    return _in_steps(one, step) == _in_steps(other, step)


def _in_steps(value: float, step: float) -> float:
    # Halves away from zero, as people round; 0.285 / 0.01 is 28.499… in binary fractions.
    return math.copysign(math.floor(abs(value) / step + 0.5 + 1e-9), value)


def _plain(text: str) -> str:
    """Return `text` with TeX, raised and full-width figures as plain ones."""
    for special, plain in _PLAIN:
        text = text.replace(special, plain)
    text = _COMMAND.sub(" ", _FRACTION.sub(r"\1/\2", text))
    text = _EXPONENT.sub(r"×10^\1", text)
    text = _RAISED.sub(lambda raised: f"^{raised.group()}", text)
    text = unicodedata.normalize("NFKC", text).replace("−", "-")
    return _OF_HUNDRED.sub(r"\1%", text)
