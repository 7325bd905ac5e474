"""What a check finds in a file that a reader of it would not see, or that talks to the model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

FindingKind = Literal[
    "invisible-characters",
    "turned-text",
    "hidden-text",
    "tiny-text",
    "pale-text",
    "comment",
    "instruction",
    "unread-page",
]
Unit = Literal["line", "page", "slide", "paragraph", "cell"]

EXCERPT_CHARS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One suspicious stretch: the `number`th `unit`, counted from 1, and how it begins."""

    kind: FindingKind
    unit: Unit
    number: int
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Text of a file and the place where it begins; with "line", later lines count on."""

    text: str
    unit: Unit
    number: int

    def number_at(self, position: int) -> int:
        """Return the number of the place of the character at `position`."""
        if self.unit != "line":
            return self.number
        return self.number + self.text.count("\n", 0, position)


def excerpt(text: str) -> str:
    """Return the beginning of `text` on one line."""
    text = " ".join(text.split())
    return text if len(text) <= EXCERPT_CHARS else text[: EXCERPT_CHARS - 1] + "…"


def without_repeats(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings by place, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda each: each.number))


def of_kind(kind: FindingKind, unit: Unit, found: Iterable[tuple[int, str]]) -> Sequence[Finding]:
    """Return a finding for each number and text that is not blank."""
    return [
        Finding(kind=kind, unit=unit, number=number, excerpt=excerpt(text))
        for number, text in found
        if text.strip()
    ]
