"""How far a judge can be trusted: its probabilities against people's labels.

The judge's work is to find what is *not* supported, so that is the positive class of precision,
recall and F1 (as in RAGTruth; Niu et al., 2024, arXiv:2401.00396): precision is the share of
rightly called unsupported among those called so, recall the share of the unsupported that were
found. A statement is called supported from the threshold on. What has no value is None, never NaN.

Intervals are 95% by the percentile bootstrap. What belongs to one cluster (the same passages) is
drawn together, since its labels aren't independent (Field and Welsh, 2007, JRSS B).

What is not covered: a threshold or weights chosen on the same labels flatter the judge a little.
Choose them on one half and measure on the other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from evals.judges.stack import StackWeights, log_odds
from evals.records import Record
from evals.statistics import HIGH, LOW, Mean

FloatArray = npt.NDArray[np.float64]

N_BINS = 10
DRAWS = 2000
RIDGE = 1.0
"""Weight of the squared weights of a stack beside the sum of the losses of all statements."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Probabilities and labels of n statements, each counting `weights` times; shapes (n,)."""

    probabilities: FloatArray
    supported: FloatArray
    weights: FloatArray

    @classmethod
    def of(cls, probabilities: Sequence[float], supported: Sequence[bool]) -> "Sample":
        """Return these as a sample in which each counts once.

        Raises:
            ValueError: there are not as many labels, or a probability is not in [0, 1].
        """
        found = np.asarray(probabilities, dtype=np.float64)
        if len(probabilities) != len(supported):
            raise ValueError(f"{len(probabilities)} probabilities, {len(supported)} labels.")
        if not np.all((found >= 0) & (found <= 1)):  # NaN is neither
            raise ValueError("A probability must be in [0, 1].")
        return cls(found, np.asarray(supported, dtype=np.float64), np.ones(len(found)))

    def weighted(self, weights: FloatArray) -> "Sample":
        """Return the sample with other weights."""
        return Sample(self.probabilities, self.supported, weights)


Figure = Callable[[Sample], float | None]


class Bin(Record):
    """The statements whose probability is in [low, high): how many of them are supported."""

    low: float
    high: float
    n: int
    mean_probability: float
    share: Mean


class Quality(Record):
    """A judge's quality on labelled data, each figure with its interval.

    `best_threshold` is that of the highest balanced accuracy; `curve` has no empty bins.
    """

    judge: str
    n: int
    n_unsupported: int
    threshold: float
    balanced_accuracy: Mean
    precision: Mean
    recall: Mean
    f1: Mean
    auc: Mean
    calibration_error: Mean
    best_threshold: Mean
    curve: tuple[Bin, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Draws:
    """Bootstrap samples of n statements: `clusters` holds the number from 0 of each, shape (n,).

    They are drawn anew each time, always the same, since all at once may fill the memory.
    """

    clusters: npt.NDArray[np.int64]
    n_clusters: int
    seed: int
    draws: int

    @classmethod
    def of(cls, n: int, clusters: Sequence[int] | None, *, seed: int, draws: int) -> "_Draws":
        if clusters is not None and len(clusters) != n:
            raise ValueError(f"{n} statements, {len(clusters)} numbers of clusters.")
        names, places = np.unique(range(n) if clusters is None else clusters, return_inverse=True)
        return cls(np.asarray(places, dtype=np.int64), len(names), seed, draws)

    def weights(self) -> Iterator[FloatArray]:
        """Yield how often each statement is drawn, shape (n,)."""
        generator = np.random.default_rng(self.seed)
        for _ in range(self.draws):
            drawn = generator.integers(self.n_clusters, size=self.n_clusters)
            counts = np.bincount(drawn, minlength=self.n_clusters)
            yield np.asarray(counts[self.clusters], dtype=np.float64)


def assess(
    judge: str,
    probabilities: Sequence[float],
    supported: Sequence[bool],
    *,
    threshold: float,
    clusters: Sequence[int] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Quality:
    """Return the quality of `judge`, whose `probabilities` belong to the labels `supported`.

    Args:
        judge: its name.
        clusters: a number for each statement, the same for those to be drawn together; by
            default each is drawn alone.

    Raises:
        ValueError: numbers of statements differ, or a probability is not in [0, 1].
    """
    sample = Sample.of(probabilities, supported)
    drawn = _Draws.of(len(probabilities), clusters, seed=seed, draws=draws)

    def interval(figure: Figure) -> Mean:
        return _interval(figure, sample, drawn)

    return Quality(
        judge=judge,
        n=len(probabilities),
        n_unsupported=len(supported) - sum(map(bool, supported)),
        threshold=threshold,
        balanced_accuracy=interval(lambda s: balanced_accuracy(s, threshold)),
        precision=interval(lambda s: precision(s, threshold)),
        recall=interval(lambda s: recall(s, threshold)),
        f1=interval(lambda s: f1(s, threshold)),
        auc=interval(auc),
        calibration_error=interval(calibration_error),
        best_threshold=interval(best_threshold),
        curve=_curve(sample, drawn),
    )


def balanced_accuracy(sample: Sample, threshold: float) -> float | None:
    """Return the mean of the shares called right among the supported and the unsupported.

    None where a class is empty. Source: Brodersen et al., 2010, doi:10.1109/ICPR.2010.764.
    """
    found, missed, false, right = _confusion(sample, threshold)
    if found + missed == 0 or false + right == 0:
        return None
    return (found / (found + missed) + right / (false + right)) / 2


def precision(sample: Sample, threshold: float) -> float | None:
    """Return the share of unsupported ones among those called so; None where none is."""
    found, _, false, _ = _confusion(sample, threshold)
    return found / (found + false) if found + false > 0 else None


def recall(sample: Sample, threshold: float) -> float | None:
    """Return the share of the unsupported that are called so; None where there is none."""
    found, missed, _, _ = _confusion(sample, threshold)
    return found / (found + missed) if found + missed > 0 else None


def f1(sample: Sample, threshold: float) -> float | None:
    """Return the harmonic mean of precision and recall, 2·TP / (2·TP + FP + FN).

    None where nothing is unsupported and nothing is called so.
    """
    found, missed, false, _ = _confusion(sample, threshold)
    total = 2 * found + false + missed
    return 2 * found / total if total > 0 else None


def auc(sample: Sample) -> float | None:
    """Return the area under the ROC curve.

    That is how often a supported statement is more probable than an unsupported one, ties
    counting half (Hanley and McNeil, 1982, doi:10.1148/radiology.143.1.7063747). None where a
    class is empty.
    """
    _, of_supported, of_unsupported = _by_probability(sample)
    n_pairs = of_supported.sum() * of_unsupported.sum()
    if n_pairs == 0:
        return None
    below = np.cumsum(of_unsupported) - of_unsupported
    return float((of_supported * (below + of_unsupported / 2)).sum() / n_pairs)


def best_threshold(sample: Sample) -> float | None:
    """Return the threshold of the highest balanced accuracy; of equal ones, that nearest to .5.

    It lies half-way between two probabilities that occur. None where a class is empty or all
    probabilities are the same.
    """
    values, of_supported, of_unsupported = _by_probability(sample)
    n_supported, n_unsupported = of_supported.sum(), of_unsupported.sum()
    if n_supported == 0 or n_unsupported == 0 or len(values) < 2:
        return None
    borders = (values[:-1] + values[1:]) / 2
    # Called right by each border: the unsupported under it, and the supported over it.
    under = np.cumsum(of_unsupported)[:-1] / n_unsupported
    over = 1 - np.cumsum(of_supported)[:-1] / n_supported
    accuracies = (under + over) / 2
    best = borders[accuracies >= accuracies.max() - 1e-12]
    return float(best[np.abs(best - 0.5).argmin()])


def calibration_error(sample: Sample) -> float | None:
    """Return the expected calibration error, in [0, 1]: Σ n_b/n · |share_b − mean_b| over bins.

    share_b is the share of supported ones in a bin, mean_b their mean probability. None for an
    empty sample. Source: Naeini et al., 2015, AAAI; Guo et al., 2017, arXiv:1706.04599.
    """
    total = sample.weights.sum()
    if total == 0:
        return None
    bins = _bin_numbers(sample.probabilities)
    gaps = sample.weights * (sample.supported - sample.probabilities)
    return float(np.abs(np.bincount(bins, weights=gaps, minlength=N_BINS)).sum() / total)


def fit_stack(
    probabilities: Mapping[str, Sequence[float]], supported: Sequence[bool]
) -> StackWeights:
    """Return the weights of judges' log-odds that predict `supported` best.

    Logistic regression by Newton's method with a small ridge (not on the bias); both classes
    weigh the same, so that even odds are the border.

    Args:
        probabilities: of each judge by name, in the order of `supported`.

    Raises:
        ValueError: a class is empty, there is no judge, or numbers of statements differ.
    """
    labels = np.asarray(supported, dtype=np.float64)
    n, n_supported = len(labels), float(labels.sum())
    if not probabilities or n_supported in (0, n):
        raise ValueError("A stack is fitted to judges, and to labels of both kinds.")
    if any(len(of_judge) != n for of_judge in probabilities.values()):
        raise ValueError("Each judge needs a probability for each label.")
    odds = [[log_odds(value) for value in of_judge] for of_judge in probabilities.values()]
    columns = np.column_stack([np.ones(n), *np.asarray(odds, dtype=np.float64)])
    weights = np.where(labels == 1, n / (2 * n_supported), n / (2 * (n - n_supported)))
    solution = fit_logistic(columns, labels, weights)
    return StackWeights(
        bias=float(solution[0]),
        weights={
            name: float(weight) for name, weight in zip(probabilities, solution[1:], strict=True)
        },
    )


def fit_logistic(columns: FloatArray, labels: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the coefficients, shape (k,), of the least penalised loss; the first is the bias."""
    ridge = np.full(columns.shape[1], RIDGE)
    ridge[0] = 1e-9

    def loss(solution: FloatArray) -> float:
        scores = columns @ solution
        losses = np.logaddexp(0, scores) - labels * scores
        return float((weights * losses).sum() + (ridge * solution**2).sum() / 2)

    solution = np.zeros(columns.shape[1])
    for _ in range(100):
        predicted = 1 / (1 + np.exp(-np.clip(columns @ solution, -500, 500)))
        gradient = columns.T @ (weights * (predicted - labels)) + ridge * solution
        curvature = weights * predicted * (1 - predicted)
        step = np.linalg.solve((columns.T * curvature) @ columns + np.diag(ridge), gradient)
        # A full step may overshoot far from the solution.
        while loss(solution - step) > loss(solution) and np.abs(step).max() > 1e-10:
            step /= 2
        solution -= step
        if np.abs(step).max() < 1e-8:
            break
    return np.asarray(solution, dtype=np.float64)


def _confusion(sample: Sample, threshold: float) -> tuple[float, float, float, float]:
    """Return the weights of: found, missed (unsupported); called so falsely, right (supported)."""
    called = sample.probabilities < threshold
    unsupported = sample.weights * (1 - sample.supported)
    supported = sample.weights * sample.supported
    return (
        float(unsupported[called].sum()),
        float(unsupported[~called].sum()),
        float(supported[called].sum()),
        float(supported[~called].sum()),
    )


def _by_probability(sample: Sample) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the probabilities that occur, rising, and the weights of both classes at each."""
    occurs = sample.weights > 0
    values, places = np.unique(sample.probabilities[occurs], return_inverse=True)
    weights, supported = sample.weights[occurs], sample.supported[occurs]
    of_supported = np.bincount(places, weights=weights * supported, minlength=len(values))
    of_all = np.bincount(places, weights=weights, minlength=len(values))
    return values, np.asarray(of_supported, np.float64), np.asarray(of_all - of_supported)


def _bin_numbers(probabilities: FloatArray) -> npt.NDArray[np.int64]:
    return np.minimum((probabilities * N_BINS).astype(np.int64), N_BINS - 1)


def _curve(sample: Sample, drawn: _Draws) -> tuple[Bin, ...]:
    numbers = _bin_numbers(sample.probabilities)
    borders = np.linspace(0, 1, N_BINS + 1)
    found = []
    for number, (low, high) in enumerate(pairwise(borders)):
        inside = numbers == number
        if not inside.any():
            continue
        found.append(
            Bin(
                low=round(float(low), 6),
                high=round(float(high), 6),
                n=int(inside.sum()),
                mean_probability=float(sample.probabilities[inside].mean()),
                share=_interval(
                    _share, sample.weighted(inside.astype(np.float64)), drawn, n=int(inside.sum())
                ),
            )
        )
    return tuple(found)


def _share(sample: Sample) -> float | None:
    total = sample.weights.sum()
    return float((sample.weights * sample.supported).sum() / total) if total > 0 else None


def _interval(figure: Figure, sample: Sample, drawn: _Draws, *, n: int | None = None) -> Mean:
    """Return `figure` of the sample; draws without a value (a class is missing) don't count.

    `n` is how many statements it stands on; all of the sample by default.
    """
    n = len(sample.probabilities) if n is None else n
    value = figure(sample)
    if value is None:
        return Mean(None, None, None, n)
    values = [
        found
        for weights in drawn.weights()
        if (found := figure(sample.weighted(sample.weights * weights))) is not None
    ]
    low, high = np.quantile(values, [LOW, HIGH]) if values else (value, value)
    return Mean(value, float(low), float(high), n)
