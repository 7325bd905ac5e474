"""Gaps grouped by meaning, so that ten ways to ask one thing are one line of work."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.centring import Centres, shipped_centres, unit
from assistant.embedding import Embedder, FloatArray
from assistant.gaps import Gap, Gaps, NearPassage
from assistant.language import detect_language
from assistant.records import Language

SAME_MEANING = 0.5
"""Centred cosine from which on two questions count as one.

Of 59 questions in 16 meanings, Chinese and English mixed, 93 % of the pairs grouped belong together
and 79 % of those that belong together are grouped; at 0.45 .93 and .84, at 0.4 .76 and .93. Average
linkage did no better (.91 and .72 at 0.5). Chosen on the careful side: a wrong group hides a gap.
"""

_MAX_NEAREST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GapGroup:
    """Questions of one meaning; `question` is the one asked most often.

    `questions` are the wordings, the most frequent first; `languages` counts by language;
    `last_asked` in seconds since 1970. `nearest` are the passages that came up most often.
    """

    question: str
    n_unanswered: int
    n_disliked: int
    languages: Mapping[Language, int]
    last_asked: float
    questions: tuple[str, ...]
    comments: tuple[str, ...]
    askers: tuple[str, ...]
    nearest: tuple[NearPassage, ...]

    @property
    def n(self) -> int:
        """How often it was asked."""
        return self.n_unanswered + self.n_disliked


def groups(
    gaps: Gaps, embedder: Embedder, *, audiences: frozenset[str] | None
) -> tuple[GapGroup, ...]:
    """Return the gaps grouped by meaning, the most frequent first, then the latest.

    Args:
        gaps: where they are kept; each question's vector is kept there, too.
        embedder: that of the assistant.
        audiences: of whoever looks: passages of others are not named. None: all are.

    Raises:
        StudyError: the gaps can't be read.
    """
    found = gaps.all()
    if not found:
        return ()
    counts = Counter(gap.question for gap in found)
    questions = [question for question, _ in counts.most_common()]
    vectors = _centred(questions, _vectors(gaps, embedder, questions), embedder)
    members: dict[int, list[Gap]] = {}
    numbers = dict(zip(questions, group_by_meaning(vectors), strict=True))
    for gap in found:
        members.setdefault(numbers[gap.question], []).append(gap)
    made = [_group(each, audiences) for each in members.values()]
    return tuple(sorted(made, key=lambda group: (-group.n, -group.last_asked)))


def group_by_meaning(vectors: FloatArray, *, same: float = SAME_MEANING) -> list[int]:
    """Return the number of the group of each row of `vectors`, shape (n, dim), unit norm.

    Leader clustering: a row joins the group whose first row is nearest, if that is near enough,
    else it begins a group. Rows that matter most should come first.
    """
    leaders = np.empty_like(vectors)
    n_leaders = 0
    numbers = []
    for vector in vectors:
        nearness = leaders[:n_leaders] @ vector
        if n_leaders and nearness.max() >= same:
            numbers.append(int(nearness.argmax()))
            continue
        leaders[n_leaders] = vector
        numbers.append(n_leaders)
        n_leaders += 1
    return numbers


def _vectors(gaps: Gaps, embedder: Embedder, questions: Sequence[str]) -> FloatArray:
    """Return the raw vectors of `questions`; each is computed once and kept."""
    kept = gaps.vectors(embedder.fingerprint)
    new = {
        question: embedder.embed_question(question).astype("<f4").tobytes()
        for question in questions
        if question not in kept
    }
    if new:
        gaps.keep_vectors(embedder.fingerprint, new)
    kept |= new
    return np.stack([np.frombuffer(kept[question], dtype="<f4") for question in questions])


def _centred(questions: Sequence[str], vectors: FloatArray, embedder: Embedder) -> FloatArray:
    centres = shipped_centres(embedder.fingerprint) or Centres({})
    rows = [
        centres.centre(vector, "question", detect_language(question))
        for question, vector in zip(questions, vectors, strict=True)
    ]
    return unit(np.stack(rows))


def _group(gaps: Sequence[Gap], audiences: frozenset[str] | None) -> GapGroup:
    wordings = Counter(gap.question for gap in gaps)
    near = Counter(
        each
        for gap in gaps
        for each in gap.nearest
        if audiences is None or each.audience in audiences
    )
    return GapGroup(
        question=wordings.most_common(1)[0][0],
        n_unanswered=sum(gap.kind == "unanswered" for gap in gaps),
        n_disliked=sum(gap.kind == "disliked" for gap in gaps),
        languages=Counter(gap.language for gap in gaps),
        last_asked=max(gap.asked_at for gap in gaps),
        questions=tuple(question for question, _ in wordings.most_common()),
        comments=tuple(gap.comment for gap in gaps if gap.comment),
        askers=tuple(sorted({gap.asker for gap in gaps if gap.asker})),
        nearest=tuple(each for each, _ in near.most_common(_MAX_NEAREST)),
    )
