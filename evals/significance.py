"""When a difference between two runs is more than chance, for comparison and gate alike."""

from evals.statistics import Mean

MIN_PAIRS = 6
"""Of five pairs that all point one way, a sign test still says p = .06."""


def is_significant(change: Mean) -> bool:
    """Whether the 95 % interval of a paired difference leaves out zero.

    Under `MIN_PAIRS` it never counts, since the bootstrap of a few values that agree has no width.
    """
    if change.low is None or change.high is None or change.n < MIN_PAIRS:
        return False
    return change.low > 0 or change.high < 0
