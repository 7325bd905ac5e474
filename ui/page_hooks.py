"""The little that a page can't do in Python: hear clicks on citations, keep a cookie, scroll.

The script is ours and constant; no text of a model or a document reaches it, save the number and
turn in a link that `ui/render.py` made.
"""

from typing import TypedDict, cast

import streamlit as st

from ui.render import CITATION_LINK
from ui.session import OWNER_COOKIE

CITED_PASSAGE_KEY = "cited-passage"

_SCRIPT = """
export default function ({ data, setTriggerValue }) {
  const cookies = document.cookie.split("; ");
  if (!cookies.includes(`${data.cookie}=${data.owner}`)) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie =
      `${data.cookie}=${data.owner}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  const onClick = (event) => {
    const link = event.target.closest?.(`a[href^="${data.link}"]`);
    if (!link) return;
    event.preventDefault();
    setTriggerValue("cited", link.getAttribute("href").slice(data.link.length));
  };
  document.addEventListener("click", onClick, true);

  let tries = 0;
  const timer = data.scrollTo && setInterval(() => {
    const target = document.querySelector(`.st-key-${data.scrollTo}`);
    if (target) target.scrollIntoView({ block: "center" });
    if (target || ++tries > 40) clearInterval(timer);
  }, 100);

  return () => {
    document.removeEventListener("click", onClick, true);
    if (timer) clearInterval(timer);
  };
}
"""


class _Result(TypedDict):
    cited: str | None


def mount(owner: str, *, scrolls_to_passage: bool = False) -> str | None:
    """Return the citation that was clicked, as "turn-number", None if none was.

    Args:
        owner: what the cookie is to say.
        scrolls_to_passage: bring the container with `CITED_PASSAGE_KEY` into view.
    """
    component = st.components.v2.component("study_page_hooks", js=_SCRIPT)
    result = component(
        key="page-hooks",
        data={
            "cookie": OWNER_COOKIE,
            "owner": owner,
            "link": CITATION_LINK,
            "scrollTo": CITED_PASSAGE_KEY if scrolls_to_passage else "",
        },
        on_cited_change=lambda: None,
    )
    return cast("_Result", result)["cited"]
