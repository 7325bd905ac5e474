"""Guards against ZIP archives that unpack to far more than they look like.

A member can't unpack to more than the archive's directory says: zipfile stops there. So it is
enough to add up the directory.
"""

from io import BytesIO
from zipfile import BadZipFile, ZipFile

from ingest.errors import TooLarge, Unreadable

MAX_MEMBERS = 20_000
MAX_RATIO = 300
"""Unpacked bytes by packed ones. XML packs to a fiftieth, a bomb to a thousandth."""
SMALL_BYTES = 20_000_000
"""Of less, any ratio is harmless."""

_ENCRYPTED_FLAG = 0x1


def list_members(data: bytes, *, max_unpacked_bytes: int) -> list[str]:
    """Return the names in a ZIP archive, once it is known to be harmless.

    Raises:
        TooLarge: it unpacks to more than `max_unpacked_bytes`, or is packed like a bomb.
        Unreadable: it is cut off, damaged or encrypted.
    """
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except (BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise Unreadable(
            "It is cut off or damaged: its directory can't be read.", hint="Copy the file again."
        ) from error
    n_bytes = sum(member.file_size for member in members)
    if n_bytes > max_unpacked_bytes:
        raise TooLarge(
            f"It unpacks to {n_bytes / 1e6:,.0f} MB; the limit is {max_unpacked_bytes / 1e6:,.0f}.",
            hint="Leave out pictures and media, or raise STUDY_INGEST__MAX_UNPACKED_MB.",
        )
    if len(members) > MAX_MEMBERS or n_bytes > max(MAX_RATIO * len(data), SMALL_BYTES):
        raise TooLarge(
            f"It unpacks to {n_bytes // max(len(data), 1):,} times its size, like a ZIP bomb.",
            hint="If you trust the file, open it in Office and save it again.",
        )
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise Unreadable("It is encrypted with a password.", hint="Save a copy without one.")
    return [member.filename for member in members]
