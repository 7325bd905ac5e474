"""MDX → Markdown: what JavaScript is there for goes, what readers see stays.

Lines of import and export, tags of components with their attributes, comments and lone
expressions go; the text between tags stays. Code, inline code and formulas are not touched.

What is not covered: text that a component is given as an attribute, or computes.
"""

import re

_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})")
_MODULE_LINE = re.compile(
    r"^(?:import\s+(?:[\w*{][^;'\"`]*\sfrom\s+)?['\"]"
    r"|import\s*\{\s*$"
    r"|export\s+(?:default|const|let|var|function|async|class|\{|\*)(?=\W|$))"
)
_COMMENT = re.compile(r"\{\s*/\*.*?\*/\s*\}", re.DOTALL)
_STRING = re.compile(r"\{\s*([\"'`])([^\"'`{}\n]*)\1\s*\}")
_LONE_EXPRESSION = re.compile(r"^[ \t]*\{[\w.]+(?:\([^()\n]*\))?\}[ \t]*$", re.MULTILINE)
_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAG_NAME = re.compile(r"</?(?:([A-Za-z][\w.:-]*)(?=\s|/?>)|(?=>))")
# The Markdown parser reads these itself: tables become tables, <br> a line end.
_KEPT_TAGS = frozenset("br table thead tbody tfoot tr th td caption".split())
# Inline code and formulas, which may hold anything.
_LITERAL = re.compile(
    r"(`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)\1(?!`)|\$\$.+?\$\$|\$(?!\s)[^$\n]+?(?<!\s)\$(?!\d)",
    re.DOTALL,
)
# Components side by side are boxes: their texts don't run into each other.
_BOX = "\x0b"
_BOXES = re.compile(rf"(?<=\w){_BOX}+(?=\w)")
_SPECIAL = re.compile(r"[`$\\<]")
_MAX_TAG_CHARS = 10_000


def strip_mdx(text: str) -> str:
    """Return the Markdown that is left of an MDX text without its JavaScript."""
    out: list[str] = []
    prose: list[str] = []
    fence = ""
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if fence:
            out.append(line)
            if match and match.group(1).startswith(fence) and not line.strip(" \t>`~"):
                fence = ""
        elif match:
            out += [*_strip_prose(prose), line]
            prose, fence = [], match.group(1)
        else:
            prose.append(line)
    return "\n".join([*out, *_strip_prose(prose)])


def _strip_prose(lines: list[str]) -> list[str]:
    if not lines:
        return []
    text = "\n".join(_without_modules(lines))
    text = _UNSEEN.sub("", _COMMENT.sub("", text))
    text = _LONE_EXPRESSION.sub("", _STRING.sub(r"\2", text))
    return _without_tags(text).split("\n")


def _without_modules(lines: list[str]) -> list[str]:
    """Return the lines without import and export statements, which end where brackets close."""
    kept: list[str] = []
    n_open = 0
    is_module = False
    for line in lines:
        if not is_module and _MODULE_LINE.match(line):
            is_module, n_open = True, 0
        if not is_module:
            kept.append(line)
            continue
        n_open += sum(map(line.count, "{[(")) - sum(map(line.count, "}])"))
        is_module = n_open > 0 or bool(re.search(r"[=,]\s*$", line))
    return kept


def _without_tags(text: str) -> str:
    out: list[str] = []
    at = 0
    while special := _SPECIAL.search(text, at):
        start = special.start()
        out.append(text[at:start])
        at = start + 1
        if text[start] == "<":
            end = _tag_end(text, start)
            if end:
                is_component = text[start : start + 3].lstrip("</")[:1].isupper()
                out.append(_BOX if is_component else "")
                at = end
                continue
        elif literal := _LITERAL.match(text, start):
            at = literal.end()
        elif text[start] == "\\":
            at = start + 2
        out.append(text[start:at])
    return _BOXES.sub(" ", "".join([*out, text[at:]])).replace(_BOX, "")


def _tag_end(text: str, start: int) -> int:
    """Return where the tag at `start` ends, 0 if there is none or it is to be kept."""
    name = _TAG_NAME.match(text, start)
    if name is None or (name.group(1) or "").lower() in _KEPT_TAGS:
        return 0
    at, depth, quote = name.end(), 0, ""
    limit = min(len(text), start + _MAX_TAG_CHARS)
    while at < limit:
        character = text[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'`":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        elif character == ">" and depth == 0:
            return at + 1
        elif character == "<" and depth == 0:
            return 0
        at += 1
    return 0
