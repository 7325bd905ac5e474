"""Which words of a text changed: Chinese by characters, other scripts by whole words."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Op = Literal["same", "removed", "added"]

_CHINESE = "\u3400-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CHINESE}]|[^\W{_CHINESE}]+|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class WordChange:
    """A stretch of text that both versions have, or only one of them."""

    op: Op
    text: str


def word_changes(before: str, after: str) -> tuple[WordChange, ...]:
    """Return the stretches that lead from `before` to `after`, in reading order.

    Those that are "same" or "removed" add up to `before`, "same" and "added" ones to `after`.
    """
    old, new = tokens(before), tokens(after)
    stretches: list[WordChange] = []
    # Without autojunk: it takes what is frequent, such as "the" or 的, for noise.
    for op, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            stretches.append(WordChange("same", "".join(old[i:j])))
            continue
        if i < j:
            stretches.append(WordChange("removed", "".join(old[i:j])))
        if k < m:
            stretches.append(WordChange("added", "".join(new[k:m])))
    return tuple(stretches)


def tokens(text: str) -> list[str]:
    """Return what `text` consists of, nothing left out: words, characters, blanks, marks."""
    return _TOKEN.findall(text)
