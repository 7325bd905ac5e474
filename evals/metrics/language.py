"""Whether the answer is in the language of the question, refusals included. An error is 0."""

from evals.records import Row


def language_values(row: Row) -> dict[str, float]:
    """Return 1 for an answer in the asker's language, else 0."""
    return {"language_match": float(not row.error and row.language == row.case.language)}
