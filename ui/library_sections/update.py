"""Updating the materials: upload, look at what would change, publish, see what became of it."""

from collections.abc import Sequence

import streamlit as st

from assistant.errors import BusyError, IndexUnusable, StudyError
from assistant.generations import Source
from ui import access
from ui.labels import Labels
from ui.library.jobs import Job, JobKind
from ui.library.publication import running_publication
from ui.library.records import read_outcome, read_plan
from ui.library.staging import Staged
from ui.library.targets import roots_of
from ui.library_labels import LibraryLabels
from ui.library_sections.plan import draw_outcome, draw_plan
from ui.library_sections.running import draw_elsewhere, draw_running
from ui.library_sections.upload import draw_upload, forget_notes
from ui.problems import draw_error
from ui.render import label
from ui.resources import assistant, library_jobs, settings, staging

_ICONS = {
    "add": ":material/add_circle:",
    "replace": ":material/sync:",
    "remove": ":material/delete:",
}
_ERROR = "library-error"
_SHOWN_WAITING = 50


def draw(say: LibraryLabels, page_say: Labels) -> None:
    """Draw the section."""
    sources = _sources()
    running = library_jobs().running()
    elsewhere = None if running else running_publication(settings().home)
    _draw_refusal(page_say)
    if running:
        draw_running(running.job_id)
    elif elsewhere:
        draw_elsewhere()
    else:
        _draw_last(library_jobs().latest("publish", "rollback"), sources, say)
    is_busy = bool(running or elsewhere)
    draw_upload(sources, say, page_say, is_busy=is_busy)
    waiting = staging().entries()
    _draw_waiting(waiting, say, is_busy=is_busy)
    _draw_buttons(waiting, sources, say, is_busy=is_busy)
    if not running:
        _draw_last_plan(waiting, say)


def _sources() -> dict[str, Source]:
    """Return what is live; nothing before the first publication."""
    try:
        found = assistant()
        return dict(found.sources(access.audiences(found)))
    except IndexUnusable:
        return {}


def _draw_refusal(page_say: Labels) -> None:
    """Draw why the last click could not be heeded."""
    error = st.session_state.pop(_ERROR, None)
    if isinstance(error, StudyError):
        draw_error(error, page_say)


def _draw_waiting(waiting: Sequence[Staged], say: LibraryLabels, *, is_busy: bool) -> None:
    st.markdown(f"### {label(say.waiting_heading)}", anchors=False)
    if not waiting:
        st.caption(label(say.nothing_waits))
    with st.container(key="library-waiting", gap="small"):
        for staged in waiting[:_SHOWN_WAITING]:
            _draw_one_waiting(staged, say, is_busy=is_busy)
    if len(waiting) > _SHOWN_WAITING:
        st.caption(label(say.more_files.format(n=len(waiting) - _SHOWN_WAITING)))


def _draw_one_waiting(staged: Staged, say: LibraryLabels, *, is_busy: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        with st.container():
            title = "" if staged.title == staged.target.source else f" · {label(staged.title)}"
            st.markdown(f"{_ICONS[staged.change]} **{label(staged.target.source)}**{title}")
            line = say.waiting_line.format(
                change=say.changes[staged.change],
                size=_size(staged.size_bytes),
                audience=say.everyone if staged.audience == "all" else staged.audience,
                at=staged.staged_at.strftime("%Y-%m-%d %H:%M"),
            )
            parts = [line, *([staged.by] if staged.by else [])]
            if staged.n_warnings:
                parts.append(say.warnings_accepted.format(n=staged.n_warnings))
            st.caption(label(" · ".join(parts)))
        st.button(
            label(say.discard),
            key=f"discard-{staged.entry_id}",
            icon=":material/undo:",
            type="tertiary",
            disabled=is_busy,
            on_click=staging().discard,
            args=(staged.entry_id,),
        )


def _size(n_bytes: int) -> str:
    if n_bytes >= 1_000_000:
        return f"{n_bytes / 1e6:.1f} MB"
    return f"{max(n_bytes / 1e3, 0.1):.1f} kB" if n_bytes else "0 B"


def _draw_buttons(
    waiting: Sequence[Staged], sources: dict[str, Source], say: LibraryLabels, *, is_busy: bool
) -> None:
    def start(kind: JobKind) -> None:
        plan = ("publish", "--dry-run", "--json")
        _start(kind, plan if kind == "plan" else _publish_words(), waiting, sources)

    st.text_input(
        label(say.your_name),
        access.visitor_name(),
        key="library-name",
        max_chars=80,
        placeholder=say.your_name_help,
        on_change=lambda: access.remember_name(st.session_state["library-name"]),
        width=280,
    )
    with st.container(horizontal=True):
        st.button(
            label(say.preview),
            key="library-preview",
            icon=":material/difference:",
            disabled=is_busy,
            on_click=start,
            args=("plan",),
        )
        st.button(
            label(say.publish),
            key="library-publish",
            icon=":material/publish:",
            type="primary",
            disabled=is_busy,
            on_click=start,
            args=("publish",),
        )
    st.caption(label(say.publish_note))


def _publish_words() -> tuple[str, ...]:
    name = access.visitor_name()
    return ("publish", "--json", *(("--by", name) if name else ()))


def _start(
    kind: JobKind, words: Sequence[str], waiting: Sequence[Staged], sources: dict[str, Source]
) -> None:
    """Start a job; why it can't be is told by the next run."""
    forget_notes()
    try:
        library_jobs().start(
            kind,
            words,
            by=access.visitor_name(),
            roots=roots_of(settings().corpus, sources),
            entries=[(each.entry_id, each.sha256) for each in waiting],
        )
    except BusyError:
        pass  # somebody was quicker: the next run shows what is going on
    except StudyError as error:
        st.session_state[_ERROR] = error


def _draw_last_plan(waiting: Sequence[Staged], say: LibraryLabels) -> None:
    job = library_jobs().latest("plan", "publish", "rollback")
    if job is None or job.kind != "plan":
        return
    st.markdown(f"### {label(say.plan_heading)}", anchors=False)
    if job.state != "done":
        _draw_trouble(job, say)
        return
    if job.entries != tuple((each.entry_id, each.sha256) for each in waiting):
        st.warning(label(say.plan_stale), icon=":material/history:")
    try:
        draw_plan(read_plan(job.value.get("plan")), say)
    except ValueError as error:
        st.error(label(f"{say.failed} {error}"))


def _draw_last(job: Job | None, sources: dict[str, Source], say: LibraryLabels) -> None:
    """Draw what became of the last publication."""
    if job is None:
        return
    if job.state != "done":
        _draw_trouble(job, say)
        if job.kind == "publish" and job.state == "failed":  # no model to measure with, say
            _draw_force(sources, say)
        return
    if job.kind != "publish":
        return
    try:
        outcome = read_outcome(job.value)
    except ValueError as error:
        st.error(label(f"{say.failed} {error}"))
        return
    draw_outcome(outcome, say)
    if job.foreign:
        st.warning(label(say.foreign.format(names=", ".join(job.foreign))))
    if not outcome.is_published and outcome.candidate:
        _draw_force(sources, say)


def _draw_force(sources: dict[str, Source], say: LibraryLabels) -> None:
    with st.expander(label(say.force_heading), icon=":material/gavel:", key="library-force-box"):
        st.caption(label(say.force_note))
        with st.form("library-force", border=False):
            reason = st.text_input(label(say.force_reason), max_chars=300, key="library-reason")
            if st.form_submit_button(label(say.force), icon=":material/publish:"):
                if not reason.strip():
                    st.error(label(say.reason_missing))
                    return
                words = (*_publish_words(), "--force", "--reason", reason.strip())
                _start("publish", words, staging().entries(), sources)
                st.rerun()


def _draw_trouble(job: Job, say: LibraryLabels) -> None:
    if job.state == "lost":
        st.warning(label(say.lost), icon=":material/history_toggle_off:")
        return
    lines = [say.failed, say.details.format(message=job.error)]
    if job.hint:
        lines.append(say.remedy.format(hint=job.hint))
    st.error("  \n".join(label(line) for line in lines), icon=":material/error:")
