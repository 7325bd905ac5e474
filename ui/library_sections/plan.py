"""Draws what would change, word by word, and what became of a publication."""

from collections import Counter
from collections.abc import Iterable, Mapping

import streamlit as st

from ui.library.records import FileProblem, Outcome, PassageChange, Plan, PlannedFile
from ui.library.word_changes import Piece, shortened
from ui.library_labels import LibraryLabels
from ui.quality_labels import metric_title
from ui.render import label
from ui.session import language

MAX_FILES, MAX_CHANGES = 50, 20
_MAX_OPEN = 3
_ORDER = ("failed", "added", "changed", "moved", "removed", "kept")
_RANKS = {
    change: rank for rank, change in enumerate(("failed", "changed", "moved", "removed", "added"))
}
_ICONS = {
    "added": ":material/add_circle:",
    "changed": ":material/edit:",
    "moved": ":material/drive_file_move:",
    "removed": ":material/delete:",
    "failed": ":material/error:",
}
_MARKS = {"removed": ":red-background[~~{}~~]", "added": ":green-background[{}]", "same": "{}"}


def draw_plan(plan: Plan, say: LibraryLabels) -> None:
    """Draw a plan: counts first, then each file with the words that change."""
    if plan.is_empty:
        st.info(label(say.plan_empty), icon=":material/done_all:")
        return
    if plan.rebuild:
        st.warning(
            label(say.plan_rebuild.format(reason=plan.rebuild)), icon=":material/restart_alt:"
        )
    files = Counter(file.change for file in plan.files)
    passages: Counter[str] = Counter()
    for file in plan.files:
        passages.update(file.counts)
    files["kept"] = plan.n_kept
    lines = [
        say.plan_files.format(counts=_counts(files, say)),
        say.plan_passages.format(counts=_counts(passages, say) or "—"),
        say.plan_vectors.format(n=plan.n_vectors),
    ]
    st.markdown("  \n".join(label(line) for line in lines))
    ordered = sorted(plan.files, key=lambda file: (_RANKS.get(file.change, 0), file.source))
    for index, file in enumerate(ordered[:MAX_FILES]):
        _draw_file(file, say, is_open=index < _MAX_OPEN)
    if len(plan.files) > MAX_FILES:
        st.caption(label(say.more_files.format(n=len(plan.files) - MAX_FILES)))


def _counts(counts: Mapping[str, int], say: LibraryLabels) -> str:
    known = [name for name in _ORDER if counts.get(name)]
    return ", ".join(
        say.plan_count.format(change=say.plan_changes[name], n=counts[name]) for name in known
    )


def _draw_file(file: PlannedFile, say: LibraryLabels, *, is_open: bool) -> None:
    change = say.plan_changes.get(file.change, file.change)
    heading = f"{file.source} · {change}"
    with st.expander(label(heading), expanded=is_open, icon=_ICONS.get(file.change)):
        facts = [
            say.moved_from.format(source=file.moved_from) if file.moved_from else "",
            say.plan_passages.format(counts=counts)
            if (counts := _counts(file.counts, say))
            else "",
            say.cases_resting.format(cases=", ".join(file.cases)) if file.cases else "",
        ]
        if any(facts):
            st.caption("  \n".join(label(fact) for fact in facts if fact))
        for each in file.changes[:MAX_CHANGES]:
            _draw_change(each, say)
        if len(file.changes) > MAX_CHANGES:
            st.caption(label(say.more_changes.format(n=len(file.changes) - MAX_CHANGES)))


def _draw_change(change: PassageChange, say: LibraryLabels) -> None:
    with st.container(border=True):
        place = " › ".join(part for part in change.heading if part.strip())
        kind = say.plan_changes.get(change.change, change.change)
        st.caption(label(" · ".join(part for part in (place, kind) if part)))
        words = "".join(map(_marked, shortened(change.words)))
        st.markdown(words or label(say.no_words), anchors=False)


def _marked(piece: Piece) -> str:
    """Return the piece marked, its blanks outside of the mark: inside they would break it."""
    shown = label(piece.text)
    if not shown:
        return " "
    start = " " if piece.text[:1].isspace() else ""
    end = " " if piece.text[-1:].isspace() else ""
    return f"{start}{_MARKS[piece.op].format(shown)}{end}"


def draw_outcome(outcome: Outcome, say: LibraryLabels) -> None:
    """Draw what became of a publication: whether, why, with which scores, and what failed."""
    if not outcome.is_published and not outcome.candidate:
        text = outcome.reason or say.outcome_nothing
        st.info(label(text), icon=":material/done_all:")
    elif not outcome.is_published:
        lines = [say.outcome_rejected, outcome.reason]
        st.error("  \n".join(label(line) for line in lines if line), icon=":material/block:")
    elif outcome.is_forced:
        text = say.outcome_forced.format(generation=outcome.generation, reason=outcome.reason)
        st.warning(label(text), icon=":material/gavel:")
    else:
        lines = [say.outcome_published.format(generation=outcome.generation), outcome.reason]
        st.success(
            "  \n".join(label(line) for line in lines if line), icon=":material/check_circle:"
        )
    if outcome.scores:
        _draw_scores(outcome, say)
    draw_problems(outcome.failures, say)


def _draw_scores(outcome: Outcome, say: LibraryLabels) -> None:
    rows = [
        {
            say.score: metric_title(name, language()),
            say.candidate: _figure(candidate),
            say.live: _figure(live),
        }
        for name, (candidate, live) in outcome.scores.items()
    ]
    with st.expander(
        label(f"{say.scores} · {say.n_cases.format(n=outcome.n_cases)}"),
        icon=":material/monitoring:",
        expanded=not outcome.is_published,
    ):
        st.dataframe(rows, hide_index=True, height="content", key="library-scores", alt=say.scores)


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def draw_problems(problems: Iterable[FileProblem], say: LibraryLabels) -> None:
    """Draw the files that could not be taken in: place, what happened, what to do."""
    problems = tuple(problems)
    if not problems:
        return
    st.markdown(f"**{label(say.problems_heading)}**")
    for problem in problems[:MAX_FILES]:
        where = f"{problem.source} · {problem.place}" if problem.place else problem.source
        lines = [where, problem.message]
        if problem.hint:
            lines.append(say.remedy.format(hint=problem.hint))
        st.warning("  \n".join(label(line) for line in lines), icon=":material/error:")
    if len(problems) > MAX_FILES:
        st.caption(label(say.more_files.format(n=len(problems) - MAX_FILES)))
