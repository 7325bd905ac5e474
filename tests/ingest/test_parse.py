import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import IngestError
from ingest import parse as parse_module
from ingest.discover import SUFFIXES
from ingest.errors import AudienceUnclear, TooLarge, Unreadable
from ingest.parse import PARSERS, Limits, assemble, parse
from ingest.records import Block, Document, Extract
from tests.ingest.documents import Text, docx, notebook, pdf, picture_pdf, pptx

LIMITS = Limits(max_file_bytes=100_000_000, max_unpacked_bytes=500_000_000, timeout_s=60)


def read(folder: Path, name: str, data: bytes, limits: Limits = LIMITS) -> Document:
    path = folder / name
    path.write_bytes(data)
    return parse(path, name, limits)


def test_every_format_that_is_found_can_be_parsed() -> None:
    assert set(PARSERS) == SUFFIXES


def test_elements_join_to_the_text_and_know_their_place() -> None:
    document = assemble(
        Extract(
            blocks=(
                Block(kind="text", text="Preamble."),
                Block(kind="heading", text="一", level=1, page=1),
                Block(kind="heading", text="一点一", level=2, page=1),
                Block(kind="text", text="文字。\u200b", page=1),
                Block(kind="code", text="\n    x = `1`\n", code_language="python", page=2),
                Block(kind="heading", text="二", level=1),
                Block(kind="text", text="  "),
                Block(kind="heading", text="", level=1),
                Block(kind="formula", text="$$x$$"),
            )
        ),
        "a.md",
    )
    assert document.text == (
        "Preamble.\n\n一\n\n一点一\n\n文字。\n\n```python\n    x = `1`\n```\n\n二\n\n$$x$$"
    )
    for element in document.elements:
        assert document.text[element.start_char : element.end_char] == element.text
    assert [(each.heading, each.section, each.page) for each in document.elements] == [
        ((), 0, None),
        (("一",), 0, 1),
        (("一", "一点一"), 1, 1),
        (("一", "一点一"), 1, 1),
        (("一", "一点一"), 1, 2),
        (("二",), 2, None),
        ((), 2, None),
    ]


def test_fences_are_longer_than_those_inside() -> None:
    document = assemble(Extract(blocks=(Block(kind="code", text="```\nx\n```"),)), "a.md")
    assert document.text == "````\n```\nx\n```\n````"


@pytest.mark.parametrize(
    ("extract", "source", "title"),
    [
        (Extract(blocks=(Block(kind="heading", text="H", level=2),)), "a.md", "H"),
        (
            Extract(
                blocks=(Block(kind="heading", text="H", level=1),), front_matter={"title": "F"}
            ),
            "a.md",
            "F",
        ),
        (Extract(blocks=(Block(kind="text", text="x"),), title="Own"), "a.html", "Own"),
        (Extract(blocks=(Block(kind="text", text="x"),)), "zh/fine_tuning.zh.md", "fine tuning"),
    ],
    ids=["heading", "front-matter", "format", "name"],
)
def test_the_title_comes_from_the_best_source(extract: Extract, source: str, title: str) -> None:
    assert assemble(extract, source).title == title


@pytest.mark.parametrize(
    ("front_matter", "source", "text", "language"),
    [
        ({"language": "zh"}, "en/a.md", "English", "zh"),
        ({"language": "fr"}, "en/a.md", "文字", "en"),
        ({}, "x.zh.mdx", "English", "zh"),
        ({}, "notes.md", "自注意力是什么", "zh"),
        ({}, "notes.md", "What is self-attention?", "en"),
    ],
)
def test_the_language_comes_from_the_best_source(
    front_matter: dict[str, object], source: str, text: str, language: str
) -> None:
    extract = Extract(blocks=(Block(kind="text", text=text),), front_matter=front_matter)
    assert assemble(extract, source).language == language


def test_metadata_is_carried(tmp_path: Path) -> None:
    document = read(
        tmp_path, "a.md", "---\naudience: hr\nowner: 团队\nversion: 2\nx: y\n---\n\n文字".encode()
    )
    assert (document.audience, document.owner, document.version) == ("hr", "团队", "2")
    assert document.text == "文字"


def test_an_unclear_audience_is_never_published(tmp_path: Path) -> None:
    with pytest.raises(AudienceUnclear, match="'HR only'"):
        read(tmp_path, "a.md", b"---\naudience: HR only\n---\ntext")


def _bomb(name: str = "word/document.xml") -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\0" * 60_000_000)
    return out.getvalue()


def _encrypted_office() -> bytes:
    """Return what Word writes with a password: an OLE file with an encrypted package."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    )


def _word() -> bytes:
    return docx(lambda document: document.add_paragraph("文字"))


def _slides() -> bytes:
    def fill(presentation: Any) -> None:
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = "标题"

    return pptx(fill)


def _lying_docx() -> bytes:
    """Return a document whose directory gives a member far fewer bytes than it unpacks to."""
    data = bytearray(_bomb())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "make", "error", "reason"),
    [
        ("a.md", lambda: b"", Unreadable, "It is empty"),
        ("a.pdf", lambda: b" \n", Unreadable, "It is empty"),
        ("a.md", lambda: b"<!-- only a comment -->", Unreadable, "holds no text"),
        ("a.md", lambda: b"---\ntitle: T\n---\n", Unreadable, "holds no text"),
        ("a.md", lambda: b"\x89PNG\r\n\x1a\n123", Unreadable, "PNG picture, not text"),
        ("a.txt", lambda: b"\xff\xd8\xff\xe0JFIF", Unreadable, "JPEG picture, not text"),
        ("a.docx", lambda: pdf([[Text(x=9, y=9, text="x")]]), Unreadable, "PDF file, not a Word"),
        ("a.pdf", _word, Unreadable, "ZIP archive, not a PDF"),
        ("a.pdf", lambda: b"plain text", Unreadable, "not a PDF file"),
        ("a.docx", _slides, Unreadable, "presentation, not a Word document"),
        ("a.pptx", _word, Unreadable, "Word document, not a presentation"),
        ("a.docx", lambda: _bomb("xl/workbook.xml")[:-30], Unreadable, "directory can't be read"),
        ("a.docx", lambda: _word()[:-2000], Unreadable, "cut off or damaged"),
        ("a.pptx", lambda: _slides()[:5000], Unreadable, "cut off or damaged"),
        ("a.docx", _encrypted_office, Unreadable, "encrypted with a password"),
        ("a.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old", Unreadable, "of the old kind"),
        ("a.docx", _bomb, TooLarge, "like a ZIP bomb"),
        ("a.docx", _lying_docx, Unreadable, "parser gave up"),
        ("a.ipynb", lambda: notebook()[:-5], Unreadable, "not a Jupyter notebook"),
        ("a.ipynb", notebook, Unreadable, "holds no text"),
        ("a.pdf", picture_pdf, Unreadable, "pictures"),
        ("a.html", lambda: b"\x00\x01\x02binary\xff", Unreadable, "recognised|not text"),
        ("a.txt", lambda: bytes(range(128, 256)) * 9, Unreadable, "isn't recognised"),
    ],
)
def test_bad_files_are_refused_with_a_reason(
    tmp_path: Path, name: str, make: Callable[[], bytes], error: type[IngestError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        read(tmp_path, name, make())


def test_a_zip_archive_over_the_limit_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    limits = Limits(max_file_bytes=10**8, max_unpacked_bytes=50_000_000, timeout_s=60)
    with pytest.raises(TooLarge, match="unpacks to 60 MB; the limit is 50"):
        read(tmp_path, "a.docx", _bomb(), limits)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(300_000_000)
    with pytest.raises(TooLarge, match="It has 300 MB; the limit is 100"):
        parse(path, "big.txt", LIMITS)


def test_more_text_than_any_lesson_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parse_module, "MAX_TEXT_CHARS", 100)
    with pytest.raises(TooLarge, match="characters of text"):
        read(tmp_path, "a.txt", b"word " * 50)


def test_a_name_that_begins_like_a_signature_is_still_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", b"ID3 is a decision tree.").text == "ID3 is a decision tree."
    assert "%PDF-" in read(tmp_path, "a.md", b"A PDF begins with %PDF-1.7.").text
