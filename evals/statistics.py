"""Means with 95% intervals by the percentile bootstrap, and paired differences of them.

Source: Efron and Tibshirani, 1993, An Introduction to the Bootstrap, chapters 13 and 16.

What is not covered: values that are all alike give an interval without width, however few they
are, since a sample can't show what it never saw. Thirty successes of thirty don't prove certainty.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LOW, HIGH = 0.025, 0.975
"""Quantiles of the bootstrap's distribution between which an interval of 95% lies."""

_MAX_COUNTS = 4_000_000
"""Numbers held at a time: 32 MB."""


@dataclass(frozen=True)
class Mean:
    """A mean of `n` values with its 95% interval; all None where `n` is 0, never NaN."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def bootstrap_mean(values: Sequence[float], *, seed: int = 0, draws: int = 2000) -> Mean:
    """Return the mean of `values` with its interval; the same for the same values in any order.

    Raises:
        ValueError: a value is not finite.
    """
    return bootstrap_ratio(values, [1.0] * len(values), seed=seed, draws=draws)


def bootstrap_ratio(
    numerators: Sequence[float],
    denominators: Sequence[float],
    *,
    seed: int = 0,
    draws: int = 2000,
) -> Mean:
    """Return Σ numerators / Σ denominators, the pairs drawn together, with its interval.

    That is how F1 gets an interval: numerator 2·TP, denominator 2·TP + FP + FN of each case. Draws
    whose denominators add up to 0 have no value and are left out; where those of the whole do,
    there is no value and `n` is 0.

    Raises:
        ValueError: not as many numerators as denominators, or a value is not finite.
    """
    if len(numerators) != len(denominators):
        raise ValueError(f"{len(numerators)} numerators, but {len(denominators)} denominators.")
    pairs = np.array([numerators, denominators], dtype=np.float64).T
    if not np.isfinite(pairs).all():
        raise ValueError("A value is not finite.")
    n = len(pairs)
    whole = math.fsum(denominators)
    if n == 0 or whole == 0:
        return Mean(None, None, None, 0)
    drawn = np.concatenate(list(_drawn_sums(pairs, seed, draws)))
    drawn = drawn[drawn[:, 1] != 0]
    value = math.fsum(numerators) / whole
    ratios = drawn[:, 0] / drawn[:, 1] if len(drawn) else [value]
    low, high = np.quantile(ratios, [LOW, HIGH])
    return Mean(value, float(low), float(high), n)


def paired_difference(
    a: Sequence[float], b: Sequence[float], *, seed: int = 0, draws: int = 2000
) -> Mean:
    """Return the mean of b - a over the same cases, in the same order, with its interval.

    The difference is significant (5%) where the interval doesn't hold 0.

    Raises:
        ValueError: not as many values in `a` as in `b`, or a value is not finite.
    """
    if len(a) != len(b):
        raise ValueError(f"Pairs are needed, got {len(a)} and {len(b)} values.")
    differences = [after - before for before, after in zip(a, b, strict=True)]
    return bootstrap_mean(differences, seed=seed, draws=draws)


def paired_ratio_difference(
    a: Sequence[tuple[float, float]],
    b: Sequence[tuple[float, float]],
    *,
    seed: int = 0,
    draws: int = 2000,
) -> Mean:
    """Return Σ numerators / Σ denominators of b less that of a, over the same cases in order.

    Both are taken of each draw of cases, with its interval; see `bootstrap_ratio`.

    Raises:
        ValueError: not as many pairs in `a` as in `b`, or a value is not finite.
    """
    if len(a) != len(b):
        raise ValueError(f"Pairs are needed, got {len(a)} and {len(b)} values.")
    rows = np.array([[*before, *after] for before, after in zip(a, b, strict=True)], np.float64)
    if not np.isfinite(rows).all():
        raise ValueError("A value is not finite.")
    sums = rows.sum(axis=0) if len(rows) else np.zeros(4)
    if 0 in (sums[1], sums[3]):
        return Mean(None, None, None, 0)
    drawn = np.concatenate(list(_drawn_sums(rows, seed, draws)))
    drawn = drawn[(drawn[:, 1] != 0) & (drawn[:, 3] != 0)]
    value = float(sums[2] / sums[3] - sums[0] / sums[1])
    differences = drawn[:, 2] / drawn[:, 3] - drawn[:, 0] / drawn[:, 1]
    low, high = np.quantile(differences if len(drawn) else [value], [LOW, HIGH])
    return Mean(value, float(low), float(high), len(rows))


def _drawn_sums(pairs: FloatArray, seed: int, draws: int) -> Iterator[FloatArray]:
    """Yield the sums of samples of `pairs` (or longer rows), drawn with replacement.

    How often each distinct pair falls into a sample is multinomial. Most metrics have few distinct
    values, so this is many times faster than drawing the values one by one, and the same.
    """
    rng = np.random.default_rng(seed)
    distinct, counts = np.unique(pairs, axis=0, return_counts=True)
    at_once = max(_MAX_COUNTS // len(distinct), 1)
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        drawn = rng.multinomial(len(pairs), counts / len(pairs), size=size)
        yield drawn @ distinct
