"""Draws a job that is running, again and again, until it is over."""

import streamlit as st

from ui.library.jobs import Job
from ui.library.publication import running_publication
from ui.library.records import Progress
from ui.library_labels import LIBRARY_LABELS, LibraryLabels
from ui.render import label
from ui.resources import library_jobs, settings
from ui.session import language

INTERVAL_S = 1.0
_STAGES = ("parse", "chunk", "embed", "index", "evaluate", "promote")


@st.fragment(run_every=INTERVAL_S)
def draw_running(job_id: str) -> None:
    """Draw how far a job of the page is, with a way to stop it; redraw the page once it is over."""
    say = LIBRARY_LABELS[language()]
    job = library_jobs().find(job_id)
    if job is None or job.state != "running":
        st.rerun()
    progress = running_publication(settings().home) if job.kind == "publish" else None
    with st.container(border=True, key="library-running"):
        st.markdown(f":shimmer[{label(say.running[job.kind])}]")
        st.caption(label(_who(job, say)))
        if job.kind == "publish":
            _draw_bar(progress, say)
        st.button(
            label(say.stop),
            key=f"library-stop-{job_id}",
            icon=":material/stop_circle:",
            on_click=library_jobs().stop,
            args=(job_id,),
        )


@st.fragment(run_every=INTERVAL_S)
def draw_elsewhere() -> None:
    """Draw how far a publication is that was not started by the page."""
    say = LIBRARY_LABELS[language()]
    progress = running_publication(settings().home)
    if progress is None:
        st.rerun()
    with st.container(border=True, key="library-elsewhere"):
        stage = say.stages.get(progress.stage, progress.stage)
        st.markdown(label(say.elsewhere_running.format(stage=stage)))
        _draw_bar(progress, say)


def _who(job: Job, say: LibraryLabels) -> str:
    at = job.started_at.strftime("%Y-%m-%d %H:%M")
    return say.running_by.format(by=job.by or "—", at=at)


def _draw_bar(progress: Progress | None, say: LibraryLabels) -> None:
    """Draw the stages as one bar: each is a part of it."""
    if progress is None:
        st.progress(0.0, label(say.stages[""]))
        return
    position = _STAGES.index(progress.stage) if progress.stage in _STAGES else 0
    share = min(progress.done / progress.total, 1.0) if progress.total > 0 else 0.0
    text = say.stages.get(progress.stage, progress.stage)
    if progress.total > 0:
        text = say.of_total.format(stage=text, done=progress.done, total=progress.total)
    st.progress((position + share) / len(_STAGES), label(text))
