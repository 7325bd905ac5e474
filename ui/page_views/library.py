"""The Library page: the materials for readers; for owners also updates, their history, and gaps."""

from collections.abc import Callable, Mapping

import streamlit as st

from ui import access
from ui.labels import Labels
from ui.library_labels import LIBRARY_LABELS, LibraryLabels
from ui.library_sections import gaps, history, sources, update
from ui.render import label
from ui.session import SECTION, SECTION_KEY, labels, language
from ui.sidebar import DRAWN_AS

_DRAW: Mapping[str, Callable[[LibraryLabels, Labels], None]] = {
    "sources": sources.draw,
    "update": update.draw,
    "history": history.draw,
    "gaps": gaps.draw,
}
_TABLES = frozenset({"sources"})
_COLUMN_WIDTH = 820


def draw() -> None:
    """Draw the page."""
    say = LIBRARY_LABELS[language()]
    st.session_state.pop(DRAWN_AS, None)  # it is of use without an index, too
    st.markdown(f"## {label(say.library_page)}", anchors=False)
    if not access.is_owner():
        st.markdown(label(say.reader_note))
        sources.draw(say, labels())
        return
    section = _section(say)
    with st.container(width="stretch" if section in _TABLES else _COLUMN_WIDTH):
        _DRAW[section](say, labels())


def _section(say: LibraryLabels) -> str:
    """Return the section that is open, also after a reload: the address says which."""
    asked = st.query_params.get(SECTION)

    def remember() -> None:
        st.query_params[SECTION] = st.session_state[SECTION_KEY]

    chosen = st.segmented_control(
        label(say.library_page),
        list(_DRAW),
        key=SECTION_KEY,
        default=asked if asked in _DRAW else "sources",
        required=True,
        format_func=lambda name: say.sections[name],
        on_change=remember,
        label_visibility="collapsed",
    )
    return chosen or "sources"
