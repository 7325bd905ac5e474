"""Where an uploaded file is to lie: a folder of the materials and a name that can't leave it."""

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.generations import Source

MAX_NAME_BYTES = 200
_MAX_FOLDERS = 300
_MAX_DEPTH = 6
_FORBIDDEN = frozenset('/\\:*?"<>|')
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))]
)

NameProblem = Literal["empty", "hidden", "characters", "long", "reserved"]


class NameRefused(ValueError):
    """A file's name can't be used; `problem` says why."""

    def __init__(self, problem: NameProblem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of the materials: `inner` is its path below `root`, "" for the root itself."""

    root: Path
    inner: str

    @property
    def label(self) -> str:
        """How it is called on the page."""
        return f"{self.root.name}/{self.inner}" if self.inner else self.root.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a file goes: `source` names it as the index does, `root` is the folder given."""

    root: Path
    path: Path
    source: str

    @property
    def is_taken(self) -> bool:
        """Whether a file lies there already."""
        return os.path.lexists(self.path)


def clean_name(name: str) -> str:
    """Return the file's own name out of what a browser sent, composed as Chinese input is.

    Raises:
        NameRefused: it is empty, hidden, too long, or has characters that no folder takes.
    """
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1]).strip()
    if not name.strip("."):
        raise NameRefused("empty")
    if name.startswith((".", "~$")):
        raise NameRefused("hidden")
    if any(char in _FORBIDDEN or unicodedata.category(char) in _UNPRINTABLE for char in name):
        raise NameRefused("characters")
    if name.split(".", maxsplit=1)[0].lower() in _RESERVED or name.endswith("."):
        raise NameRefused("reserved")
    if len(name.encode("utf-8")) > MAX_NAME_BYTES:
        raise NameRefused("long")
    return name


_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def upload_folders(roots: Sequence[Path]) -> tuple[Folder, ...]:
    """Return the folders that files can be put into: those of the materials, by their names."""
    found: list[Folder] = []
    for root in roots:
        if root.is_dir():
            resolved = root.resolve()
            found += [Folder(root=resolved, inner=inner) for inner in _inner_folders(resolved)]
    return tuple(found[:_MAX_FOLDERS])


def _inner_folders(root: Path) -> Iterator[str]:
    for folder, inner, _ in os.walk(root):
        path = Path(folder).relative_to(root)
        inner[:] = sorted(
            name
            for name in inner
            if not name.startswith(".")
            and not Path(folder, name).is_symlink()
            and len(path.parts) < _MAX_DEPTH
        )
        yield "" if path == Path() else path.as_posix()


def target_in(folder: Folder, name: str) -> Target:
    """Return where `name` (see `clean_name`) goes in `folder`.

    A file there whose name differs in capitals only is the one that would be replaced.
    """
    parent = folder.root / folder.inner
    same = [
        each.name
        for each in (parent.iterdir() if parent.is_dir() else ())
        if each.name.casefold() == name.casefold()
    ]
    name = name if name in same or not same else same[0]
    source = f"{folder.inner}/{name}" if folder.inner else name
    return Target(root=folder.root, path=parent / name, source=source)


def target_of(source: str, record: Source) -> Target | None:
    """Return where the file of a live source lies; None if it isn't where it was."""
    root = Path(record.root)
    inner = source.removeprefix(f"{root.name}/")
    for path in (root, root / source, root / inner):
        if path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(root):
            return Target(root=root, path=path, source=source)
    return None


def roots_of(corpus: Sequence[Path], sources: Mapping[str, Source]) -> tuple[Path, ...]:
    """Return what is to be looked through: the materials named in the settings that are there.

    Without any, the roots of what is live.
    """
    named = tuple(root.resolve() for root in corpus if root.exists())
    live = {Path(record.root) for record in sources.values()}
    return named or tuple(sorted(root for root in live if root.exists()))
