from pathlib import Path

import pytest

from ingest.check import MAX_FINDINGS, CheckedFile, check
from ingest.parse import Limits
from tests.ingest import documents

LIMITS = Limits(max_file_bytes=200_000, max_unpacked_bytes=5_000_000, timeout_s=60)


def checked(folder: Path, **files: bytes) -> dict[str, CheckedFile]:
    paths = []
    for name, data in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(data)
        paths.append(path)
    return {each.name: each for each in check(paths, LIMITS, workers=1)}


def test_good_files_say_what_they_are_and_bad_ones_why_not(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        good_md="---\ntitle: 标题\naudience: sales\nversion: 2\n---\n\n正文在此。".encode(),
        fake_pdf=b"plain text",
        big_txt=b"x" * 300_000,
        old_doc=b"\xd0\xcf\x11\xe0",
        many_zip=b"PK\x03\x04",
        void_txt=b"  ",
        unclear_md=b"---\naudience: [a, b]\n---\n\ntext",
        broken_docx=documents.docx(lambda document: document.add_paragraph("x"))[:500],
    )
    good = found["good.md"]
    assert (good.title, good.audience, good.version, good.language) == ("标题", "sales", "2", "zh")
    assert good.refusal is None
    kinds = {name: file.refusal.kind for name, file in found.items() if file.refusal}
    assert kinds == {
        "fake.pdf": "Unreadable",
        "big.txt": "TooLarge",
        "old.doc": "UnknownKind",
        "many.zip": "UnknownKind",
        "void.txt": "Unreadable",
        "unclear.md": "AudienceUnclear",
        "broken.docx": "Unreadable",
    }
    refusal = found["many.zip"].refusal
    assert refusal is not None
    assert "Unpack it" in refusal.hint


def test_findings_are_counted_beyond_those_told(tmp_path: Path) -> None:
    text = "# T\n\n" + "<!-- a comment -->\n\n" * 40
    file = checked(tmp_path, a_md=text.encode())["a.md"]
    assert (len(file.findings), file.n_findings) == (MAX_FINDINGS, 40)


def test_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    [file] = check([tmp_path / "gone.md"], LIMITS, workers=1)
    assert file.refusal is not None
    assert "can't be read" in file.refusal.message


@pytest.mark.parametrize("suffix", ["docx", "pptx", "pdf"])
def test_what_cannot_be_looked_through_is_refused(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(data: bytes, suffix: str) -> object:
        raise ValueError("no")

    monkeypatch.setattr("ingest.check.scan", explode)
    made = {
        "docx": documents.docx(lambda document: document.add_paragraph("text")),
        "pptx": documents.pptx(
            lambda deck: setattr(
                deck.slides.add_slide(deck.slide_layouts[5]).shapes.title, "text", "title"
            )
        ),
        "pdf": documents.pdf([[documents.Text(x=50, y=50, text="text")]]),
    }
    file = checked(tmp_path, **{f"a_{suffix}": made[suffix]})[f"a.{suffix}"]
    assert file.refusal is not None
    assert "looked through" in file.refusal.message
