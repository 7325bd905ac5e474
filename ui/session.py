"""What belongs to one browser: who it is, its language, its conversation, the passage it opened.

The address holds what a reload must bring back (`c`: conversation, `lang`), a cookie tells one
browser from another (`ui/page_hooks.py` sets it). That is no login: who has the cookie has the
conversations.
"""

import re
import secrets
from dataclasses import dataclass
from typing import cast, get_args

import streamlit as st

from assistant.records import Citation, Language, Passage
from ui.conversations import Conversation
from ui.labels import LABELS, Labels
from ui.resources import conversations

OWNER_COOKIE = "study_browser"
SECTION, SECTION_KEY = "section", "library-section"
"""The Library's open section: in the address, and the session key of its switch."""

_CONVERSATION, _LANGUAGE = "c", "lang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A passage that the reader opened; `number` and `quote` if it is cited."""

    passage: Passage
    number: int | None = None
    quote: tuple[int, int] | None = None


def opened_citation(citation: Citation) -> Opened:
    """Return the citation's passage with its quote, to be opened."""
    return Opened(
        passage=citation.passage,
        number=citation.number,
        quote=(citation.start_char, citation.end_char),
    )


def owner() -> str:
    """Return the id of this browser: its cookie's, or a new one for the cookie to be set to."""
    cookie = str(st.context.cookies.get(OWNER_COOKIE, ""))
    if re.fullmatch(r"[0-9a-f]{32}", cookie):
        return cookie
    if "owner" not in st.session_state:
        st.session_state.owner = secrets.token_hex(16)
    return str(st.session_state.owner)


def language() -> Language:
    """Return the page's language: as chosen, else the browser's, else English."""
    chosen = st.session_state.get("language") or st.query_params.get(_LANGUAGE)
    if chosen in get_args(Language):
        return cast("Language", chosen)
    return "zh" if str(st.context.locale or "").lower().startswith("zh") else "en"


def choose_language(chosen: Language) -> None:
    """Draw the page in `chosen` from now on, also after a reload."""
    st.session_state.language = chosen
    st.query_params[_LANGUAGE] = chosen


def labels() -> Labels:
    """Return the page's texts."""
    return LABELS[language()]


def current_conversation() -> Conversation | None:
    """Return the conversation that is open, None for a new one or somebody else's."""
    conversation_id = st.query_params.get(_CONVERSATION) or st.session_state.get("conversation")
    found = conversations().find(str(conversation_id), owner()) if conversation_id else None
    open_conversation(found.conversation_id if found else None)
    return found


def open_conversation(conversation_id: str | None) -> None:
    """Open the conversation (None: a new one), also after a reload."""
    st.session_state.conversation = conversation_id
    if conversation_id is None:
        st.query_params.pop(_CONVERSATION, None)
    elif st.query_params.get(_CONVERSATION) != conversation_id:
        st.query_params[_CONVERSATION] = conversation_id


def open_section(name: str) -> None:
    """Open a section of the Library from a callback, also after a reload."""
    st.session_state[SECTION_KEY] = name
    st.query_params[SECTION] = name


def opened() -> Opened | None:
    """Return the passage that the reader opened and has not closed."""
    found = st.session_state.get("opened")
    return found if isinstance(found, Opened) else None


def open_passage(passage: Opened) -> None:
    """Show `passage` beside the page from the next full run on."""
    st.session_state.opened = passage


def close_passage() -> None:
    """Show no passage any more."""
    st.session_state.pop("opened", None)
