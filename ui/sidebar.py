"""Draws the sidebar: the language, the conversations, the state of index and model."""

from typing import Literal, get_args

import streamlit as st

from assistant.errors import StudyError
from assistant.records import Language
from ui.labels import LANGUAGE_NAMES, Labels
from ui.ports import Status
from ui.render import label
from ui.resources import assistant, conversations
from ui.session import choose_language, labels, language, open_conversation, owner

STATE_INTERVAL_S = 3.0
DRAWN_AS = "drawn-as"
"""Session key: the `Readiness` as which the page was last drawn."""

Readiness = Literal["missing", "empty", "ready"]


def draw_sidebar() -> None:
    """Draw its upper part; called before the page."""
    say = labels()
    with st.sidebar:
        st.markdown(f"### {label(say.app_title)}", anchors=False)
        _draw_language_switch(say)


def draw_conversations(current_id: str | None) -> None:
    """Draw the conversations to choose from; for the chat page, which knows the open one."""
    say = labels()
    found = conversations().of_owner(owner())
    with st.sidebar:
        st.button(
            label(say.new_conversation),
            key="new-conversation",
            icon=":material/add:",
            width="stretch",
            on_click=open_conversation,
            args=(None,),
        )
    if not found:
        return
    with st.sidebar, st.container(gap="xxsmall"):
        st.caption(label(say.conversations))
        for conversation in found:
            is_current = conversation.conversation_id == current_id
            title = label(conversation.title)
            st.button(
                f"**{title}**" if is_current else title,
                key=f"conversation-{conversation.conversation_id}",
                type="tertiary",
                wrap=False,
                on_click=open_conversation,
                args=(conversation.conversation_id,),
            )


def _draw_language_switch(say: Labels) -> None:
    def choose() -> None:
        choose_language(st.session_state["language-switch"])

    st.segmented_control(
        label(say.language),
        get_args(Language),
        key="language-switch",
        default=language(),
        required=True,
        format_func=lambda name: LANGUAGE_NAMES[name],
        on_change=choose,
        label_visibility="collapsed",
    )


@st.fragment(run_every=STATE_INTERVAL_S)
def _draw_state_now() -> None:
    say = labels()
    try:
        status: Status | None = assistant().status()
    except StudyError:
        status = None
    st.caption("  \n".join(_state_lines(status, say)))
    if st.session_state.get(DRAWN_AS, readiness(status)) != readiness(status):
        st.rerun()


def draw_state() -> None:
    """Draw the state of index and model, every few seconds anew.

    Called after the page: when what it drew (`DRAWN_AS`) is no longer so, it is redrawn.
    """
    with st.sidebar:
        st.divider()
        _draw_state_now()


def readiness(status: Status | None) -> Readiness:
    """Return whether questions can be answered: there is an index, with something in it."""
    if status is None or not status.index_ready:
        return "missing"
    return "ready" if status.n_passages > 0 else "empty"


def _state_lines(status: Status | None, say: Labels) -> list[str]:
    """Return the state as Markdown, a line each."""
    if status is None or not status.index_ready:
        lines = [f":material/database_off: {label(say.index_missing)}"]
    elif status.n_passages == 0:
        lines = [f":material/database_off: {label(say.index_empty)}"]
    else:
        text = say.index_ready.format(n_sources=status.n_sources, n_passages=status.n_passages)
        lines = [f":material/database: {label(text)}"]
    if status is None:
        return lines
    if status.model_ready:
        text = say.model_ready.format(model=status.model or "?", engine=status.engine or "?")
        lines.append(f":material/neurology: {label(text)}")
    else:
        lines.append(f":material/hourglass_top: {label(say.model_waiting)}")
        lines.append(label(say.model_waiting_note))
    if status.message and readiness(status) == "ready":  # else the page says it
        lines.append(label(status.message))
    if status.generation:
        lines.append(label(say.generation.format(generation=status.generation)))
    return lines
