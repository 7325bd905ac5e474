"""Places for what Markdown's parser must not touch: marks, formulas and citations.

Before parsing, each is replaced by characters of the private-use area, which are letters to the
parser; while writing, each gets its due. What is not covered: Markdown itself (`safe_markdown`).
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# Characters of the private-use area hold places while the text is parsed: they are letters to the
# parser, and no text can bring its own (they are replaced on entry).
MARK_START, MARK_END = "\ue000", "\ue001"
FORMULA, CITATION, CLOSE = "\ue002", "\ue003", "\ue004"
STRONG_OPEN, STRONG_CLOSE, EM_OPEN, EM_CLOSE = "\ue005", "\ue006", "\ue007", "\ue008"
OWN = re.compile("[\ue000-\ue00f]")
# Controls, and marks that turn the direction of writing: they could make a text read as another.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

PLACES = re.compile(f"([{MARK_START}{MARK_END}]|[{FORMULA}{CITATION}]\\d+{CLOSE})")
MARKS = re.compile(f"[{MARK_START}{MARK_END}]")
CJK = re.compile("[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]")


_REFERENCE = re.compile(r"&#(?:[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<decimal>\d{1,7}));")


def without_unseen(text: str) -> str:
    """Return `text`, as long as before, without controls and without characters of ours."""

    def harmless(match: re.Match[str]) -> str:
        code = int(match["hex"], 16) if match["hex"] else int(match["decimal"])
        char = chr(code) if code <= 0x10FFFF else "\ufffd"
        return "\ufffd" * len(match[0]) if OWN.match(char) or UNSEEN.match(char) else match[0]

    return OWN.sub("\ufffd", UNSEEN.sub(" ", _REFERENCE.sub(harmless, text)))


# What starts a line without being its text, and lines that have no text at all.
_LINE_START = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6}|\|)[ \t]*)?(?:\[[ xX]\][ \t]+)?")
_STRUCTURE = re.compile(
    r"[ \t>]*(?:(?:`{3,}|~{3,}).*|\${2}|\\[\[\]]|[-=*_|: \t]*[-=*_|]{2}[-=*_|: \t]*)$"
)


def with_marks(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """Return `text` with places at both ends of each of `marks`; overlapping ones are joined."""
    pieces = []
    end = 0
    for mark in sorted(marks):
        start, stop = _snapped(text, max(mark[0], end), min(mark[1], len(text)))
        if start >= stop:
            continue
        pieces += [text[end:start], MARK_START, text[start:stop], MARK_END]
        end = stop
    return "".join([*pieces, text[end:]])


def _snapped(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without what is structure at its ends: a place there would break it."""
    while start < end:
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", start)
        line_end = len(text) if line_end < 0 else line_end
        if _STRUCTURE.match(text, line_start, line_end) and line_end > line_start:
            start = line_end + 1
            continue
        opening = _LINE_START.match(text, line_start, line_end)
        if opening and start < opening.end():
            start = opening.end()
        if start < end and (text[start].isspace() or text[start] == "|"):
            start += 1
            continue
        break
    while end > start:
        line_start = text.rfind("\n", 0, end) + 1
        line_end = text.find("\n", end)
        line = text[line_start : len(text) if line_end < 0 else line_end]
        if line.strip() and _STRUCTURE.match(line):
            end = line_start - 1
        elif text[end - 1].isspace() or text[end - 1] in "|*_":
            end -= 1
        else:
            break
    return start, end


_TO_PLACE = re.compile(
    r"""
    (?P<fence>^[ \t>]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(?P<rail>`{3,}|~{3,})[^\n]*\n
        (?:.*?^[ \t>]*(?P=rail)[`~]*[ \t]*$|.*))
    | (?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=ticks)(?!`))
    | (?<!\\)\$\$(?P<display>(?:(?!\n[ \t]*\n)[^$]){1,4000})\$\$
    | (?<!\\)\\\[(?P<brackets>(?:(?!\n[ \t]*\n|\\\]).){1,4000})\\\]
    | (?<!\\)\\\((?P<parens>(?:(?!\n[ \t]*\n|\\\)).){1,1000})\\\)
    | (?<![\\$])\$(?=[^\s$])(?P<inline>[^$\n]{0,999}[^\s$\\])\$(?![\d$])
    | \[(?P<numbers>\d{1,3}(?:[ ]?[,，、][ ]?\d{1,3})*)\]
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
# Commands that reach beyond the formula: addresses, pictures, HTML, and definitions, with which a
# short formula can grow without end.
_REACHES_OUT = re.compile(
    r"\\(?:href|url|includegraphics|html\w*|class|cssId|def|gdef|edef|xdef|let|futurelet|"
    r"newcommand|renewcommand|providecommand|global|long|char)(?![A-Za-z])"
)
# What a viewer that knows no formulas would take for code, a link or HTML.
_MARKUP = re.compile(r"`|\]\(|://|<[A-Za-z/!?][^<]*>")
_MATHEMATICAL = re.compile(r"[\\^_=+*/<>{}|]|^\s*[A-Za-z]{1,2}\s*$")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula: its TeX, whether it wants lines of its own, and what stood in the text."""

    tex: str
    is_display: bool
    raw: str


def with_places(text: str, markers: Collection[int]) -> tuple[str, list[Formula]]:
    """Return the text with places for formulas and citations, and the formulas in order."""
    formulas: list[Formula] = []

    def place(match: re.Match[str]) -> str:
        raw = match.group()
        if match["fence"] or match["code"]:
            return raw
        if match["numbers"]:
            numbers = [int(number) for number in re.findall(r"\d+", match["numbers"])]
            if not all(number in markers for number in numbers):
                return raw
            return "".join(f"{CITATION}{number}{CLOSE}" for number in numbers)
        tex = match["display"] or match["brackets"] or match["parens"] or match["inline"]
        marks = "".join(MARKS.findall(tex))
        tex = MARKS.sub("", tex).strip()
        before = match.string[match.start() - 1 : match.start()]
        if not (_is_inline(tex, before) if match["inline"] else _is_formula(tex, raw)):
            return raw
        is_display = match["display"] is not None or match["brackets"] is not None
        formulas.append(Formula(tex, is_display, MARKS.sub("", raw)))
        place = f"{FORMULA}{len(formulas) - 1}{CLOSE}"
        # A mark that starts or ends inside the formula takes in all of it.
        return place + marks if marks.startswith(MARK_END) else marks[:1] + place + marks[1:]

    return _TO_PLACE.sub(place, text), formulas


def _is_formula(tex: str, raw: str) -> bool:
    """Whether what stands between unmistakable delimiters (`$$`, `\\(`, `\\[`) is a formula."""
    return _is_harmless(tex) and (raw.startswith("$$") or bool(_MATHEMATICAL.search(tex)))


def _is_inline(tex: str, before: str) -> bool:
    """Whether what stands between single dollars is one, `before` being the character before."""
    if before.isascii() and before.isalnum():  # "FFN$(x)$", but not "US$5/h$" or "5$或6$"
        is_formula = bool(_MATHEMATICAL.search(tex) or tex[0] in "([") and not tex[0].isdigit()
    else:  # not "$5涨到": an amount of money, then words
        is_formula = bool(_MATHEMATICAL.search(tex)) or not re.match(r"\d[\d.,]*\s*\D", tex)
    return is_formula and _is_harmless(tex)


def _is_harmless(tex: str) -> bool:
    is_whole = tex != "" and "$" not in tex and not tex.endswith("\\")
    return is_whole and not _REACHES_OUT.search(tex) and not _MARKUP.search(tex)
