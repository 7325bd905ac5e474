"""The web page: `streamlit run ui/streamlit_app.py`. Puts sidebar and pages together.

What is not covered: drawing them (`ui/sidebar.py`, `ui/page_views/`), answering (`assistant/`).
"""

from pathlib import Path

import streamlit as st

from assistant.errors import StudyError
from ui import page_hooks
from ui.conversations import Conversations
from ui.labels import Labels
from ui.library_labels import LIBRARY_LABELS
from ui.page_views import chat, document, library, quality
from ui.problems import draw_error, draw_unexpected
from ui.render import label
from ui.resources import conversations, jobs
from ui.session import Opened, labels, language, open_passage, opened_citation, owner
from ui.sidebar import draw_sidebar, draw_state

# A file of ours: for a named icon or an emoji, the browser would ask a host outside.
ICON = Path(__file__).with_name("icon.svg")
DOCUMENT_PATH, LIBRARY_PATH = "document", "library"


def main() -> None:
    """Draw the page that the address asks for."""
    # The way from page to page drops the address's query, and with it the language.
    st.session_state.setdefault("language", language())
    say = labels()
    # With the icon, before the navigation: that would ask a host outside for the page's own.
    st.set_page_config(page_title=say.app_title, page_icon=ICON, layout="centered")
    home = st.Page(chat.draw, title=say.chat_page, icon=":material/forum:", default=True)
    pages = [
        home,
        st.Page(
            document.draw,
            title=say.document_page,
            icon=":material/article:",
            url_path=DOCUMENT_PATH,
            visibility="hidden",
        ),
        st.Page(
            library.draw,
            title=LIBRARY_LABELS[language()].library_page,
            icon=":material/library_books:",
            url_path=LIBRARY_PATH,
        ),
        st.Page(
            quality.draw,
            title=say.quality_page,
            icon=":material/monitoring:",
            url_path="quality",
        ),
    ]
    page = st.navigation(pages)
    if page.url_path == LIBRARY_PATH:
        st.set_page_config(layout="wide")  # its tables want room
    try:
        _draw_frame_and(page, home, say)
    except StudyError as error:
        draw_error(error, say)
    except Exception:  # noqa: BLE001 - the outermost handler: an id, never a traceback
        draw_unexpected(say)


def _draw_frame_and(page: "st.Page", home: "st.Page", say: Labels) -> None:
    draw_sidebar()
    if page.url_path == DOCUMENT_PATH:
        with st.sidebar:
            st.page_link(home, label=label(say.to_chat), icon=":material/arrow_back:")
    _heed_clicks(scrolls_to_passage=page.url_path == DOCUMENT_PATH)
    page.run()
    draw_state()


def _heed_clicks(*, scrolls_to_passage: bool) -> None:
    clicked = page_hooks.mount(owner(), scrolls_to_passage=scrolls_to_passage)
    if clicked:
        _open_citation(conversations(), clicked)


def _open_citation(store: Conversations, clicked: str) -> None:
    """Open the citation that was clicked ("turn-number"), if it is the reader's to see."""
    turn_id, _, number = clicked.rpartition("-")
    turn = store.turn_of(turn_id, owner())
    if turn is None or not number.isdecimal():
        return
    job = jobs().find(turn_id)
    hits = job.draft().hits if job else turn.answer.nearest if turn.answer else ()
    citations = turn.answer.citations if turn.answer else ()
    cited = next((each for each in citations if each.number == int(number)), None)
    if cited:
        open_passage(opened_citation(cited))
    elif hits and 1 <= int(number) <= len(hits):
        open_passage(Opened(passage=hits[int(number) - 1].passage, number=int(number)))


if __name__ == "__main__":
    main()
