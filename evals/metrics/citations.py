r"""Whether an answer's citations carry what it says, as in ALCE.

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
which the judge saw only a part has neither recall nor precision.

Source: Gao, Yen, Yu and Chen, 2023, arXiv:2305.14627, §3.3.
"""

from evals.metrics.verdicts import Verdicts, share
from evals.records import Row, Statement


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
    return share(_is_supported(index, claim, verdicts) for index, claim in _claims(row))


def precision(row: Row, verdicts: Verdicts) -> float | None:
    """Return the share of citations that are needed and enough; None without claims."""
    claims = _claims(row)
    if claims and not any(claim.citations for _, claim in claims):
        return 0.0
    return share(
        _is_precise(index, claim, citation, verdicts)
        for index, claim in claims
        for citation in claim.citations
    )


def coverage(row: Row) -> float | None:
    """Return the share of claims that cite a passage; None without claims."""
    return share(bool(claim.citations) for _, claim in _claims(row))


def _claims(row: Row) -> list[tuple[int, Statement]]:
    return [(index, each) for index, each in enumerate(row.statements) if each.is_claim]


def _is_supported(index: int, claim: Statement, verdicts: Verdicts) -> bool | None:
    return verdicts.supported("cited", index) if claim.citations else False


def _is_precise(index: int, claim: Statement, citation: int, verdicts: Verdicts) -> bool | None:
    if len(set(claim.citations)) == 1 or not _is_supported(index, claim, verdicts):
        return _is_supported(index, claim, verdicts)
    alone = verdicts.supported("citation", index, citation)
    if alone is not False:
        return alone
    rest = verdicts.supported("rest", index, citation)
    return None if rest is None else not rest
