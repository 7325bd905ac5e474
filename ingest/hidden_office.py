"""What a Word document or a presentation holds and doesn't show, or shows to nobody's eyes.

Read from the XML itself: hidden runs, white or tiny type (the run's own or its style's), comments,
hidden slides. What is not covered: theme colours, text behind pictures, white type on slides (it is
right on dark grounds, which come from the layout).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from ingest.findings import Finding, FindingKind, Stretch, of_kind

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"

_TINY_HALF_POINTS = 8
_TINY_HUNDREDTHS = 400
_WHITE = re.compile(r"f[a-f0-9]f[a-f0-9]f[a-f0-9]", re.IGNORECASE)
_SLIDE = re.compile(r"ppt/slides/slide(\d+)\.xml")
_OFF = ("0", "false", "off")


@dataclass(frozen=True, slots=True)
class Looks:
    """How an Office file's text is to be looked at: what it hides, and all of it by place."""

    findings: list[Finding]
    stretches: list[Stretch]


def look_into_docx(data: bytes) -> Looks:
    """Return what a Word document hides, by paragraph; its XML is known to be harmless in size."""
    with ZipFile(BytesIO(data)) as archive:
        names = set(archive.namelist())
        body = _xml(archive.read("word/document.xml"))
        styles = (
            _styles(_xml(archive.read("word/styles.xml"))) if "word/styles.xml" in names else {}
        )
        comments = [
            _xml(archive.read(name)) for name in sorted(names) if name == "word/comments.xml"
        ]
    paragraphs = list(body.iter(W + "p"))
    findings = [
        *(
            finding
            for number, paragraph in enumerate(paragraphs, start=1)
            for finding in _of_paragraph(paragraph, number, styles)
        ),
        *_comments(comments, body, paragraphs),
    ]
    stretches = [
        Stretch(text=_text(paragraph), unit="paragraph", number=number)
        for number, paragraph in enumerate(paragraphs, start=1)
    ]
    return Looks(findings, [each for each in stretches if each.text.strip()])


def look_into_pptx(data: bytes) -> Looks:
    """Return what a presentation hides, by slide, in the order of its files."""
    findings: list[Finding] = []
    stretches: list[Stretch] = []
    with ZipFile(BytesIO(data)) as archive:
        for name in archive.namelist():
            match = _SLIDE.fullmatch(name)
            if match:
                number, root = int(match[1]), _xml(archive.read(name))
                stretches.append(Stretch(text=_slide_text(root), unit="slide", number=number))
                findings += _of_slide(root, number)
            elif name.startswith("ppt/comments/") and name.endswith(".xml"):
                root = _xml(archive.read(name))
                text = " ".join(root.itertext())
                number = int(next(iter(re.findall(r"(\d+)\.xml$", name)), "1"))
                findings += of_kind("comment", "slide", [(number, text)])
                stretches.append(Stretch(text=text, unit="slide", number=number))
            elif name.startswith("ppt/notesSlides/") and name.endswith(".xml"):
                number = int(next(iter(re.findall(r"(\d+)\.xml$", name)), "1"))
                text = _slide_text(_xml(archive.read(name)))
                stretches.append(Stretch(text=text, unit="slide", number=number))
    return Looks(findings, [each for each in stretches if each.text.strip()])


def _xml(data: bytes) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(data, parser)


def _text(element: Any) -> str:
    return "".join(node.text or "" for node in element.iter(W + "t"))


def _slide_text(root: Any) -> str:
    return "\n".join(
        "".join(node.text or "" for node in paragraph.iter(A + "t"))
        for paragraph in root.iter(A + "p")
    )


def _styles(root: Any) -> dict[str, FindingKind]:
    """Return the styles that hide their text, and how."""
    found: dict[str, FindingKind] = {}
    for style in root.iter(W + "style"):
        properties = style.find(W + "rPr")
        kind = None if properties is None else _kind(properties)
        if kind is not None:
            found[style.get(W + "styleId", "")] = kind
    return found


def _kind(properties: Any) -> FindingKind | None:
    """Return how these properties of a run hide its text, None if they don't."""
    for name in ("vanish", "webHidden"):
        mark = properties.find(W + name)
        if mark is not None and mark.get(W + "val", "true") not in _OFF:
            return "hidden-text"
    size = properties.find(W + "sz")
    if (
        size is not None
        and size.get(W + "val", "").isdigit()
        and int(size.get(W + "val")) <= _TINY_HALF_POINTS
    ):
        return "tiny-text"
    colour = properties.find(W + "color")
    if (
        colour is not None
        and _WHITE.fullmatch(colour.get(W + "val", ""))
        and not _has_ground(properties)
    ):
        return "pale-text"
    return None


def _has_ground(properties: Any) -> bool:
    """Whether the text stands on a coloured ground: its own, its paragraph's or its cell's."""
    highlight = properties.find(W + "highlight")
    if highlight is not None and highlight.get(W + "val") not in ("white", "none"):
        return True
    for holder in (properties, *properties.iterancestors(W + "p", W + "tc", W + "tbl")):
        for part in (holder, *holder.iterfind(f"{W}pPr"), *holder.iterfind(f"{W}tcPr")):
            shade = part.find(W + "shd")
            fill = "" if shade is None else shade.get(W + "fill", "auto")
            if fill and fill != "auto" and not _WHITE.fullmatch(fill):
                return True
    return False


def _of_paragraph(paragraph: Any, number: int, styles: dict[str, FindingKind]) -> Iterator[Finding]:
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    of_style = None if style is None else styles.get(style.get(W + "val", ""))
    texts: dict[FindingKind, list[str]] = {}
    for run in paragraph.iter(W + "r"):
        properties = run.find(W + "rPr")
        kind = of_style
        if properties is not None:
            named = properties.find(W + "rStyle")
            own = None if named is None else styles.get(named.get(W + "val", ""))
            kind = _kind(properties) or own or of_style
        if kind is not None:
            texts.setdefault(kind, []).append(_text(run))
    for kind, pieces in texts.items():
        yield from of_kind(kind, "paragraph", [(number, "".join(pieces))])


def _comments(roots: list[Any], body: Any, paragraphs: list[Any]) -> Iterator[Finding]:
    places = {id(paragraph): number for number, paragraph in enumerate(paragraphs, start=1)}
    anchors = {
        mark.get(W + "id"): next(
            (places[id(holder)] for holder in mark.iterancestors(W + "p") if id(holder) in places),
            1,
        )
        for mark in body.iter(W + "commentReference", W + "commentRangeStart")
    }
    for root in roots:
        for comment in root.iter(W + "comment"):
            number = anchors.get(comment.get(W + "id"), 1)
            yield from of_kind("comment", "paragraph", [(number, _text(comment))])


def _of_slide(root: Any, number: int) -> Iterator[Finding]:
    if root.get("show") in _OFF:
        yield from of_kind("hidden-text", "slide", [(number, _slide_text(root))])
    for run in root.iter(A + "r"):
        properties = run.find(A + "rPr")
        size = "" if properties is None else properties.get("sz", "")
        if size.isdigit() and int(size) <= _TINY_HUNDREDTHS:
            text = "".join(node.text or "" for node in run.iter(A + "t"))
            yield from of_kind("tiny-text", "slide", [(number, text)])
    for shape in root.iter(P + "sp"):
        hidden = next((each for each in shape.iter(P + "cNvPr")), None)
        if hidden is not None and hidden.get("hidden") in ("1", "true"):
            yield from of_kind("hidden-text", "slide", [(number, _slide_text(shape))])
