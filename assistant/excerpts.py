"""Which sentences of which hits the model gets to read, within a budget of tokens.

Whole passages would cost a CPU seconds each: the best sentences of the best passages go in, with
the sentence that follows a very good one, in their own order.
"""

from collections.abc import Sequence
from itertools import pairwise

from assistant.prompts import Excerpt, estimate_tokens
from assistant.retrieval import Candidate

WHOLE_PASSAGE_SHARE = 0.35
"""Weight of a passage's score beside that of the single sentence."""

LEAD_BONUS = 0.08
"""Added to the cosine of a passage's first sentence."""

NEIGHBOUR_SHARE = 0.8
"""A sentence counts at least this share of the one before it: explanations go on."""


def choose_excerpts(
    candidates: Sequence[Candidate], *, max_tokens: int, max_passages: int
) -> list[Excerpt]:
    """Return numbered excerpts of the first `max_passages` hits, best hit first.

    Sentences are taken by score until `max_tokens` (estimated) are used up; the best hit's best
    sentence is always among them. A hit of which nothing was taken gets no number.
    """
    options: list[tuple[float, int, int, int]] = []
    for place, item in enumerate(candidates[:max_passages]):
        values = sentence_values(item)
        for number, (start, end) in enumerate(item.spans):
            before = values[number - 1] * NEIGHBOUR_SHARE if number else -1.0
            value = (1 - WHOLE_PASSAGE_SHARE) * max(values[number], before)
            value += WHOLE_PASSAGE_SHARE * item.hit.score
            cost = estimate_tokens(item.hit.passage.text[start:end])
            options.append((value, place, number, cost))
    options.sort(key=lambda item: (-item[0], item[1:]))
    # A hit may be the best without having the best sentence: a reranker, or its twin, put it first.
    best = [item for item in options if item[1] == 0][:1]
    taken: dict[int, set[int]] = {}
    used = 0
    for _, place, number, cost in [*best, *options]:
        # A passage's number and heading cost some tokens too.
        total = cost + (25 if place not in taken else 0)
        if number in taken.get(place, ()) or (taken and used + total > max_tokens):
            continue
        taken.setdefault(place, set()).add(number)
        used += total
    excerpts: list[Excerpt] = []
    for place in sorted(taken):
        item = candidates[place]
        text = _joined(item, sorted(taken[place]), max_tokens)
        excerpts.append(Excerpt(len(excerpts) + 1, item.hit, text))
    return excerpts


def sentence_values(item: Candidate) -> list[float]:
    """Return how much each sentence of a hit is worth reading: its cosine; the first counts more.

    A section begins with what its subject is; an example further down may be nearer to a question
    that is hardly more than the subject's name.
    """
    values = [float(cosine) for cosine in item.cosines]
    values[0] += LEAD_BONUS
    return values


def whole_excerpts(candidates: Sequence[Candidate], *, max_tokens: int) -> list[Excerpt]:
    """Return whole passages, numbered in order; within `max_tokens`, else their best sentences."""
    excerpts = [
        Excerpt(number, item.hit, item.hit.passage.text)
        for number, item in enumerate(candidates, start=1)
    ]
    if sum(estimate_tokens(excerpt.text) + 25 for excerpt in excerpts) <= max_tokens:
        return excerpts
    return choose_excerpts(candidates, max_tokens=max_tokens, max_passages=len(candidates))


def _joined(item: Candidate, numbers: list[int], max_tokens: int) -> str:
    """Return the chosen sentences in order, an ellipsis where some between were left out.

    Neighbours keep the white space between them: code and tables live by their lines.
    """
    text = item.hit.passage.text
    start, end = item.spans[numbers[0]]
    joined = text[start:end]
    for previous, number in pairwise(numbers):
        start, end = item.spans[number]
        gap = " … " if number > previous + 1 else text[item.spans[previous][1] : start]
        joined += gap + text[start:end]
    # One over-long "sentence" (a table, a code block) must not take the whole context.
    whole = joined
    while joined and estimate_tokens(joined) > 2 * max_tokens - 1:
        joined = joined[: int(len(joined) * 0.8)]
    return joined if joined == whole else joined + " …"
