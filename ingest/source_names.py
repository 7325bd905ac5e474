"""What the path of a source says: the language of the text, and the name of its twin."""

import re
from pathlib import PurePosixPath

from assistant.records import Language

# "zh", "en", with a region or script: zh-CN, zh_Hans, en-US.
_LANGUAGE = r"(zh|en)(?:[-_](?:cn|tw|hk|sg|hans|hant|us|gb|uk))?"
_FOLDER = re.compile(_LANGUAGE, re.IGNORECASE)
_SUFFIX = re.compile(rf"[._-]{_LANGUAGE}$", re.IGNORECASE)


def language_of_name(source: str) -> Language | None:
    """Return the language that the path names; the file's name counts before its folders."""
    path = PurePosixPath(source)
    matches = [
        _SUFFIX.search(path.stem),
        *(_FOLDER.fullmatch(part) for part in reversed(path.parts[:-1])),
    ]
    for match in matches:
        if match:
            return "zh" if match.group(1).lower() == "zh" else "en"
    return None


def twin_name(source: str) -> str:
    """Return the path with `*` for each language in it, "" if it names none.

    The same for both languages of a text: `zh/03-x.md` and `en/03-x.md` give `*/03-x.md`.
    """
    path = PurePosixPath(source)
    folders = [_FOLDER.sub("*", part) if _FOLDER.fullmatch(part) else part for part in path.parts]
    match = _SUFFIX.search(path.stem)
    if match:
        folders[-1] = path.stem[: match.start() + 1] + "*" + path.suffix
    twin = "/".join(folders)
    return twin if twin != source else ""


def stem_title(source: str) -> str:
    """Return a title made of the file's name, for a text that has none."""
    stem = _SUFFIX.sub("", PurePosixPath(source).stem)
    return " ".join(stem.replace("_", " ").split()) or source
