"""When to abstain, and how much the model gets to read: the numbers of answering."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to abstain, and how much the model gets to read.

    `prompt_tokens` and `max_passages` bound what a search found, `given_tokens` what a caller gave.
    """

    top_k: int = 6
    prompt_tokens: int = 400
    max_passages: int = 4
    given_tokens: int = 3000
    min_nearness: float = 0.42
    extract_nearness: float = 0.6
    sure_nearness: float = 0.9
    plain_nearness: float = 0.85
    written_evidence: float = 1.08
    number_evidence: float = 1.45
    method_nearness: float = 0.65
    doubtful_nearness: float = 0.65
    doubtful_evidence: float = 1.0
    answer_sentence: float = 0.6
    answerable: float = 0.57
    unanswerable: float = 0.35
    min_support: float = 0.75
    weak_support: float = 0.6
    max_refusal: float = 0.5
