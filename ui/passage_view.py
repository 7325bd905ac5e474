"""Draws a passage: beside the page when it is opened, and among the others of its source."""

import streamlit as st

from assistant.records import Passage
from ui.labels import Labels
from ui.render import document_link, label, page_number, passage_markdown, where
from ui.session import Opened, close_passage, language


def draw_opened(opened: Opened, labels: Labels) -> None:
    """Draw the passage in a drawer at the right; closing it is remembered."""
    title = (
        labels.source_title.format(number=f"[{opened.number}]") if opened.number else labels.found
    )
    drawer = st.dialog(label(title), width=520, position="right", on_dismiss=close_passage)
    drawer(_draw_details)(opened, labels)


def _draw_details(opened: Opened, labels: Labels) -> None:
    passage = opened.passage
    st.markdown(f"**{label(where(passage))}**")
    page = page_number(passage, labels)
    st.caption(" · ".join(label(part) for part in (passage.source, page) if part))
    draw_passage(passage, labels, opened.quote)
    st.link_button(
        label(labels.open_document),
        document_link(passage, language(), opened.quote),
        icon=":material/open_in_new:",
    )


def draw_passage(passage: Passage, labels: Labels, quote: tuple[int, int] | None = None) -> None:
    """Draw a passage's text, the quoted words marked."""
    st.markdown(passage_markdown(passage, labels, quote), anchors=False)
