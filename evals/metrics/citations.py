"""Whether an answer's citations carry what it says, as in ALCE.

For an answer with claims s (sentences that assert something), C(s) what s cites, and "supports"
what the judge says:

- recall(s) = 1 if the passages of C(s) together support s, else 0 (also where C(s) is empty);
- precision(c) = 1 if recall(s) = 1 and c is not superfluous, else 0. A citation is superfluous
  if it alone doesn't support s, while the others together still do;
- citation_recall = mean of recall(s) over the claims; citation_precision = mean of precision(c)
  over all citations of claims, 0 where there are none, as in ALCE's own program: to cite nothing
  must not pay; citation_coverage = share of claims that cite anything at all.

`dropped_markers` is the number of markers in the answer that were never given out and that the
assistant dropped.

Only answers count: an abstention has no values. An error where an answer was due has 0. A case of
which the judge saw only a part has neither recall nor precision. A citation under a number that the
row has no passage for cites nothing, and is imprecise.

Source: Gao, Yen, Yu and Chen, 2023, arXiv:2305.14627, §3.3.
"""

from dataclasses import dataclass

from evals.metrics.verdicts import Verdicts, share
from evals.records import Row


def citation_values(row: Row, verdicts: Verdicts) -> dict[str, float]:
    """Return citation recall, precision and coverage in [0, 1], and the count of dropped markers.

    `verdicts` needed: "cited" of each claim that cites; "citation" of each citation of a claim that
    has several, and "rest" of those that alone don't support it.
    """
    if row.error:
        worst = ("citation_recall", "citation_precision", "citation_coverage")
        return dict.fromkeys(worst, 0.0) if row.case.answerable else {}
    if row.abstained:
        return {}
    values = {
        "citation_recall": recall(row, verdicts),
        "citation_precision": precision(row, verdicts),
        "citation_coverage": coverage(row),
        "dropped_markers": float(len(row.dropped_markers)),
    }
    return {name: value for name, value in values.items() if value is not None}


def recall(row: Row, verdicts: Verdicts) -> float | None:
    """Return the share of claims that what they cite supports; None without claims."""
    return share(_is_supported(claim, verdicts) for claim in _claims(row))


def precision(row: Row, verdicts: Verdicts) -> float | None:
    """Return the share of citations that are needed and enough; None without claims."""
    claims = _claims(row)
    if claims and not any(claim.citations for claim in claims):
        return 0.0
    return share(
        _is_precise(claim, citation, verdicts) for claim in claims for citation in claim.citations
    )


def coverage(row: Row) -> float | None:
    """Return the share of claims that cite a passage; None without claims."""
    return share(bool(claim.known) for claim in _claims(row))


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim: `known` are those of the numbers it cites that stand for a passage."""

    index: int
    citations: tuple[int, ...]
    known: frozenset[int]


def _claims(row: Row) -> list[_Claim]:
    numbers = frozenset(cited.number for cited in row.cited)
    return [
        _Claim(
            index=index,
            citations=tuple(dict.fromkeys(statement.citations)),
            known=numbers.intersection(statement.citations),
        )
        for index, statement in enumerate(row.statements)
        if statement.is_claim
    ]


def _is_supported(claim: _Claim, verdicts: Verdicts) -> bool | None:
    return verdicts.supported("cited", claim.index) if claim.known else False


def _is_precise(claim: _Claim, citation: int, verdicts: Verdicts) -> bool | None:
    if citation not in claim.known:
        return False
    is_supported = _is_supported(claim, verdicts)
    if len(claim.known) == 1 or not is_supported:
        return is_supported
    alone = verdicts.supported("citation", claim.index, citation)
    if alone is not False:
        return alone
    rest = verdicts.supported("rest", claim.index, citation)
    return None if rest is None else not rest
