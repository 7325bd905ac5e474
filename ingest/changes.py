"""What changes from one state of the materials to another: per file and per passage. Pure.

A passage is told by its heading path and text. One with the same text under another heading has
moved; one that is much alike under the same heading has changed. A file that went and one that
came are the same file, moved, if their bytes are the same or half of their passages are.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from assistant.generations import Source
from assistant.records import Passage
from ingest.word_changes import tokens

PassageChangeKind = Literal["added", "changed", "moved", "removed"]
FileChangeKind = Literal["added", "changed", "moved", "removed", "failed"]

_LIKENESS = 0.4
"""Of two passages under one heading, from which on one is a new version of the other."""
_LIKENESS_ELSEWHERE = 0.7
_MOVED_SHARE = 0.5
_MAX_COMPARED = 10_000
"""Pairs of passages of one file."""

_FACTS = ("title", "language", "audience", "owner", "version")

_Key = tuple[tuple[str, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageChange:
    """One difference: a passage, or what a file says of itself ("audience: hr", no heading).

    `heading` is where it stands now, or stood; `former_heading` where it stood before. `before`
    and `after` are whole texts, None where there is none.
    """

    change: PassageChangeKind
    heading: tuple[str, ...] = ()
    former_heading: tuple[str, ...] = ()
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageCounts:
    """How many passages of a file, or of all, came to what."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    kept: int = 0

    def __add__(self, other: "PassageCounts") -> "PassageCounts":
        return PassageCounts(
            added=self.added + other.added,
            changed=self.changed + other.changed,
            moved=self.moved + other.moved,
            removed=self.removed + other.removed,
            kept=self.kept + other.kept,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """What becomes of one file that doesn't stay as it was; passages in reading order.

    "failed": it can't be read now; `passages` tells what becomes of its former version.
    """

    source: str
    change: FileChangeKind
    moved_from: str | None = None
    passages: PassageCounts = field(default_factory=PassageCounts)
    changes: tuple[PassageChange, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the file as such changed, not some passages of it alone."""
        is_told_of_itself = any(
            change.change == "changed" and not change.heading and not change.former_heading
            for change in self.changes
        )
        return self.change not in {"changed", "failed"} or is_told_of_itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """A state of the materials: the sources, and the passages of each in reading order."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    passages: Mapping[str, Sequence[Passage]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The files that don't stay as they were, by name; how many do; passages over all files."""

    files: tuple[FileChange, ...] = ()
    n_kept_files: int = 0
    passages: PassageCounts = field(default_factory=PassageCounts)

    def named(self, change: FileChangeKind) -> tuple[str, ...]:
        """Return the names of the files of this change, in order."""
        return tuple(file.source for file in self.files if file.change == change)

    @property
    def moves(self) -> dict[str, str]:
        """The new name of each file that moved, by its old one."""
        return {file.moved_from: file.source for file in self.files if file.moved_from}


def find_changes(before: Materials, after: Materials, *, failed: Collection[str] = ()) -> Changes:
    """Return what changes from `before` to `after`.

    Args:
        before: as it is.
        after: as it will be.
        failed: names of files that can't be read; of those also in `after` the former version
            stays.
    """
    gone = [name for name in before.sources if name not in after.sources and name not in failed]
    new = [name for name in after.sources if name not in before.sources]
    moved_from = _moves(before, after, gone, new)
    files: list[FileChange] = []
    total, n_kept_files = PassageCounts(), 0
    for name in sorted({*before.sources, *after.sources, *failed} - set(moved_from.values())):
        former = moved_from.get(name, name)
        file = _file_change(name, former, before, after, is_failed=name in failed)
        total += file.passages
        is_kept = (
            file.change == "changed"
            and not file.changes
            and before.sources[name].sha256 == after.sources[name].sha256
        )
        if is_kept:
            n_kept_files += 1
        else:
            files.append(file)
    return Changes(files=tuple(files), n_kept_files=n_kept_files, passages=total)


def _moves(
    before: Materials, after: Materials, gone: Sequence[str], new: Sequence[str]
) -> dict[str, str]:
    """Return the old name of each new file that is one of those gone."""
    moved: dict[str, str] = {}
    left = dict.fromkeys(sorted(gone))
    by_sha256 = {before.sources[name].sha256: name for name in reversed(left)}
    for name in sorted(new):
        former = by_sha256.get(after.sources[name].sha256)
        if former in left:
            moved[name] = former
            del left[former]
    holders: dict[str, list[str]] = defaultdict(list)
    for name in left:
        for text in {passage.text for passage in before.passages.get(name, ())}:
            holders[text].append(name)
    for name in sorted(set(new) - set(moved)):
        passages = after.passages.get(name, ())
        shared = Counter(
            former for each in {p.text for p in passages} for former in holders.get(each, ())
        )
        for former, n_shared in shared.most_common(1):
            longest = max(len(passages), len(before.passages.get(former, ())))
            if former in left and n_shared >= _MOVED_SHARE * longest:
                moved[name] = former
                del left[former]
    return moved


def _file_change(
    name: str, former: str, before: Materials, after: Materials, *, is_failed: bool
) -> FileChange:
    old, new = before.passages.get(former, ()), after.passages.get(name, ())
    if is_failed:
        # What was live of it stays, or nobody may read it any more.
        n_removed = 0 if name in after.sources else len(old)
        counts = PassageCounts(removed=n_removed, kept=len(old) - n_removed)
        return FileChange(source=name, change="failed", passages=counts)
    is_moved = former != name
    counts, changes = _passage_changes(old, new, is_moved=is_moved)
    if name not in after.sources:
        return FileChange(source=name, change="removed", passages=counts, changes=changes)
    if former not in before.sources:
        return FileChange(source=name, change="added", passages=counts, changes=changes)
    return FileChange(
        source=name,
        change="moved" if is_moved else "changed",
        moved_from=former if is_moved else None,
        passages=counts,
        changes=(*_facts(before.sources[former], after.sources[name]), *changes),
    )


def _facts(before: Source, after: Source) -> Iterator[PassageChange]:
    for fact in _FACTS:
        old, new = getattr(before, fact), getattr(after, fact)
        if old != new:
            yield PassageChange(change="changed", before=f"{fact}: {old}", after=f"{fact}: {new}")


def _passage_changes(
    before: Sequence[Passage], after: Sequence[Passage], *, is_moved: bool
) -> tuple[PassageCounts, tuple[PassageChange, ...]]:
    if before is after and not is_moved:
        return PassageCounts(kept=len(after)), ()
    same = Counter(map(_key, before)) & Counter(map(_key, after))
    old, new = _without(before, same), _without(after, same)
    pairs = [*_same_text(old, new), *_alike(old, new)]
    changes: list[tuple[int, PassageChange]] = [
        (
            is_now.position,
            PassageChange(
                change="moved" if was.text == is_now.text else "changed",
                heading=is_now.heading,
                former_heading=was.heading,
                before=was.text,
                after=is_now.text,
            ),
        )
        for was, is_now in pairs
    ]
    changes += [
        (p.position, PassageChange(change="added", heading=p.heading, after=p.text)) for p in new
    ]
    changes += [
        (
            p.position,
            PassageChange(
                change="removed", heading=p.heading, former_heading=p.heading, before=p.text
            ),
        )
        for p in old
    ]
    n = Counter(change.change for _, change in changes)
    n_same = same.total()
    counts = PassageCounts(
        added=n["added"],
        changed=n["changed"],
        moved=n["moved"] + (n_same if is_moved else 0),
        removed=n["removed"],
        kept=0 if is_moved else n_same,
    )
    ordered = sorted(changes, key=lambda placed: placed[0])
    return counts, tuple(change for _, change in ordered)


def _key(passage: Passage) -> _Key:
    return passage.heading, passage.text


def _without(passages: Sequence[Passage], same: Counter[_Key]) -> list[Passage]:
    left, rest = same.copy(), []
    for passage in passages:
        if left[_key(passage)] > 0:
            left[_key(passage)] -= 1
        else:
            rest.append(passage)
    return rest


def _same_text(old: list[Passage], new: list[Passage]) -> list[tuple[Passage, Passage]]:
    """Return pairs of the same text, taken out of `old` and `new`."""
    by_text = {passage.text: passage for passage in reversed(old)}
    pairs = []
    for is_now in list(new):
        was = by_text.pop(is_now.text, None)
        if was is not None:
            old.remove(was)
            new.remove(is_now)
            pairs.append((was, is_now))
    return pairs


def _alike(old: list[Passage], new: list[Passage]) -> list[tuple[Passage, Passage]]:
    """Return pairs that are versions of each other, the most alike first, taken out of both."""
    words = {id(each): _words(each.text) for each in (*old, *new)}
    # In a file that was written anew, only what stands under the same heading is compared.
    is_small = len(old) * len(new) <= _MAX_COMPARED
    candidates = []
    for i, was in enumerate(old):
        for j, is_now in enumerate(new):
            is_same_place = was.heading == is_now.heading
            if is_same_place or is_small:
                likeness = _likeness(words[id(was)], words[id(is_now)])
                if likeness >= (_LIKENESS if is_same_place else _LIKENESS_ELSEWHERE):
                    candidates.append((-likeness, abs(was.position - is_now.position), i, j))
    pairs: dict[int, int] = {}
    for _, _, i, j in sorted(candidates):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    found = [(old[i], new[j]) for i, j in pairs.items()]
    taken = set(pairs.values())
    old[:] = [passage for i, passage in enumerate(old) if i not in pairs]
    new[:] = [passage for j, passage in enumerate(new) if j not in taken]
    return found


def _words(text: str) -> Counter[str]:
    return Counter(token for token in tokens(text) if not token.isspace())


def _likeness(a: Counter[str], b: Counter[str]) -> float:
    """Return the share of words that both have (Dice), in [0, 1]."""
    return 2 * (a & b).total() / max(a.total() + b.total(), 1)
