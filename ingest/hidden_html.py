"""What HTML holds and a browser doesn't show: comments, and text hidden by attribute or style.

Also for the HTML inside Markdown. What is not covered: styles from other files and scripts, and
selectors that name more than one class, id or tag.
"""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

from ingest.findings import Finding, FindingKind, excerpt

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_NOT_TEXT = frozenset({"script", "style", "template", "title", "noscript"})
_BLOCKS = frozenset("p div li td th h1 h2 h3 h4 h5 h6 tr ul ol table body section br pre".split())
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SIMPLE = re.compile(r"[.#]?[\w-]+")

_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0?\.?0+(?![.\d])"
    r"|text-indent\s*:\s*-\d{3,}|(?:left|top|right)\s*:\s*-\d{4,}"
    r"|clip(?:-path)?\s*:\s*(?:rect\(0|inset\((?:50|100)%)",
    re.IGNORECASE,
)
_TINY = re.compile(
    r"font(?:-size)?\s*:\s*(?:[^;]*\s)?(?:[0-3](?:\.\d+)?(?:px|pt)|0?\.[01]\d*r?em|0)(?![.\d\w])",
    re.IGNORECASE,
)
_PALE = re.compile(
    r"(?<![-\w])color\s*:\s*(?:#f{3}\b|#f{6}\b|#f[a-f]f[a-f]f[a-f]\b|white\b|transparent\b"
    r"|rgba?\(\s*25[0-5]\s*,\s*25[0-5]\s*,\s*25[0-5]|rgba\([^)]*,\s*0\s*\))",
    re.IGNORECASE,
)
_GROUND = re.compile(
    r"background(?:-color)?\s*:\s*(?!\s*(?:white|#fff|transparent|none))", re.IGNORECASE
)
_STYLES: tuple[tuple[FindingKind, re.Pattern[str]], ...] = (
    ("hidden-text", _HIDDEN),
    ("tiny-text", _TINY),
    ("pale-text", _PALE),
)
_FENCE = re.compile(r"^([ \t>]*)(`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t>]*\2[`~]*[ \t]*$|\Z)", re.M | re.S)
_INLINE_CODE = re.compile(r"(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
_LINK_COMMENT = re.compile(
    r"^[ \t]{0,3}\[(?://|comment|_)\]:[ \t]*#[ \t]*(.*)$", re.MULTILINE | re.I
)


def find_hidden_html(text: str) -> list[Finding]:
    """Return what the page at hand hides, by line."""
    reader = _Reader(_sheet(text))
    reader.feed(text)
    reader.close()
    return reader.findings


def find_hidden_markdown(text: str) -> list[Finding]:
    """Return what Markdown hides, by line: code that is shown doesn't count."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match.group())

    text = _INLINE_CODE.sub(blank, _FENCE.sub(blank, text))
    comments = [
        Finding(
            kind="comment",
            unit="line",
            number=1 + text.count("\n", 0, match.start()),
            excerpt=excerpt(match[1]),
        )
        for match in _LINK_COMMENT.finditer(text)
    ]
    return [*find_hidden_html(text), *comments]


def html_text(text: str) -> str:
    """Return all text of the page, shown or not, line for line where it stands."""
    reader = _Reader({})
    reader.feed(text)
    reader.close()
    return "".join(reader.text)


def _sheet(text: str) -> Mapping[str, str]:
    """Return the declarations of the page's own style sheets by their simple selectors."""
    rules: dict[str, str] = {}
    for sheet in re.findall(r"<style[^>]*>(.*?)</style", text, re.DOTALL | re.IGNORECASE):
        for selectors, declarations in _RULE.findall(_CSS_COMMENT.sub("", sheet)):
            for selector in selectors.split(","):
                name = selector.strip().lower()
                if _SIMPLE.fullmatch(name):
                    rules[name] = f"{rules.get(name, '')};{declarations}"
    return rules


class _Reader(HTMLParser):
    """Keeps for each open element whether and how it hides its text."""

    def __init__(self, sheet: Mapping[str, str]) -> None:
        super().__init__()
        self.findings: list[Finding] = []
        self.text: list[str] = []
        self._sheet = sheet
        self._open: list[tuple[str, FindingKind | None]] = []
        self._hidden: dict[FindingKind, tuple[int, list[str]]] = {}
        self._line = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what begins, and whether it is hidden."""
        if tag in _BLOCKS:
            self._write(" ")
        if tag in _VOID:
            return
        outer = self._open[-1][1] if self._open else None
        self._open.append((tag, outer or self._hides(tag, dict(attrs))))

    def handle_endtag(self, tag: str) -> None:
        """Note what ends; an end without a beginning is nothing."""
        if all(name != tag for name, _ in self._open):
            return
        while self._open.pop()[0] != tag:
            pass
        if not self._open or self._open[-1][1] is None:
            self._settle()

    def handle_data(self, data: str) -> None:
        """Take text, hidden or not."""
        if self._open and self._open[-1][0] in _NOT_TEXT:
            return
        self._write(data)
        kind = self._open[-1][1] if self._open else None
        if kind is not None and data.strip():
            self._hidden.setdefault(kind, (self.getpos()[0], []))[1].append(data)

    def handle_comment(self, data: str) -> None:
        """Take a comment, unless it is for a browser or a tool."""
        if re.search(r"\w", data) and not re.match(
            r"\s*(?:\[if |<!\[endif|!|prettier-|markdownlint-)", data
        ):
            self._find("comment", self.getpos()[0], data)
            self._write(data)

    def close(self) -> None:
        """End what is still open."""
        super().close()
        self._settle()

    def _write(self, text: str) -> None:
        line = self.getpos()[0]
        if line > self._line:
            self.text.append("\n" * (line - self._line))
            self._line = line
        self.text.append(text)
        self._line += text.count("\n")

    def _settle(self) -> None:
        for kind, (line, pieces) in self._hidden.items():
            self._find(kind, line, " ".join(pieces))
        self._hidden = {}

    def _find(self, kind: FindingKind, line: int, text: str) -> None:
        self.findings.append(Finding(kind=kind, unit="line", number=line, excerpt=excerpt(text)))

    def _hides(self, tag: str, attributes: Mapping[str, str | None]) -> FindingKind | None:
        if tag in _NOT_TEXT:
            return None
        if "hidden" in attributes:
            return "hidden-text"
        names = [
            tag,
            *(f".{name.lower()}" for name in (attributes.get("class") or "").split()),
            f"#{(attributes.get('id') or '').lower()}",
        ]
        style = ";".join(
            [*(self._sheet.get(name, "") for name in names), attributes.get("style") or ""]
        )
        for kind, pattern in _STYLES:
            if pattern.search(style) and not (kind == "pale-text" and _GROUND.search(style)):
                return kind
        return None
