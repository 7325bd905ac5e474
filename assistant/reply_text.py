"""What can be told of a model's reply while it is written: refusals, loops, stumps, language."""

import re
from collections.abc import Mapping
from math import exp

from assistant.language import MARKER, content_words, detect_language, split_sentences
from assistant.prompts import NOT_IN_MATERIALS
from assistant.records import Language


def refusal_probability(likeliest: Mapping[str, float], reply: str) -> float:
    """Return how probable the refusal token was where `reply` began.

    `likeliest`: natural logarithms of the first tokens' probabilities. Those that `reply` itself
    begins with say nothing: "N" may become the token or "NLP".
    """
    return sum(
        exp(logprob)
        for token, logprob in likeliest.items()
        if (word := token.strip())
        and NOT_IN_MATERIALS.startswith(word)
        and not reply.lstrip().startswith(word)
    )


def showable_end(reply: str) -> int:
    """Return up to where `reply` holds no refusal token, nor what may become one."""
    start = re.sub(r"^[\s*_`\[\]\d.]+", "", reply).upper()
    if NOT_IN_MATERIALS.startswith(start) or start.startswith(NOT_IN_MATERIALS):
        return 0
    if NOT_IN_MATERIALS in reply:
        return reply.index(NOT_IN_MATERIALS)
    lengths = range(len(NOT_IN_MATERIALS) - 1, 0, -1)
    return len(reply) - next((n for n in lengths if reply.endswith(NOT_IN_MATERIALS[:n])), 0)


def begins_in_wrong_language(reply: str, language: Language) -> bool:
    """Whether the first sentence is in the other language; a title alone doesn't say."""
    return len(split_sentences(reply)) > 1 and is_wrong_language(reply, language)


def repeat_start(reply: str) -> int | None:
    """Return where the last sentence begins if it stood there before: a small model may loop."""
    if not re.search(r"[。！？.!?]\s*$", reply):
        return None
    sentences = split_sentences(reply)
    texts = ["".join(MARKER.sub("", sentence.text).split()) for sentence in sentences]
    if not texts or texts[-1] not in texts[:-1] or len(content_words(sentences[-1].text)) < 2:
        return None
    return sentences[-1].start


def without_stump(reply: str) -> str:
    """Return a reply that was cut without its last sentence, if that lacks its end."""
    sentences = split_sentences(reply)
    if len(sentences) < 2 or re.search(r"[。！？；….!?|`$*)）”\]】]$", sentences[-1].text):
        return reply
    return reply[: sentences[-1].start]


def is_wrong_language(reply: str, language: Language) -> bool:
    """Whether a reply of some length is in the other language; code and names don't count."""
    prose = re.sub(r"```.*?(?:```|$)|`[^`]*`|\$[^$]*\$", "", reply, flags=re.DOTALL)
    return len(prose.strip()) >= 24 and detect_language(prose) != language
