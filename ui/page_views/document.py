"""The document page: a source as the assistant sees it, the cited passage and words marked.

The address says which: `source`, and of a citation `passage`, `from` and `to` (characters in the
passage's text).
"""

import streamlit as st

from assistant.errors import StudyError
from assistant.records import Passage
from ui import access
from ui.labels import Labels
from ui.page_hooks import CITED_PASSAGE_KEY
from ui.passage_view import draw_passage
from ui.problems import draw_error
from ui.render import label, page_number, where
from ui.resources import assistant
from ui.session import labels

PASSAGES_PER_PAGE = 40


def draw() -> None:
    """Draw the page."""
    say = labels()
    source = st.query_params.get("source", "")
    if not source:
        st.info(label(say.no_source_asked))
        return
    try:
        found = assistant()
        passages = found.source_passages(source, access.audiences(found))
    except StudyError as error:
        draw_error(error, say)
        return
    if not passages:
        st.warning(label(say.source_gone.format(source=source)))
        return
    st.markdown(f"## {label(passages[0].title or source)}", anchors=False)
    st.caption(label(say.passages_of.format(source=source, n=len(passages))))
    cited = st.query_params.get("passage", "")
    cited_index = next(
        (index for index, each in enumerate(passages) if each.passage_id == cited), None
    )
    if cited and cited_index is None:
        st.warning(label(say.passage_gone))
    _draw_passages(passages, cited_index, say)


def _draw_passages(passages: tuple[Passage, ...], cited_index: int | None, say: Labels) -> None:
    n_pages = -(-len(passages) // PASSAGES_PER_PAGE)
    page = 1
    if n_pages > 1:
        page = st.pagination(
            n_pages, default=(cited_index or 0) // PASSAGES_PER_PAGE + 1, key="passages-page"
        )
    start = (page - 1) * PASSAGES_PER_PAGE
    heading = None
    for index, passage in enumerate(passages[start : start + PASSAGES_PER_PAGE], start):
        place = " · ".join(part for part in (where(passage), page_number(passage, say)) if part)
        if place != heading:
            st.caption(label(place))
            heading = place
        if index == cited_index:
            with st.container(border=True, key=CITED_PASSAGE_KEY):
                st.caption(f":material/format_quote: {label(say.cited_here)}")
                draw_passage(passage, say, _quote())
        else:
            draw_passage(passage, say)


def _quote() -> tuple[int, int] | None:
    start, end = st.query_params.get("from", ""), st.query_params.get("to", "")
    is_span = start.isascii() and start.isdigit() and end.isascii() and end.isdigit()
    return (int(start[:9]), int(end[:9])) if is_span else None
