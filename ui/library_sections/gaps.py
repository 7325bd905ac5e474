"""What learners asked and the materials could not answer, grouped by meaning."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from assistant.gaps import NearPassage
from ui import access
from ui.gaps_csv import gaps_csv, last_asked
from ui.labels import Labels
from ui.library_labels import LibraryLabels
from ui.render import label, source_link
from ui.resources import assistant, gaps, settings
from ui.session import language

if TYPE_CHECKING:
    from assistant.gap_groups import GapGroup

_PER_PAGE = 20
_MAX_WORDINGS = 5


def draw(say: LibraryLabels, page_say: Labels) -> None:
    """Draw the section."""
    options = settings().gaps
    names = say.gaps_named if options.with_names else say.gaps_unnamed
    st.caption(label(say.gaps_note.format(names=names, days=options.keep_days)))
    found = _groups(say)
    if not found:
        st.info(label(say.gaps_empty), icon=":material/sentiment_satisfied:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        kind = st.segmented_control(
            label(say.gaps_kind),
            ["all", "unanswered", "disliked"],
            key="gaps-kind",
            default="all",
            required=True,
            format_func=lambda name: say.gap_kinds[name],
            label_visibility="collapsed",
        )
        st.download_button(
            label(say.gaps_download),
            gaps_csv(found, say.gap_headings),
            file_name=f"gaps-{datetime.now(UTC):%Y-%m-%d}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="gaps-csv",
        )
    shown = [group for group in found if kind == "all" or _count(group, kind or "all")]
    page = 1
    if len(shown) > _PER_PAGE:
        page = st.pagination(-(-len(shown) // _PER_PAGE), key=f"gaps-page-{kind}")
    for group in shown[(page - 1) * _PER_PAGE : page * _PER_PAGE]:
        _draw_group(group, say)


def _groups(say: LibraryLabels) -> "tuple[GapGroup, ...]":
    if not gaps().all():  # then no index is needed to say so
        return ()
    with st.spinner(label(say.grouping)):
        found = assistant()
        return found.gap_groups(gaps(), access.audiences(found))


def _count(group: "GapGroup", kind: str) -> int:
    return {"unanswered": group.n_unanswered, "disliked": group.n_disliked}.get(kind, group.n)


def _draw_group(group: "GapGroup", say: LibraryLabels) -> None:
    with st.container(border=True):
        st.markdown(f"**{label(say.gap_times.format(n=group.n))}** {label(group.question)}")
        languages = " · ".join(
            f"{say.languages.get(name, name)} {n}" for name, n in sorted(group.languages.items())
        )
        facts = [
            say.gap_last.format(at=last_asked(group)),
            languages,
            say.gap_disliked.format(n=group.n_disliked) if group.n_disliked else "",
        ]
        st.caption(label(" · ".join(fact for fact in facts if fact)))
        others = group.questions[1 : _MAX_WORDINGS + 1]
        if others:
            st.caption(label(say.gap_wordings.format(questions=" / ".join(others))))
        if group.comments:
            comments = " / ".join(group.comments[:_MAX_WORDINGS])
            st.caption(label(say.gap_comments.format(comments=comments)))
        if group.nearest:
            st.caption(
                "  \n".join([label(say.gap_nearest), *(_near(near) for near in group.nearest)])
            )


def _near(near: NearPassage) -> str:
    """Return where a passage stands, as a link to its document."""
    title = near.title or near.source
    place = " › ".join([title, *(part for part in near.heading if part != title)])
    return f"[{label(place)}]({source_link(near.source, language())})"
