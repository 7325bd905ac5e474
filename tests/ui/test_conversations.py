import multiprocessing
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from assistant.errors import StudyError
from assistant.records import Answer
from tests.ui.samples import ABSTAINED_ZH, LONG_ZH, SHORT_EN, SHORT_ZH
from ui.conversations import SCHEMA_VERSION, Conversations, Failure, Feedback


def test_conversation_is_kept_for_its_owner_alone(store: Conversations) -> None:
    made = store.create("anna", "什么是注意力?", "zh")
    assert store.find(made.conversation_id, "anna") == made
    assert store.find(made.conversation_id, "ben") is None
    assert store.of_owner("anna") == (made,)
    assert store.of_owner("ben") == ()


def test_title_is_one_line_and_not_too_long(store: Conversations) -> None:
    made = store.create("anna", "a\n b  " + "长" * 100, "zh")
    assert made.title.startswith("a b 长")
    assert len(made.title) == 60
    assert made.title.endswith("…")


def test_last_used_conversation_comes_first(store: Conversations) -> None:
    first = store.create("anna", "first", "en")
    second = store.create("anna", "second", "en")
    store.begin_turn(first.conversation_id, "q")
    assert [each.title for each in store.of_owner("anna")] == ["first", "second"]
    store.begin_turn(second.conversation_id, "q")
    assert [each.title for each in store.of_owner("anna", limit=1)] == ["second"]


def test_only_the_owner_renames_and_deletes(store: Conversations) -> None:
    made = store.create("anna", "old", "en")
    store.rename(made.conversation_id, "ben", "stolen")
    store.delete(made.conversation_id, "ben")
    assert store.of_owner("anna")[0].title == "old"
    store.rename(made.conversation_id, "anna", " new ")
    store.rename(made.conversation_id, "anna", "  ")
    assert store.of_owner("anna")[0].title == "new"


def test_deleting_takes_turns_and_feedback_along(store: Conversations, home: Path) -> None:
    made = store.create("anna", "t", "en")
    turn = store.begin_turn(made.conversation_id, "q")
    store.give_feedback(turn.turn_id, Feedback(value="up"))
    store.delete(made.conversation_id, "anna")
    assert store.turns(made.conversation_id) == ()
    assert store.feedback(turn.turn_id) == Feedback()
    with pytest.raises(StudyError, match="deleted"):
        store.begin_turn(made.conversation_id, "q")


@pytest.mark.parametrize("answer", [SHORT_ZH, SHORT_EN, LONG_ZH, ABSTAINED_ZH])
def test_answer_comes_back_equal_also_from_a_new_process(
    store: Conversations, home: Path, answer: Answer
) -> None:
    made = store.create("anna", "t", "zh")
    turn = store.begin_turn(made.conversation_id, "q")
    store.settle(turn.turn_id, "done", answer=answer, next_questions=["接着?", "next?"])
    [again] = Conversations(home / "conversations.sqlite").turns(made.conversation_id)
    assert again.answer == answer
    assert again.state == "done"
    assert again.next_questions == ("接着?", "next?")


def test_turn_is_settled_once(store: Conversations) -> None:
    made = store.create("anna", "t", "zh")
    turn = store.begin_turn(made.conversation_id, "q")
    assert store.settle(turn.turn_id, "stopped", answer=SHORT_EN)
    assert not store.settle(turn.turn_id, "done", answer=SHORT_ZH)
    assert store.turns(made.conversation_id)[0].answer == SHORT_EN


def test_turn_begun_again_is_empty_and_can_be_settled(store: Conversations) -> None:
    made = store.create("anna", "t", "zh")
    turn = store.begin_turn(made.conversation_id, "q")
    store.settle(turn.turn_id, "failed", failure=Failure(kind="ModelTimeout", message="slow"))
    assert store.turns(made.conversation_id)[0].failure == Failure(
        kind="ModelTimeout", message="slow"
    )
    store.begin_again(turn.turn_id)
    assert store.turns(made.conversation_id) == (turn,)
    assert store.settle(turn.turn_id, "done", answer=SHORT_ZH)


def test_turns_are_numbered_in_order(store: Conversations) -> None:
    made = store.create("anna", "t", "zh")
    for question in "abc":
        store.begin_turn(made.conversation_id, question)
    turns = store.turns(made.conversation_id)
    assert [(turn.number, turn.question) for turn in turns] == [(1, "a"), (2, "b"), (3, "c")]
    assert store.turn_of(turns[1].turn_id, "anna") == turns[1]
    assert store.turn_of(turns[1].turn_id, "ben") is None


def test_feedback_replaces_what_was_said_before(store: Conversations) -> None:
    turn = store.begin_turn(store.create("anna", "t", "zh").conversation_id, "q")
    assert store.feedback(turn.turn_id) == Feedback()
    store.give_feedback(turn.turn_id, Feedback(value="down", comment="编号错了"))
    store.give_feedback(turn.turn_id, Feedback(value="up", comment="编号错了"))
    assert store.feedback(turn.turn_id) == Feedback(value="up", comment="编号错了")


def test_each_reader_has_an_opinion(store: Conversations) -> None:
    turn = store.begin_turn(store.create("slack/C1", "t", "zh").conversation_id, "q")
    store.give_feedback(turn.turn_id, Feedback(value="up"), "U1")
    store.give_feedback(turn.turn_id, Feedback(value="down"), "U2")
    assert [store.feedback(turn.turn_id, reader).value for reader in ("U1", "U2", "")] == [
        "up",
        "down",
        None,
    ]


def test_opinions_of_an_older_file_are_kept(store: Conversations, home: Path) -> None:
    turn = store.begin_turn(store.create("anna", "t", "zh").conversation_id, "q")
    connection = sqlite3.connect(home / "conversations.sqlite")
    connection.executescript(
        "DROP TABLE opinions; CREATE TABLE feedback (turn_id TEXT NOT NULL PRIMARY KEY, value TEXT,"
        " comment TEXT NOT NULL, created_at FLOAT NOT NULL); UPDATE schema_version SET version = 1;"
        f"INSERT INTO feedback VALUES ('{turn.turn_id}', 'down', '编号错了', 1.0)"
    )
    connection.close()
    for _ in range(2):
        reopened = Conversations(home / "conversations.sqlite")
        assert reopened.feedback(turn.turn_id) == Feedback(value="down", comment="编号错了")


def test_unreadable_turn_does_not_hide_the_others(store: Conversations, home: Path) -> None:
    made = store.create("anna", "t", "zh")
    for _ in range(2):
        store.settle(store.begin_turn(made.conversation_id, "q").turn_id, "done", answer=SHORT_ZH)
    connection = sqlite3.connect(home / "conversations.sqlite")
    with connection:
        connection.execute("UPDATE turns SET answer_json = '{\"question\": 1}' WHERE number = 1")
    connection.close()
    bad, good = store.turns(made.conversation_id)
    assert bad.answer is None
    assert bad.failure is not None
    assert bad.failure.kind == "TurnUnreadable"
    assert good.answer == SHORT_ZH


def test_file_is_for_its_owner_alone(store: Conversations, home: Path) -> None:
    mode = (home / "conversations.sqlite").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_file_of_a_newer_version_is_refused(store: Conversations, home: Path) -> None:
    connection = sqlite3.connect(home / "conversations.sqlite")
    with connection:
        connection.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION + 1,))
    connection.close()
    with pytest.raises(StudyError, match="newer version") as caught:
        Conversations(home / "conversations.sqlite")
    assert "Update" in caught.value.hint


@pytest.mark.parametrize("damage", [b"no database at all" * 100, None])
def test_file_that_is_none_is_said_to_be_so(home: Path, damage: bytes | None) -> None:
    path = home / "other.sqlite"
    if damage is None:
        path.mkdir()
    else:
        path.write_bytes(damage)
    with pytest.raises(StudyError, match=r"other\.sqlite") as caught:
        Conversations(path)
    assert caught.value.hint


def _write_turns(path: Path, conversation_id: str, n_turns: int) -> None:
    store = Conversations(path)
    for index in range(n_turns):
        turn = store.begin_turn(conversation_id, f"q{index}")
        store.settle(turn.turn_id, "done", answer=SHORT_EN)


def test_two_processes_and_two_threads_write_side_by_side(store: Conversations, home: Path) -> None:
    made = store.create("anna", "t", "en")
    path = home / "conversations.sqlite"
    context = multiprocessing.get_context("spawn")
    work = (path, made.conversation_id, 15)
    writers = [context.Process(target=_write_turns, args=work) for _ in range(2)]
    threads = [threading.Thread(target=_write_turns, args=work) for _ in range(2)]
    for process, thread in zip(writers, threads, strict=True):
        process.start()
        thread.start()
    for process, thread in zip(writers, threads, strict=True):
        process.join(60)
        thread.join(60)
    assert [process.exitcode for process in writers] == [0, 0]
    turns = store.turns(made.conversation_id)
    assert [turn.number for turn in turns] == list(range(1, 61))
    assert all(turn.state == "done" for turn in turns)
