"""Whether the assistant refused what the materials don't answer, and only that.

With "refused" as the positive class: TP an unanswerable case refused, FN one answered, FP an
answerable case refused. precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2·TP / (2·TP +
FP + FN). wrongly_answered = FN / unanswerable cases = 1 - recall; wrongly_refused = FP / answerable
cases. Extracts, shown instead of an answer, count as an answer. An error is wrong in either case.

Precision has no value where nothing was refused, recall and F1 where nothing should have been.

Source: Rajpurkar, Jia and Liang, 2018, arXiv:1806.03822 (SQuAD 2.0); the two error rates as in
NoMIRACL, Thakur et al., 2023, arXiv:2312.11361.
"""

from evals.records import Row


def abstention_values(row: Row) -> dict[str, float]:
    """Return what one case adds to the shares above, 0 or 1 each; F1 has no value of one case."""
    is_refused = was_refused(row)
    values = {}
    if is_refused:
        values["abstention_precision"] = float(not row.case.answerable)
    if row.case.answerable:
        values["wrongly_refused"] = float(is_refused)
    else:
        values["abstention_recall"] = float(is_refused)
        values["wrongly_answered"] = float(not is_refused)
    return values


def f1_parts(row: Row) -> tuple[float, float]:
    """Return what one case adds to the numerator and the denominator of F1."""
    is_refused, should_be = was_refused(row), not row.case.answerable
    return 2.0 * (is_refused and should_be), float(is_refused) + float(should_be)


def was_refused(row: Row) -> bool:
    """Whether the case counts as refused: an error counts as what would have been wrong."""
    return row.case.answerable if row.error else row.abstained
