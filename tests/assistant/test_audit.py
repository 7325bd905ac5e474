import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import audit, generations
from assistant.audit import Entry
from assistant.errors import IndexMissing
from tests.assistant.samples import EN_CAT, EN_DOG, ZH_CAT, build, passage

ENTRY = Entry(
    at="2026-11-22T10:00:00+00:00",
    by="o",
    action="publish",
    former=None,
    to="g",
    reason="为什么",
    scores={"recall@5": {"candidate": 0.9, "live": None}},
    summary="files: 1 changed",
)


def candidate(home: Path, text: str) -> str:
    return build(home, [passage(text)], go_live=False).name


def switch(home: Path, to: str, action: audit.Action = "publish") -> None:
    former = generations.current_name(home)
    with generations.writing(home):
        audit.switch(home, replace(ENTRY, former=former, to=to, action=action))


def test_a_line_comes_back_as_it_was_written(tmp_path: Path) -> None:
    audit.record(tmp_path, ENTRY)
    audit.record(tmp_path, replace(ENTRY, action="reject"))
    assert audit.read(tmp_path) == [ENTRY, replace(ENTRY, action="reject")]
    (line, _) = (tmp_path / "publish" / "audit.jsonl").read_text("utf-8").splitlines()
    assert list(json.loads(line)) == [
        "at", "by", "action", "from", "to", "reason", "scores", "summary",
    ]  # fmt: skip


def test_without_a_log_there_are_no_lines(tmp_path: Path) -> None:
    assert audit.read(tmp_path) == []
    assert audit.was_live_before(tmp_path, "g") is None


def test_a_line_that_was_cut_off_swallows_no_other(tmp_path: Path) -> None:
    audit.record(tmp_path, ENTRY)
    path = tmp_path / "publish" / "audit.jsonl"
    path.write_bytes(path.read_bytes() + '{"at": "2026", "by": "猫'.encode()[:-1])
    audit.record(tmp_path, ENTRY)
    assert audit.read(tmp_path) == [ENTRY, ENTRY]


def test_a_switch_is_live_and_logged_and_no_candidate_any_more(tmp_path: Path) -> None:
    name = candidate(tmp_path, ZH_CAT)
    assert generations.is_candidate(tmp_path, name)
    switch(tmp_path, name)
    assert generations.current_name(tmp_path) == name
    assert not generations.is_candidate(tmp_path, name)
    assert [entry.to for entry in audit.read(tmp_path)] == [name]
    assert not (tmp_path / "publish" / "switch.json").exists()


def test_a_switch_to_nothing_changes_nothing(tmp_path: Path) -> None:
    switch(tmp_path, candidate(tmp_path, ZH_CAT))
    live = generations.current_name(tmp_path)
    with pytest.raises(IndexMissing):
        switch(tmp_path, "nowhere")
    assert generations.current_name(tmp_path) == live
    assert len(audit.read(tmp_path)) == 1


@pytest.mark.parametrize("has_switched", [True, False])
def test_a_switch_that_was_killed_is_told_as_it_ended(tmp_path: Path, has_switched: bool) -> None:
    old, new = candidate(tmp_path, ZH_CAT), candidate(tmp_path, EN_CAT)
    switch(tmp_path, old)
    entry = replace(ENTRY, former=old, to=new)
    pending = tmp_path / "publish" / "switch.json"
    pending.write_text(json.dumps(entry.to_json()), encoding="utf-8")
    if has_switched:
        (tmp_path / "index" / "CURRENT").write_text(new)
    expected = [old, new] if has_switched else [old]
    assert [each.to for each in audit.read(tmp_path)] == expected
    with generations.writing(tmp_path):
        audit.heal(tmp_path)
    assert [each.to for each in audit.read(tmp_path)] == expected
    assert not pending.exists()
    assert generations.is_candidate(tmp_path, new) == (not has_switched)


def test_going_back_twice_goes_further_back(tmp_path: Path) -> None:
    first, second, third = (candidate(tmp_path, text) for text in (ZH_CAT, EN_CAT, EN_DOG))
    for name in (first, second, third):
        switch(tmp_path, name)
    assert audit.was_live_before(tmp_path, third) == second
    switch(tmp_path, second, "rollback")
    assert audit.was_live_before(tmp_path, second) == first
