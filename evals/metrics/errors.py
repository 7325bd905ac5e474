"""Whether anything came of a case at all."""

from evals.records import Row


def error_values(row: Row) -> dict[str, float]:
    """Return 1 for a case that failed, else 0; the mean is the share of failures."""
    return {"errors": float(bool(row.error))}
