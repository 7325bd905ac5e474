"""Which cases rest on what changed: those whose evidence is a section that was touched.

Cross-lingual cases rest on both languages of a document, the others on the one that they name.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from evals.metrics.retrieval import is_relevant, twin
from evals.records import Case, Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A file that changed: its `sources`, old and new; the paths of headings, None for all."""

    name: str
    sources: frozenset[str]
    headings: frozenset[tuple[str, ...]] | None


def resting_on(touched: Sequence[Touched], cases: Sequence[Case]) -> dict[str, list[str]]:
    """Return the ids of the cases that rest on each file, in their order, by the file's name."""
    holders: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.passages is None:
            for source in dict.fromkeys(item.source for item in case.evidence):
                holders[source].append(case)
                if case.kind == "cross-lingual":
                    holders[twin(source)].append(case)
    return {
        file.name: list(
            dict.fromkeys(
                case.id
                for source in sorted(file.sources)
                for case in holders.get(source, ())
                if _rests_on(case, source, file)
            )
        )
        for file in touched
    }


def _rests_on(case: Case, source: str, file: Touched) -> bool:
    if file.headings is None:
        return True
    is_cross_lingual = case.kind == "cross-lingual"
    return any(
        is_relevant(
            Read(passage_id="", source=source, heading=heading, text=""),
            evidence,
            is_cross_lingual=is_cross_lingual,
        )
        for heading in file.headings
        for evidence in case.evidence
    )
