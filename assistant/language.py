"""Which language a text is in; its sentences; its words. Chinese and English, and their mixture.

What is not covered: other languages (they count as English, which means: words between spaces).
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import cast

from assistant.records import Language

_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK_CHAR = re.compile(f"[{_CJK}]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’-][A-Za-zÀ-ÿ]+)*")

# Words that only the frame of a sentence has. In mixed questions ("LoRA 的 rank 是什么") the frame
# tells the asker's language, not the number of letters; the words of questions tell it best, since
# a title has the others too ("请解释 Attention Is All You Need 是什么").
_ZH_QUESTION = re.compile("什么|怎么|怎样|为何|如何|哪|多少|吗|呢|谁|请|解释|介绍")
_EN_QUESTION = re.compile(
    r"\b(?:what|how|why|which|who|whom|when|where|does|do|did|can|could|please|explain|describe|"
    r"tell|compare|give|list|define)\b",
    re.IGNORECASE,
)
_ZH_FRAME = re.compile(_ZH_QUESTION.pattern + "|[几吧的了是有和与及等在对把被用为以]")
_EN_FRAME = re.compile(
    _EN_QUESTION.pattern + r"|\b(?:is|are|was|were|should|would|the|an?|of|in|to|for)\b",
    re.IGNORECASE,
)
_FORMULA_OR_CODE = re.compile(r"\$[^$\n]+\$|`[^`\n]+`")


def has_chinese(text: str) -> bool:
    """Return whether a Chinese character is in `text`, whatever its language."""
    return _CJK_CHAR.search(text) is not None


def detect_language(text: str) -> Language:
    """Return the language of the frame of `text`.

    It is the one whose question words occur alone. Chinese function words say so too where there
    are no English ones; not the other way round, since English titles stand in Chinese sentences.
    Else the more frequent script decides: a Latin word counts as two Chinese characters, which is
    about what it says, and a function word as two more. Text without either counts as English.
    """
    text = _FORMULA_OR_CODE.sub(" ", text)
    n_zh, n_en = len(_CJK_CHAR.findall(text)), 2 * len(_LATIN_WORD.findall(text))
    if n_zh == 0 or n_en == 0:
        return "zh" if n_zh else "en"
    asks_zh, asks_en = _ZH_QUESTION.search(text), _EN_QUESTION.search(text)
    if (asks_zh is None) != (asks_en is None):
        return "zh" if asks_zh else "en"
    n_zh_words, n_en_words = len(_ZH_FRAME.findall(text)), len(_EN_FRAME.findall(text))
    if n_zh_words > 0 and n_en_words == 0:
        return "zh"
    return "zh" if n_zh + 2 * n_zh_words >= n_en + 2 * n_en_words else "en"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text: `text` is what stands between `start` and `end` (end exclusive)."""

    text: str
    start: int
    end: int


MARKER = re.compile(
    r"[\[【［]\s*(?P<numbers>[1-9]\d{0,2}(?:\s*[,，、;；–-]\s*[1-9]\d{0,2})+|\d{1,3})\s*[\]】］]"
)
"""A citation marker as models write it: [1], [1, 2], [1-3], 【1】. The interval [0, 1] is none."""

_SPACED_MARKER = re.compile(rf"[ \t]*{MARKER.pattern}")

# A sentence ends at Chinese or English end punctuation with its closing quotes, or at a line end.
# "；" ends one too: in Chinese technical prose it joins full statements.
_MARKERS = rf"(?:[ \t]*{MARKER.pattern.replace('(?P<numbers>', '(?:')})*"
_END = re.compile(
    rf"(?:[。！？；…]+[”’」』）》】\"')\]]*{_MARKERS})"
    rf"|(?:[.!?]+[”’\"')\]]*{_MARKERS}(?=\s|$))"
    r"|\n+"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(（\[])(?:e\.g|i\.e|etc|cf|vs|al|approx|resp|Fig|Figs|Eq|Eqs|Sec|Ch|No|Nos|Vol|pp?|"
    r"Dr|Mr|Mrs|Ms|Prof|St|Inc|Ltd|Jr|Sr|U\.S|U\.K|[A-Z])\.$"
)


def split_sentences(text: str) -> list[Span]:
    """Return the sentences of `text` in order, without surrounding white space.

    Citation markers that follow the end punctuation ("…。[1]") stay with their sentence. Empty
    ones are left out; the spans never overlap.
    """
    spans: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        is_dot = match.group().startswith(".") and not match.group().startswith("..")
        if is_dot and _is_abbreviation(text, start, match.start() + 1, end):
            continue
        spans += _trimmed(text, start, end)
        start = end
    spans += _trimmed(text, start, len(text))
    return spans


_FENCE = re.compile(
    r"^[ \t]*(?P<rail>`{3,}|~{3,}).*?(?:^[ \t]*(?P=rail)[`~]*[ \t]*$|\Z)", re.M | re.S
)


def without_markers(text: str) -> str:
    """Return `text` without its citation markers, and without the space before each."""
    return _SPACED_MARKER.sub("", text)


def fenced_blocks(text: str) -> list[Span]:
    """Return the blocks of code and diagrams in Markdown `text`, fences included, in order."""
    return [Span(m.group(), m.start(), m.end()) for m in _FENCE.finditer(text)]


def _is_abbreviation(text: str, start: int, dot_end: int, end: int) -> bool:
    """Whether the dot before `dot_end` belongs to an abbreviation or numbering ("1. First")."""
    sentence = text[start:dot_end]
    if sentence.lstrip(" \n-*#>").replace(".", "").isdigit():
        return True
    # Its end is enough, and keeps a text of nothing but initials from taking quadratic time.
    if not _ABBREVIATION.search(sentence[-12:]):
        return False
    following = text[end:].lstrip()[:1]
    # "et al." may end a sentence: a capital after it says so, save for initials ("J. Smith").
    return not (sentence.endswith(("etc.", "al.")) and following.isupper())


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        begin = start + piece.index(stripped)
        yield Span(stripped, begin, begin + len(stripped))


# Very frequent words say nothing about which passage is meant; BM25 would mostly discount them,
# but the check of citations counts words and needs them gone.
STOP_WORDS = frozenset(
    "a an the of in on at to for from by with as is are was were be been being it its this that "
    "these those and or not no do does did can could will would should may might must have has had "
    "i you he she we they them his her our your their my me us what which who whom when where why "
    "how than then so if but about into over also there here such more most some any each very "
    "please explain describe tell meant "
    "的 了 是 在 和 与 或 也 都 就 而 及 等 这 那 其 之 于 对 把 被 为 以 从 到 由 向 有 个 "
    "一个 一种 我 你 他 她 它 我们 你们 他们 它们 什么 怎么 怎样 如何 为什么 为何 哪 哪个 "
    "哪些 多少 几 吗 呢 吧 啊 请 请问 可以 能 能否 会 要 不 没有 没 很 更 最 还 又 但 但是 "
    "因为 所以 如果 这个 那个 这些 那些 进行 通过 使用 以及 并 并且 中 上 下 里 时 后 前 "
    "介绍 解释 说明 一下".split()
)


@cache
def _cutter() -> Callable[[str], Iterable[str]]:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    return cast("Callable[[str], Iterable[str]]", jieba.cut_for_search)


_NAME_TAGS = frozenset({"nr", "nrt", "nrfg", "ns", "nt", "nz"})
"""jieba's for persons, places, institutions and other proper names."""


def chinese_names(text: str) -> list[str]:
    """Return the words of `text` that jieba takes for proper names."""
    return [word for word, tag in tagged_words(text) if tag in _NAME_TAGS]


def tagged_words(text: str) -> list[tuple[str, str]]:
    """Return the words of `text` as jieba cuts it, each with its tag: "n…" nouns, "v…" verbs."""
    _cutter()  # which loads the dictionary, silently
    from jieba import posseg

    return [(pair.word, pair.flag) for pair in posseg.cut(text)]


@cache
def _stemmer() -> Callable[[str], str]:
    import Stemmer

    return cast("Callable[[str], str]", Stemmer.Stemmer("english").stemWord)


WORDS_VERSION = "1"
"""Raised whenever the same text gives other words."""

_WORD = re.compile(
    f"[{_CJK}]+"
    r"|\d+(?:[.,]\d+)*%?"
    r"|[a-zà-ÿα-ω]+(?:\d+(?:\.\d+)*)?(?:['’][a-z]+)?"
)


def _plain_words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text).lower()):
        if _CJK_CHAR.match(match.group()):
            yield from _cutter()(match.group())
        else:
            yield match.group()


def split_words(text: str) -> list[str]:
    """Return the words of `text` in order: lower-cased, width-normalised, English ones stemmed.

    Chinese runs are cut by jieba in search mode: the parts of a long word come before it.
    """
    stem = _stemmer()
    return [stem(word) if word[0].isalpha() else word for word in _plain_words(text)]


def words_version() -> str:
    """Return what shapes the words of a text: this code, and the packages that it uses."""
    packages = " ".join(f"{name} {version(name)}" for name in ("jieba", "PyStemmer"))
    return f"{WORDS_VERSION} {packages}"


def content_words(text: str) -> list[str]:
    """Return the words of `text` that carry meaning: no stop words, no single Latin letters."""
    stem = _stemmer()
    return [
        stem(word) if word[0].isalpha() else word
        for word in _plain_words(text)
        if word not in STOP_WORDS and not (len(word) == 1 and word.isascii() and word.isalpha())
    ]
