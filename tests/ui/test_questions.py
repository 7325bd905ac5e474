"""Questions from files: plain lines, JSON lines, and what is wrong with some of them."""

import json
from pathlib import Path

import pytest

from assistant.errors import StudyError
from assistant.records import Turn
from ui.questions import Asked, Unusable, read_history, read_questions


def read(tmp_path: Path, *lines: str) -> tuple[Asked | Unusable, ...]:
    path = tmp_path / "questions"
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_questions(str(path))


def test_plain_lines_are_questions_even_with_braces_later(tmp_path: Path) -> None:
    assert read(tmp_path, " 什么是 RAG? ", "", "{curly} question") == (
        Asked(question="什么是 RAG?"),
        Asked(question="{curly} question"),
    )


def test_json_lines_bring_all_that_goes_with_a_question(tmp_path: Path) -> None:
    (asked,) = read(
        tmp_path,
        json.dumps(
            {
                "id": "q1",
                "question": "它有什么缺点?",
                "history": [{"question": "什么是 BM25?", "answer": "一种排序方法。"}],
                "audiences": ["staff"],
                "passages": ["一段中文。", "An English one."],
                "kind": "follow-up",
            }
        ),
    )
    assert isinstance(asked, Asked)
    assert asked.question_id == "q1"
    assert asked.history == (Turn(question="什么是 BM25?", answer="一种排序方法。"),)
    assert asked.audiences == {"all", "staff"}
    assert asked.passages is not None
    assert [(each.text, each.language) for each in asked.passages] == [
        ("一段中文。", "zh"),
        ("An English one.", "en"),
    ]
    assert len({each.passage_id for each in asked.passages}) == 2


def test_case_of_an_evaluation_set_names_one_audience(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"question": "x", "audience": "staff"}', encoding="utf-8")

    (asked,) = read_questions(str(path))

    assert isinstance(asked, Asked)
    assert asked.audiences == {"all", "staff"}


def test_null_is_as_good_as_absent(tmp_path: Path) -> None:
    line = json.dumps({"question": "x", "id": None, "history": None, "passages": None})
    assert read(tmp_path, line) == (Asked(question="x"),)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is not valid JSON."),
        ('{"question": "x"} {}', "it is not valid JSON."),
        ('["x"]', "it is not a JSON object."),
        ("3", "it is not a JSON object."),
        ("{}", "`question` must be a text that is not blank."),
        ('{"question": 3}', "`question` must be a text that is not blank."),
        ('{"question": "x", "id": [1]}', "`id` must be a text or a whole number."),
        ('{"question": "x", "id": true}', "`id` must be a text or a whole number."),
        ('{"question": "x", "passages": "p"}', "`passages` must be a list."),
        ('{"question": "x", "passages": [" "]}', "`passages` must hold texts that are not blank."),
        ('{"question": "x", "audiences": [1]}', "`audiences` must hold texts that are not blank."),
        ('{"question": "x", "history": ["y"]}', "a turn of `history` must be an object"),
        ("[" * 100_000, "it is not valid JSON."),
    ],
)
def test_a_wrong_line_says_what_is_wrong(tmp_path: Path, line: str, reason: str) -> None:
    good, wrong = read(tmp_path, '{"question": "good"}', line)
    assert good == Asked(question="good")
    assert isinstance(wrong, Unusable)
    assert wrong.line == 2
    assert reason in wrong.reason


def test_a_wrong_line_keeps_its_id(tmp_path: Path) -> None:
    (wrong,) = read(tmp_path, '{"id": 7, "question": ""}')
    assert isinstance(wrong, Unusable)
    assert wrong.question_id == 7


def test_history_is_a_conversation_in_order(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text('{"question": "a", "answer": "b"}\n\n{"question": "c", "answer": "d"}\n')
    assert read_history(str(path)) == (
        Turn(question="a", answer="b"),
        Turn(question="c", answer="d"),
    )
    path.write_text('{"question": "a", "answer": "b"}\nc\n')
    with pytest.raises(StudyError, match="line 2: it is not valid JSON"):
        read_history(str(path))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="can't be read"):
        read_questions(str(tmp_path))
