"""What a file says about itself between two lines of `---`: YAML. The home of PyYAML.

Only five keys mean anything: title, language, audience, owner, version. Since the audience decides
who may read the file, front matter that can't be understood makes the file unreadable: taken for
text, it would publish the file to everyone.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from assistant.records import Language
from ingest.errors import AudienceUnclear

_FENCED = re.compile(r"\A\s*---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_AUDIENCE = re.compile(r"[a-z0-9][a-z0-9_-]*")
_AUDIENCE_KEY = re.compile(r"(?:^|[{,])\s*[\"']?audience[\"']?\s*:", re.IGNORECASE | re.MULTILINE)
_HINT = "Correct the lines between the two `---` at the top."


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What front matter says, understood; "" and None where it says nothing."""

    title: str = ""
    language: Language | None = None
    audience: str = "all"
    owner: str = ""
    version: str = ""


def split_front_matter(text: str) -> tuple[dict[str, object], str]:
    """Return the front matter's values by lower-case key, and the text below it.

    Two lines of `---` around something that is no mapping are rules of a page, and stay.

    Raises:
        AudienceUnclear: it is not YAML, or does not name one audience at its top level.
    """
    match = _FENCED.match(text)
    if match is None:
        return {}, text
    inner = match.group(1) or ""
    try:
        values = yaml.safe_load(inner)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {_line(text, match.start(1) + mark.index)}" if mark else "line 1"
        raise AudienceUnclear("Its front matter is not YAML.", hint=_HINT, place=place) from error
    if values is None:
        return {}, text[match.end() :]
    if not isinstance(values, dict):
        return {}, text
    found = {str(key).lower(): value for key, value in values.items()}
    keys = list(_AUDIENCE_KEY.finditer(inner))
    if len(keys) > 1 or (keys and "audience" not in found):
        raise AudienceUnclear(
            "Its front matter doesn't name one audience at its top level.",
            hint=_HINT,
            place=f"line {_line(text, match.start(1) + keys[-1].end())}",
        )
    return found, text[match.end() :]


def understand(values: Mapping[str, object]) -> About:
    """Return what the front matter says.

    Raises:
        AudienceUnclear: the audience is no plain name, or a key looks like a mistyped one.
    """
    audience = values.get("audience", "all")
    if not isinstance(audience, str) or not _AUDIENCE.fullmatch(audience):
        raise AudienceUnclear(
            f"Its audience is {audience!r}, which is not a plain name.",
            hint="Write one name of small letters, digits, - and _, such as `audience: sales`.",
        )
    for key in difflib.get_close_matches("audience", values, n=2, cutoff=0.8):
        if key != "audience":
            raise AudienceUnclear(
                f"Its front matter has the key {key!r}.", hint="Did you mean `audience`?"
            )
    return About(
        title=_text(values.get("title")),
        language=_language(_text(values.get("language"))),
        audience=audience,
        owner=_text(values.get("owner")),
        version=_text(values.get("version")),
    )


def _line(text: str, position: int) -> int:
    """Return the number of the line that a position is in, from 1."""
    return text.count("\n", 0, position) + 1


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, list | dict) else " ".join(str(value).split())


def _language(name: str) -> Language | None:
    """Return the language that a name such as "zh-CN" stands for."""
    match re.split("[-_]", name.lower())[0]:
        case "zh" | "chinese":
            return "zh"
        case "en" | "english":
            return "en"
    return None
