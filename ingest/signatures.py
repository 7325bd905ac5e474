"""What a file is by its first bytes, whatever its name says."""

from ingest.errors import Unreadable

_SIGNATURES = (
    (b"%PDF-", "a PDF file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office file of the old kind"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3", "a database"),
    (b"OggS", "a sound or video file"),
)
_WANTED = {
    ".pdf": "a PDF file",
    ".docx": "a ZIP archive",
    ".pptx": "a ZIP archive",
}
_PART_OF = {".docx": "word/", ".pptx": "ppt/"}
_KINDS = {"word/": (".docx", "a Word document"), "ppt/": (".pptx", "a presentation")}
_OTHER_PARTS = {"xl/": "an Excel workbook", "META-INF/": "an e-book or OpenDocument file"}

# The directory of an encrypted Office file names its content so, in UTF-16.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def check_signature(data: bytes, suffix: str) -> None:
    """Refuse a file whose content is not what its extension says.

    Raises:
        Unreadable: saying what it is instead, if that is known.
    """
    found = _kind(data, suffix)
    if found == "an Office file of the old kind" and _ENCRYPTED in data:
        raise Unreadable(
            "The document is encrypted with a password.", hint="Save a copy without a password."
        )
    wanted = _WANTED.get(suffix)
    if found == wanted:
        return
    if found is None:
        raise Unreadable(f"It is not {_name(suffix)}: it is damaged or of another kind.")
    raise Unreadable(f"It is {found}, not {_name(suffix)}.", hint=_hint(found))


def check_members(names: list[str], suffix: str) -> None:
    """Refuse a ZIP archive that is not the kind of document that its extension says.

    Raises:
        Unreadable: saying what it is instead, if that is known.
    """
    if any(name.startswith(_PART_OF[suffix]) for name in names):
        return
    for part, (right_suffix, kind) in _KINDS.items():
        if any(name.startswith(part) for name in names):
            raise Unreadable(
                f"It is {kind}, not {_name(suffix)}.", hint=f"Rename it to {right_suffix}."
            )
    for part, kind in _OTHER_PARTS.items():
        if any(name.startswith(part) for name in names):
            raise Unreadable(f"It is {kind}, not {_name(suffix)}.")
    raise Unreadable(f"It is a ZIP archive, not {_name(suffix)}.", hint="Unpack it first.")


def _kind(data: bytes, suffix: str) -> str | None:
    """Return what the first bytes say that a file is, None for text and the unknown."""
    for start, kind in _SIGNATURES:
        if data.startswith(start):
            return kind
    if suffix == ".pdf" and b"%PDF-" in data[:1024]:  # mail programs put lines before it
        return "a PDF file"
    if (data[:3] == b"\0\0\0" and data[4:8] == b"ftyp") or (
        data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE", b"AVI ")
    ):
        return "a picture, sound or video file"
    return None


def _name(suffix: str) -> str:
    return {".pdf": "a PDF file", ".docx": "a Word document", ".pptx": "a presentation"}.get(
        suffix, "text"
    )


def _hint(found: str) -> str:
    if found == "a PDF file":
        return "Rename it to .pdf."
    if found == "an Office file of the old kind":
        return "Open it in Office and save it as .docx or .pptx."
    return ""
