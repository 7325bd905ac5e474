from collections.abc import Mapping, Sequence
from dataclasses import asdict

from assistant.generations import Source
from assistant.records import Passage
from ingest.changes import Changes, FileChange, Materials, PassageCounts, find_changes

A = "The lantern of the tower burns oil that is kept in copper tanks."
A_EDITED = "The lantern of the tower burns gas that is kept in copper tanks."
B = "A river runs past the old mill and turns its wheel in spring."
C = "铜板覆盖着圆顶，圆顶重四吨。"
D = "Something else altogether, about bees."


def materials(texts: Mapping[str, Sequence[str | tuple[str, str]]], **facts: str) -> Materials:
    """Return files of passages; one is a text, or (heading, text). The bytes are the texts."""
    sources, passages = {}, {}
    for name, each in texts.items():
        parts = [part if isinstance(part, tuple) else ("H", part) for part in each]
        sources[name] = Source(sha256=repr((parts, facts)), root="r", **facts)  # type: ignore[arg-type]
        passages[name] = [
            Passage(
                passage_id=f"{name}{n}",
                source=name,
                title="",
                heading=(heading,),
                text=text,
                language="en",
                position=n,
            )
            for n, (heading, text) in enumerate(parts)
        ]
    return Materials(sources=sources, passages=passages)


def only(changes: Changes) -> FileChange:
    (file,) = changes.files
    return file


def counts(**given: int) -> PassageCounts:
    return PassageCounts(**given)


def test_what_stays_is_only_counted() -> None:
    same = materials({"a": [A, B], "b": [C]})
    found = find_changes(same, same)
    assert (found.files, found.n_kept_files, found.passages) == ((), 2, counts(kept=3))


def test_an_edited_passage_is_told_from_one_that_was_replaced() -> None:
    found = only(find_changes(materials({"a": [A, B, C]}), materials({"a": [A_EDITED, B, D]})))
    assert found.change == "changed"
    assert found.passages == counts(changed=1, kept=1, removed=1, added=1)
    assert [(change.change, change.before, change.after) for change in found.changes] == [
        ("changed", A, A_EDITED),
        ("added", None, D),
        ("removed", C, None),
    ]


def test_a_shorter_file_loses_its_tail() -> None:
    found = only(find_changes(materials({"a": [A, B, C]}), materials({"a": [A]})))
    assert found.passages == counts(kept=1, removed=2)


def test_a_text_under_another_heading_has_moved() -> None:
    found = only(find_changes(materials({"a": [("X", A)]}), materials({"a": [("Y", A)]})))
    assert found.passages == counts(moved=1)
    (change,) = found.changes
    assert (change.heading, change.former_heading) == (("Y",), ("X",))


def test_the_same_bytes_under_another_name_have_moved() -> None:
    found = find_changes(materials({"a": [A, B]}), materials({"z": [A, B]}))
    assert found.moves == {"a": "z"}
    assert only(found).passages == counts(moved=2)
    assert found.passages == counts(moved=2)
    assert only(found).changes == ()


def test_a_renamed_and_edited_file_has_moved_if_half_of_it_is_the_same() -> None:
    found = find_changes(materials({"a": [A, B]}), materials({"z": [A_EDITED, B]}))
    assert found.moves == {"a": "z"}
    assert only(found).passages == counts(moved=1, changed=1)
    found = find_changes(materials({"a": [A, B, C]}), materials({"z": [A, D]}))
    assert found.moves == {}
    assert {file.change for file in found.files} == {"added", "removed"}


def test_two_copies_that_go_make_one_move_and_one_removal() -> None:
    found = find_changes(materials({"a": [A], "b": [A]}), materials({"z": [A]}))
    assert found.moves == {"a": "z"}
    assert found.named("removed") == ("b",)


def test_what_a_file_says_of_itself_is_a_change_of_the_whole_file() -> None:
    found = only(
        find_changes(materials({"a": [A]}, audience="all"), materials({"a": [A]}, audience="hr"))
    )
    assert found.is_whole
    assert found.passages == counts(kept=1)
    (change,) = found.changes
    assert (change.before, change.after) == ("audience: all", "audience: hr")


def test_of_a_file_that_fails_the_former_version_stays_or_goes() -> None:
    before = materials({"a": [A], "b": [B]})
    stays = find_changes(before, before, failed={"a"})
    assert (only(stays).change, only(stays).passages) == ("failed", counts(kept=1))
    assert stays.n_kept_files == 1
    gone = find_changes(before, materials({"b": [B]}), failed={"a"})
    assert (only(gone).change, only(gone).passages) == ("failed", counts(removed=1))
    new = find_changes(before, before, failed={"x.pdf"})
    assert (only(new).source, only(new).passages) == ("x.pdf", counts())


def test_all_passages_are_accounted_for() -> None:
    before = materials({"a": [A, B, A], "b": [C], "c": [D]})
    after = materials({"a": [A, A_EDITED], "d": [C, D], "c": [D, D]})
    total = asdict(find_changes(before, after).passages)
    n_before = total["changed"] + total["moved"] + total["removed"] + total["kept"]
    n_after = total["changed"] + total["moved"] + total["added"] + total["kept"]
    assert (n_before, n_after) == (5, 6)


def test_a_file_of_many_new_passages_is_compared_in_no_time() -> None:
    before = materials({"a": [f"{B} {n} {n * 7}" for n in range(300)]})
    after = materials({"a": [("I", f"{A} {n} {n * 7}") for n in range(300)]})
    assert only(find_changes(before, after)).passages == counts(added=300, removed=300)
