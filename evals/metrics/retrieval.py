"""Whether the search found the sections that hold the answer, and how much else was read.

A passage is relevant to an evidence item if it comes from the same source and stands under the
item's heading: its own, or one further up its path. Headings are compared without Markdown marks,
spaces and case. The twin of the source in the other language (zh/ and en/ exchanged) counts too,
under a heading of the same words ("BERT"). In cross-lingual cases it counts under any heading: the
search folds twins and shows the one in the asker's language, and rows don't say which heading
translates which. There, the figures say that the right document was found, and are that much
kinder.

Cases with passages given, unanswerable ones and those without evidence have no values here. A
search that failed, or found nothing, has 0 throughout.

Agreement with `ir_measures` (R@k, RR, nDCG@10) is tested for evidence that is one passage each.
"""

import re
import unicodedata
from collections.abc import Sequence
from math import log2

from evals.records import Case, Evidence, Read, Row

Relevance = Sequence[frozenset[int]]
"""For each passage, best first: the evidence items (numbers from 0) that it is relevant to."""

RECALL_DEPTHS = (1, 5, 10)
NDCG_DEPTH = 10

_OTHER_LANGUAGE = {"zh": "en", "en": "zh"}
_MARKS = re.compile(r"[*_`#$\\\s]")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def retrieval_values(row: Row) -> dict[str, float]:
    """Return recall@k, MRR, nDCG@10 and context precision of one case, each in [0, 1]."""
    case = row.case
    if not case.evidence or not case.answerable or case.passages is not None:
        return {}
    n_evidence = len(case.evidence)
    ranking = () if row.error else relevance(case, row.found)
    return {
        **{f"recall@{k}": recall(ranking, n_evidence, k) for k in RECALL_DEPTHS},
        "mrr": reciprocal_rank(ranking),
        f"ndcg@{NDCG_DEPTH}": ndcg(ranking, n_evidence, NDCG_DEPTH),
        "context_precision": precision(() if row.error else relevance(case, row.read)),
    }


def relevance(case: Case, passages: Sequence[Read]) -> list[frozenset[int]]:
    """Return which evidence items of `case` each of `passages` is relevant to."""
    return [
        frozenset(
            number
            for number, evidence in enumerate(case.evidence)
            if is_relevant(passage, evidence, is_cross_lingual=case.kind == "cross-lingual")
        )
        for passage in passages
    ]


def is_relevant(passage: Read, evidence: Evidence, *, is_cross_lingual: bool = False) -> bool:
    """Whether `passage` is (a part of) the section that `evidence` names, or its twin."""
    if passage.source == evidence.source:
        return _is_under(passage, evidence.heading)
    if passage.source == twin(evidence.source):
        return is_cross_lingual or _is_under(passage, evidence.heading)
    return False


def twin(source: str) -> str:
    """Return the path of the same document in the other language: zh/a.md of en/a.md."""
    return "/".join(_OTHER_LANGUAGE.get(part, part) for part in source.split("/"))


def recall(ranking: Relevance, n_evidence: int, k: int) -> float:
    """Return recall@k: the share of evidence items that any of the first `k` passages finds.

    Source: Manning, Raghavan and Schütze, 2008, Introduction to Information Retrieval, §8.3.
    """
    return len(frozenset[int]().union(*ranking[:k])) / n_evidence


def reciprocal_rank(ranking: Relevance) -> float:
    """Return 1 / the rank (from 1) of the first relevant passage, 0 where there is none.

    Rows keep ten places, so its mean is MRR@10. Source: Voorhees, 1999, TREC-8 question answering.
    """
    return next((1 / rank for rank, found in enumerate(ranking, start=1) if found), 0.0)


def ndcg(ranking: Relevance, n_evidence: int, k: int) -> float:
    """Return nDCG@k: Σ gain / log2(rank + 1), as a share of the best ranking's sum.

    The gain of a passage is 1 if it finds an evidence item that no passage before it found, else
    0: further passages of a section that is long add nothing. So the best ranking is known, as many
    gains from the top as there are items, without knowing how many passages a section has. A
    passage that finds two items at once gains for the second at its own rank as well, and the
    whole is at most 1.

    Source: Järvelin and Kekäläinen, 2002, doi:10.1145/582415.582418; that only what is new gains
    is α-nDCG with α = 1, Clarke et al., 2008, doi:10.1145/1390334.1390446.
    """
    known: frozenset[int] = frozenset()
    gained = 0.0
    for rank, found in enumerate(ranking[:k], start=1):
        gained += len(found - known) / log2(rank + 1)
        known |= found
    best = sum(1 / log2(rank + 1) for rank in range(1, min(n_evidence, k) + 1))
    return min(gained / best, 1.0)


def precision(ranking: Relevance) -> float:
    """Return context precision: the share of passages that are relevant, 0 where none was read.

    As a plain share, since the order in which a model reads a few passages hardly matters.
    """
    return sum(bool(found) for found in ranking) / len(ranking) if ranking else 0.0


def _is_under(passage: Read, heading: str) -> bool:
    plain = _plain(heading)
    return not plain or plain in map(_plain, passage.heading)


def _plain(heading: str) -> str:
    text = _LINK.sub(r"\1", unicodedata.normalize("NFKC", heading))
    return _MARKS.sub("", text).casefold()
