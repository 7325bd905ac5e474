"""Draws one answer: finished, being written, or failed, with its sources and what people think."""

import streamlit as st

from assistant.records import Answer, Citation, Hit
from ui.conversations import Feedback, Thumb
from ui.jobs import CHANNEL
from ui.labels import Labels
from ui.opinions import keep_opinion
from ui.render import (
    answer_markdown,
    draft_markdown,
    label,
    lost_sentences,
    notices,
    unsupported_spans,
    where,
)
from ui.resources import conversations, gaps, jobs
from ui.session import Opened, labels, open_passage, opened_citation

DRAFT_INTERVAL_S = 0.3


def draw_answer(turn_id: str, answer: Answer, say: Labels) -> None:
    """Draw a finished answer."""
    for notice in notices(answer, say):
        st.info(label(notice), icon=":material/info:")
    if answer.abstained:
        st.markdown(f":material/search_off: **{label(say.abstained)}**")
    if answer.citations:
        _draw_citations(turn_id, answer.citations, say)
    if answer.stopped:
        _draw_hits(turn_id, answer.nearest, say.found, say, is_numbered=True)
    if answer.text:
        st.markdown(answer_markdown(answer, turn_id, say), anchors=False)
    if unsupported_spans(answer):
        st.caption(f":orange[:material/warning:] {label(say.unsupported_note)}")
    lost = lost_sentences(answer)
    if lost:
        st.caption("  \n".join(label(text) for text in (say.lost_sentences, *lost)))
    if answer.abstained:
        _draw_hits(turn_id, answer.nearest, say.nearest, say)
    if not answer.stopped:
        st.caption(label(_origin(answer, say)))
        _draw_opinion(turn_id, answer)


def draw_interrupted(say: Labels) -> None:
    """Draw that an answer was never finished."""
    st.warning(label(say.interrupted), icon=":material/history_toggle_off:")


@st.fragment(run_every=DRAFT_INTERVAL_S)
def draw_writing(turn_id: str) -> None:
    """Draw an answer that is being written, again and again; redraw the page once it is over."""
    say = labels()
    job = jobs().find(turn_id)
    if job is None:
        st.rerun()
    draft = job.draft()
    if draft.hits is None:
        st.markdown(f":shimmer[{label(say.searching)}]")
    else:
        if _draw_hits(turn_id, draft.hits, say.found, say, is_numbered=True):
            st.rerun()  # only a full run draws the passage, not one of the fragment
        if draft.text:
            n_hits = len(draft.hits)
            st.markdown(draft_markdown(draft.text, turn_id, n_hits), anchors=False)
        st.markdown(f":shimmer[{label(say.writing)}]")
    if st.button(label(say.stop), key=f"stop-{turn_id}", icon=":material/stop_circle:"):
        job.stop()
        st.rerun()


def _draw_citations(turn_id: str, citations: tuple[Citation, ...], say: Labels) -> None:
    st.caption(label(say.cited))
    with st.container(horizontal=True, gap="xsmall", key=f"sources-{turn_id}"):
        for citation in citations:
            st.button(
                label(f"[{citation.number}] {where(citation.passage)}"),
                key=f"source-{turn_id}-{citation.number}",
                on_click=open_passage,
                args=(opened_citation(citation),),
            )


def _draw_hits(
    turn_id: str,
    hits: tuple[Hit, ...],
    heading: str,
    say: Labels,
    *,
    is_numbered: bool = False,
) -> bool:
    """Draw passages to open; return whether one was opened now."""
    was_opened = False
    st.caption(label(heading if hits else say.no_nearest))
    with st.container(horizontal=True, gap="xsmall", key=f"hits-{turn_id}"):
        for number, hit in enumerate(hits, start=1):
            was_opened |= st.button(
                label(f"[{number}] {where(hit.passage)}" if is_numbered else where(hit.passage)),
                key=f"hit-{turn_id}-{number}",
                icon=None if is_numbered else ":material/article:",
                on_click=open_passage,
                args=(Opened(passage=hit.passage, number=number if is_numbered else None),),
            )
    return was_opened


def _origin(answer: Answer, say: Labels) -> str:
    """Return who wrote the answer, and how long it took."""
    total_s = answer.timings_ms.get("total", 0.0) / 1000
    seconds = f"{total_s:.1f}" if total_s >= 1 else f"{total_s:.2f}"
    if answer.mode == "model" and answer.model:
        return say.answered_by.format(model=answer.model, seconds=seconds)
    return say.answered_without_model.format(seconds=seconds)


@st.fragment
def _draw_opinion(turn_id: str, answer: Answer) -> None:
    say = labels()
    known = conversations().feedback(turn_id)
    key = f"thumb-{turn_id}"

    def keep_thumb() -> None:
        thumb = st.session_state[key]
        value: Thumb | None = None if thumb is None else "up" if thumb else "down"
        comment = conversations().feedback(turn_id).comment
        _keep(turn_id, answer, Feedback(value=value, comment=comment))

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.feedback(
            "thumbs",
            key=key,
            default={"up": 1, "down": 0, None: None}[known.value],
            on_change=keep_thumb,
        )
        with (
            st.popover(label(say.comment), icon=":material/comment:", type="tertiary"),
            st.form(f"comment-{turn_id}", border=False),
        ):
            comment = st.text_area(
                label(say.opinion),
                known.comment,
                placeholder=say.comment_placeholder,
                max_chars=2000,
            )
            if st.form_submit_button(label(say.send)):
                _keep(turn_id, answer, Feedback(value=known.value, comment=comment.strip()))
                st.success(label(say.thanks))


def _keep(turn_id: str, answer: Answer, feedback: Feedback) -> None:
    keep_opinion(conversations(), gaps(), turn_id, answer, feedback, channel=CHANNEL)
