"""Bytes of a text file → text. The home of charset-normalizer.

UTF-8, UTF-16 and UTF-32 (marked or not), GBK and GB 18030, Big5 and Windows-1252 are recognised.
What isn't recognised for certain is refused: a wrong guess would publish gibberish.
"""

import codecs
import re

from ingest.errors import Unreadable

HINT = "Save the file as UTF-8."

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CANDIDATES = ["gb18030", "big5", "cp1252", "utf_16_le", "utf_16_be"]
_MAX_CHAOS = 0.1  # right guesses had 0.0, Korean taken for GB 18030 had 0.17
_MAX_CONTROLS = 0.02  # of the characters; logs have a few
_CONTROL = re.compile("[\x00-\x07\x0e-\x1a\x1c-\x1f\ufffe\uffff]")
_SAMPLE_BYTES = 1_000_000
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{3,20})", re.IGNORECASE)
_DECLARABLE = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "x-gbk", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-big5"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-1", "latin1", "windows-1252", "cp1252", "us-ascii"), "cp1252"),
}


def decode(data: bytes) -> str:
    """Return the text that `data` holds.

    Raises:
        Unreadable: it is damaged, not text, or in an encoding that isn't recognised.
    """
    text = _decode(data)
    n_controls = len(_CONTROL.findall(text[:_SAMPLE_BYTES]))
    if n_controls > _MAX_CONTROLS * min(len(text), _SAMPLE_BYTES):
        raise Unreadable("It is not text.", hint=HINT)
    return text


def decode_html(data: bytes) -> str:
    """Return the text of an HTML file, in the encoding that it declares if that is right.

    Raises:
        Unreadable: as `decode`.
    """
    declared = _DECLARED.search(data[:4096])
    encoding = _DECLARABLE.get(declared.group(1).decode("ascii").lower()) if declared else None
    if encoding and not any(data.startswith(mark) for mark, _ in _MARKS):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass  # a wrong declaration is common; the bytes tell better
    return decode(data)


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_strictly(data[len(mark) :], encoding)
    if b"\x00" not in data:  # text in UTF-16 would pass for UTF-8 with zeros
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            _refuse_damaged_utf8(data, error)
    return _decode_strictly(data, _guess(data))


def _decode_strictly(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"It is damaged: byte {error.start:,} is no {encoding.upper()}.",
            hint=HINT,
            place=_line(data, error.start, encoding),
        ) from error
    if "\x00" in text:
        raise Unreadable("It is not text: it holds zero bytes.", hint=HINT)
    return text


def _refuse_damaged_utf8(data: bytes, error: UnicodeDecodeError) -> None:
    """Refuse what is UTF-8 save a few bytes: read as GBK it would be gibberish."""
    if error.reason == "unexpected end of data" and error.start >= len(data) - 3 and error.start:
        raise Unreadable(
            "It is cut off in the middle of a character.",
            hint="Copy the file again.",
            place=_line(data, error.start),
        ) from error
    text = data.decode("utf-8", "replace")
    n_bad, n_good = text.count("\ufffd"), sum(character > "\x7f" for character in text)
    if (n_good - n_bad) > 10 * n_bad:
        raise Unreadable(
            f"It is damaged: byte {error.start:,} is no UTF-8.",
            hint=HINT,
            place=_line(data, error.start),
        ) from error


def _line(data: bytes, position: int, encoding: str = "utf-8") -> str:
    """Return which line a byte stands in."""
    return f"line {data[:position].decode(encoding, 'replace').count(chr(10)) + 1}"


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    guess = from_bytes(data[:_SAMPLE_BYTES], cp_isolation=_CANDIDATES).best()
    if guess is None or guess.chaos > _MAX_CHAOS:
        raise Unreadable("Its encoding isn't recognised, or it is not text.", hint=HINT)
    # Any bytes make UTF-16, mostly of rare characters.
    if guess.encoding.startswith("utf_16") and not _is_common(str(guess)):
        raise Unreadable("Its encoding isn't recognised, or it is not text.", hint=HINT)
    return guess.encoding


def _is_common(text: str) -> bool:
    """Whether nearly all characters are among the few thousand that texts are written in."""
    n_simplified, n_traditional = (
        len(text.encode(charset, "ignore").decode(charset)) for charset in ("gb2312", "big5")
    )
    return max(n_simplified, n_traditional) > 0.97 * len(text)
