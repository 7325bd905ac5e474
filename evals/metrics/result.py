"""Whether an answer gives the number that was asked for, by comparison with the reference.

result_given = 1 if the answer has the reference's result, else 0; its mean over the calculation
cases is the share that was worked out. The result is the reference's last number, without those
that the question gives and those that it is only compared with ("below 0.80"). It may stand in the
answer in another form (1,400 and 1400, .949 and 0.949, 25 % and 0.25, 120 万 and 1.2 million), with
more digits, or rounded to fewer, two at least. A refusal and an error give nothing: 0.

A fact question that asks for a number is answered by none of the reference's numbers only if it is
answered wrongly: which of them was asked for can't be told. That makes no figure, but a fault
(`evals.faults`).

What is not covered: whether the number stands for the right thing. An answer with many numbers may
have it by chance, so this is the least that a right answer has. Nor are results in other units.

Source: the last number as the result, as in GSM8K: Cobbe et al., 2021, arXiv:2110.14168.
"""

import re

from assistant.asked_for import asks_for_number
from assistant.language import without_markers
from evals.records import Case, Row
from evals.written_numbers import WrittenNumber, is_same, written_numbers

_BOUND = re.compile(
    r"(?:低于|高于|小于|大于|不到|超过|\b(?:below|under|above|less than|more than))"
    r"\s*[\d.,]*\d\s*%?",
    re.IGNORECASE,
)

_ALSO_WORDS = frozenset({0.0, 1.0})
"""一 and 零 mostly stand in words: 一个, 零样本."""


def result_values(row: Row) -> dict[str, float]:
    """Return 1 for a calculation case whose answer has the result, else 0; nothing for others."""
    if row.case.kind != "calculation" or not results_of(row.case):
        return {}
    return {"result_given": float(gives_result(row) is True)}


def gives_result(row: Row) -> bool | None:
    """Return whether the answer has the result; None where none is known, or nothing was said."""
    wanted = results_of(row.case)
    if not wanted or row.error or row.abstained:
        return None
    given = written_numbers(without_markers(row.answer), with_words=True)
    return any(is_same(number, result) for number in given for result in wanted)


def results_of(case: Case) -> list[WrittenNumber]:
    """Return the numbers of which a right answer to `case` has at least one; none if unknown."""
    is_calculation = case.kind == "calculation"
    is_number_asked = is_calculation or (case.kind == "fact" and asks_for_number(case.question))
    if not case.answerable or not is_number_asked:
        return []
    # Of a calculation, words like "one answer costs" are no result; of a fact they may be.
    numbers = written_numbers(_BOUND.sub(" ", case.reference), with_words=not is_calculation)
    asked = {each.value for each in written_numbers(case.question, with_words=True)}
    results = [each for each in numbers if each.value not in asked]
    if is_calculation:
        return results[-1:]
    return [each for each in results if each.value not in _ALSO_WORDS]
