"""Near misses: passages on the subject of a question that don't speak of what it asks for."""

from collections.abc import Sequence

from assistant.asked_for import asks_to_compare, names_what_is_measured
from assistant.numbers_in_text import calculates_with, has_numbers_to_calculate, missing_versions
from assistant.records import Passage
from assistant.support import mentions


def is_of_the_kind(passage: Passage, question: str) -> bool:
    """Whether `passage` has the versions that `question` names, and speaks of what it measures."""
    text = "\n".join([passage.title, *passage.heading, passage.text])
    return not missing_versions(question, text) and (
        # What is to be calculated need not be spoken of: how is enough.
        has_numbers_to_calculate(question) or names_what_is_measured(question, text)
    )


def is_about(passage: Passage, subjects: Sequence[Sequence[str]]) -> bool:
    """Whether `passage` mentions one of the things that the question names, if it names any."""
    text = "\n".join([passage.title, *passage.heading, passage.text])
    return not subjects or any(mentions(text, name) for names in subjects for name in names)


def speaks_of_all_compared(
    passages: Sequence[Passage], question: str, subjects: Sequence[Sequence[str]]
) -> bool:
    """Whether `passages` together mention all things that `question` wants compared, if it does.

    What is said of GPTQ alone does not tell whether AWQ loses less.
    """
    return not asks_to_compare(question) or all(
        any(is_about(passage, [names]) for passage in passages) for names in subjects
    )


def is_worked_out_in(passages: Sequence[Passage], question: str) -> bool:
    """Whether one of `passages` has the numbers that `question` wants calculated, if it does."""
    return not has_numbers_to_calculate(question) or any(
        calculates_with(question, passage.text) for passage in passages
    )
