"""`study ask`: what it prints and how it ends, over a real index and a scripted model server."""

import json
from pathlib import Path

import pytest

from tests.assistant.openai_server import OpenAIServer
from tests.ui.commands.conftest import Study, json_lines, says

QUESTION = "How large is the telescope's aperture?"
GOOD = "The telescope of the Altenmoor observatory has an aperture of 37 centimetres [1]."
FIELDS = {
    "question",
    "language",
    "answer",
    "abstained",
    "mode",
    "sentences",
    "citations",
    "model",
    "generation",
    "timings_ms",
}


def test_an_answer_comes_with_its_sources_and_quotes(
    study: Study, indexed: Path, server: OpenAIServer
) -> None:
    server.scripts = [says(GOOD)]
    result = study("ask", QUESTION)
    assert result.exit_code == 0, result.stderr
    assert GOOD in result.stdout
    assert "[1] The Altenmoor observatory › Telescope · en/observatory.md" in result.stdout
    assert "“The telescope of the Altenmoor observatory has an aperture" in result.stdout
    assert "⚠" not in result.stdout
    assert "\x1b[" not in result.stdout  # no colours where nobody looks


def test_a_sentence_without_support_is_marked(
    study: Study, indexed: Path, server: OpenAIServer
) -> None:
    server.scripts = [says(f"{GOOD} It was repaired by robots from Mars in 1987 [1].")]
    result = study("ask", QUESTION)
    assert "1987. (⚠ unsupported)" in result.stdout
    assert "37 centimetres (⚠" not in result.stdout


def test_chinese_is_answered_with_chinese_labels(
    study: Study, indexed: Path, server: OpenAIServer
) -> None:
    server.scripts = [says("望远镜口径为 37 厘米[1]。")]
    result = study("ask", "望远镜的口径是多少?")
    assert "望远镜口径为 37 厘米" in result.stdout
    assert "出处" in result.stdout
    assert "Sources" not in result.stdout


def test_json_is_one_line_with_the_public_fields(
    study: Study, indexed: Path, server: OpenAIServer
) -> None:
    server.scripts = [says(GOOD)]
    result = study("ask", QUESTION, "--json")
    (values,) = json_lines(result.stdout)
    assert values.keys() >= FIELDS
    assert values["mode"] == "model"
    assert values["citations"][0]["source"] == "en/observatory.md"  # type: ignore[index]


def test_without_a_model_the_answer_is_extracts_even_if_a_server_runs(
    study: Study, indexed: Path, server: OpenAIServer
) -> None:
    (values,) = json_lines(study("ask", QUESTION, "--json", "--no-model").stdout)
    assert values["mode"] == "extracts"
    assert server.bodies == []


def test_a_server_that_is_down_is_said_and_answered_with_extracts(
    study: Study, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_MODEL__URL", "http://127.0.0.1:9")
    result = study("ask", QUESTION, "--json")
    assert result.exit_code == 0
    assert "Warning: No model server answers at http://127.0.0.1:9." in result.stderr
    assert json_lines(result.stdout)[0]["mode"] == "extracts"


def test_weights_that_cannot_be_had_are_said_and_answered_with_extracts(
    study: Study, indexed: Path
) -> None:
    result = study("ask", QUESTION, "--json")
    assert result.exit_code == 0
    assert "fetching is switched off" in result.stderr
    assert json_lines(result.stdout)[0]["mode"] == "extracts"


def test_without_an_index_no_model_is_started(study: Study, server: OpenAIServer) -> None:
    result = study("ask", QUESTION, "--json")
    assert result.exit_code == 1
    (values,) = json_lines(result.stdout)
    assert values["error"] == "Nothing has been ingested yet."
    assert "study ingest" in str(values["hint"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask",),
        ("ask", "  \n "),
        ("ask", "x", "--file", "y"),
        ("ask", "x", "--top-k", "0"),
        ("ask", "x", "--language", "fr"),
        ("ask", "--file", "y", "--history", "z"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(study: Study, arguments: tuple[str, ...]) -> None:
    result = study(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_batch_answers_in_order_and_keeps_going(
    study: Study, indexed: Path, server: OpenAIServer
) -> None:
    server.scripts = [
        says(GOOD),
        lambda exchange: exchange.send_status(400, "too long"),
        says("Frogs sing at night [1]."),
    ]
    lines = [
        json.dumps({"question": QUESTION, "id": "a", "reference": "37 cm"}),
        "{broken",
        json.dumps({"question": " ", "id": 2}),
        json.dumps({"question": QUESTION, "id": "c"}),
        json.dumps(
            {"question": "When do frogs sing?", "id": "d", "passages": ["Frogs sing at night."]}
        ),
    ]
    result = study("ask", "--file", "-", input="\n".join(lines))
    assert result.exit_code == 1
    rows = json_lines(result.stdout)
    assert [row.get("id") for row in rows] == ["a", None, 2, "c", "d"]
    assert rows[0]["mode"] == "model"
    assert (rows[1]["line"], rows[1]["error"]) == (2, "it is not valid JSON.")
    assert "question" in str(rows[2]["error"])
    assert rows[3]["mode"] == "extracts"  # the server refused: still an answer
    assert str(rows[4]["answer"]).startswith("Frogs sing at night")


def test_given_passages_need_no_index(study: Study, server: OpenAIServer) -> None:
    server.scripts = [says("Frogs sing at night [1].")]
    line = json.dumps({"question": "When do frogs sing?", "passages": ["Frogs sing at night."]})
    result = study("ask", "--file", "-", input=line)
    assert result.exit_code == 0, result.stderr
    assert json_lines(result.stdout)[0]["mode"] == "model"


def test_a_plain_file_has_a_question_a_line(study: Study, indexed: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.txt"
    file.write_text("\ufeff望远镜的口径是多少?\r\n\r\nHow heavy is the dome?\r\n", encoding="utf-8")
    rows = json_lines(study("ask", "--no-model", "--file", str(file)).stdout)
    assert [row["question"] for row in rows] == ["望远镜的口径是多少?", "How heavy is the dome?"]


def test_history_makes_a_follow_up_understood(study: Study, indexed: Path, tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    turn = {"question": "How heavy is the dome of the observatory?", "answer": "It weighs 4 tons."}
    file.write_text(json.dumps(turn), encoding="utf-8")
    result = study("ask", "What is it made of?", "--history", str(file), "--no-model", "--json")
    assert "copper" in str(json_lines(result.stdout)[0]["answer"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no question."),
        (b'[{"question": "x"}]', "holds one JSON array."),
        (b"\xff\xfe\x00", "is not a text in UTF-8."),
    ],
    ids=["empty", "array", "binary"],
)
def test_a_file_without_questions_is_a_known_error(
    study: Study, tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "q"
    file.write_bytes(content)
    result = study("ask", "--file", str(file))
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_a_missing_file_is_a_known_error(study: Study) -> None:
    result = study("ask", "--file", "nowhere.txt")
    assert result.exit_code == 1
    assert "nowhere.txt can't be read: No such file or directory." in result.stderr
