"""Characters that don't show, or that make text read other than it shows.

What is not reported: what good text needs (joiners inside emoji and scripts that join, soft
hyphens, a byte order mark at the start).
"""

import re
import unicodedata
from collections.abc import Iterator

from ingest.findings import Finding, FindingKind, Stretch, excerpt

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]+")
_JOINED = "A-Za-z0-9\u3400-\u4dbf\u4e00-\u9fff"
_UNSEEN = re.compile(
    "[\u200b\u2060-\u2064\u180e\u3164\uffa0\ufeff\U000e0000-\U000e007f\U000e0100-\U000e01ef]+"
    f"|(?<=[{_JOINED}])[\u200c\u200d]+(?=[{_JOINED}])|[\u200c\u200d]{{3,}}"
)
_TAG_START, _TAG_END = 0xE0000, 0xE007F
_CONTEXT_CHARS = 24


def find_hidden_characters(stretch: Stretch) -> Iterator[Finding]:
    """Yield a finding for each place with such characters; excerpts name them."""
    patterns: tuple[tuple[FindingKind, re.Pattern[str]], ...] = (
        ("invisible-characters", _UNSEEN),
        ("turned-text", _TURNING),
    )
    for kind, pattern in patterns:
        seen = set()
        for match in pattern.finditer(stretch.text):
            if match.start() == 0 and match.group() == "\ufeff":
                continue
            number = stretch.number_at(match.start())
            if number in seen:
                continue
            seen.add(number)
            yield Finding(
                kind=kind,
                unit=stretch.unit,
                number=number,
                excerpt=excerpt(_shown(stretch.text, match)),
            )


def without_hidden(text: str) -> str:
    """Return `text` as a model may read it: without characters that split words unseen."""
    return _TURNING.sub("", _UNSEEN.sub("", text))


def _shown(text: str, match: re.Match[str]) -> str:
    """Return the words around the characters, which are named, or spelled out if they spell."""
    before = text[max(match.start() - _CONTEXT_CHARS, 0) : match.start()]
    after = text[match.end() : match.end() + _CONTEXT_CHARS]
    spelled = "".join(
        chr(ord(char) - _TAG_START) for char in match.group() if _TAG_START < ord(char) <= _TAG_END
    )
    first = match.group()[0]
    name = f"“{spelled}”" if spelled else unicodedata.name(first, f"U+{ord(first):04X}")
    return f"{without_hidden(before)}⟦{name}⟧{without_hidden(after)}"
