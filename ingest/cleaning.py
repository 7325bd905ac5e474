"""Characters that no document text keeps, and white space between lines."""

import re
import unicodedata

_NOT_TEXT = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters, save tab and line ends
    "\u00ad\u200b\u200e\u200f\u2060\ufeff"  # soft hyphen, zero-width space, marks of direction
    "\u202a-\u202e\u2066-\u2069"  # overrides of direction: text that reads other than it shows
    "\U000e0000-\U000e007f"  # tags: text that doesn't show at all
    "\ue000-\uf8ff]"  # private use: icons, glyphs that a PDF's font doesn't name
)
_LINE_END = re.compile("\r\n|[\r\x0c\x85\u2028\u2029]")
_WIDE_SPACE = re.compile("[\u00a0\u2000-\u200a\u202f\u205f]")

# A line that breaks between two of these is joined without a space.
_CJK = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef“”‘’…—"
_BREAK_IN_CJK = re.compile(f"(?<=[{_CJK}])[ \t]*\n[ \t]*(?=[{_CJK}])")
_LINE_BREAK = re.compile(r"[ \t]*\n[ \t]*")

# Fonts of PDF files map "用" to the radical "⽤", "fi" to the ligature "ﬁ", "x" in formulas to "𝑥".
# All look right, and no search finds them.
_LOOKALIKES = re.compile("[\u2e80-\u2fdf\ufb00-\ufb06\U0001d400-\U0001d7ff]")

# Radicals that Unicode doesn't decompose, or only to the traditional character.
_SIMPLIFIED = dict(
    zip(
        "⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳⼾⿈",
        "民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙龟户黄",
        strict=True,
    )
)


def clean(text: str) -> str:
    """Return `text` with plain line ends and spaces, without invisible characters.

    Lone surrogates, which no output can hold, become U+FFFD.
    """
    text = _LINE_END.sub("\n", text)
    text = _NOT_TEXT.sub("", _WIDE_SPACE.sub(" ", text))
    return text.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(text) else text


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def join_lines(text: str) -> str:
    """Return `text` on one line: a space where a line broke, none between Chinese characters."""
    return _LINE_BREAK.sub(" ", join_chinese_lines(text)).strip()


def join_chinese_lines(text: str) -> str:
    """Return `text` without the line breaks that stand between two Chinese characters."""
    return _BREAK_IN_CJK.sub("", text)


def replace_lookalikes(text: str) -> str:
    """Return `text` with radicals and ligatures as the characters that they stand for."""
    return _LOOKALIKES.sub(lambda match: _plain(match.group()), text)


def _plain(character: str) -> str:
    return _SIMPLIFIED.get(character) or unicodedata.normalize("NFKC", character)
