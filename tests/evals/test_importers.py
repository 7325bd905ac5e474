"""Public sets in their own form become documents and cases that the harness runs."""

import json
from pathlib import Path

import pytest

from assistant.errors import StudyError
from evals.cases import load_cases
from evals.import_beir import import_beir
from evals.import_nomiracl import import_nomiracl
from evals.import_squad import import_squad
from evals.imported_set import CASES, CORPUS, Imported, SetUnreadable


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def beir(folder: Path) -> Path:
    documents = [
        {"_id": "d/1", "title": "Cats: a study", "text": "A cat purrs."},
        {"_id": "d2", "title": "", "text": "狗在夜里叫。"},
    ]
    questions = [
        {"_id": "q1", "text": "What purrs?"},
        {"_id": "q2", "text": "什么动物在夜里叫？"},
        {"_id": "q3", "text": "Nobody judged me."},
    ]
    write(folder / "corpus.jsonl", "\n".join(map(json.dumps, documents)))
    write(folder / "queries.jsonl", "\n".join(map(json.dumps, questions)))
    write(
        folder / "qrels/test.tsv",
        "query-id\tcorpus-id\tscore\nq1\td/1\t1\nq1\td2\t0\nq2\td2\t2\nq2\tgone\t1\n",
    )
    return folder


def test_beir_folder_becomes_documents_and_cases(tmp_path: Path) -> None:
    out = tmp_path / "out"

    imported = import_beir(beir(tmp_path / "set"), out)

    assert imported.n_cases == 2
    assert [line.rpartition("/")[2] for line in imported.unread] == ["test.tsv, line 5"]  # "gone"

    first, second = load_cases([out / CASES])
    assert (first.id, first.language, first.question) == ("beir-q1", "en", "What purrs?")
    assert second.language == "zh"
    assert [evidence.source for evidence in second.evidence] == ["d2.md"]
    (evidence,) = first.evidence
    text = (out / CORPUS / evidence.source).read_text(encoding="utf-8")
    assert text == '---\ntitle: "Cats: a study"\n---\n\nA cat purrs.\n'


def test_judgement_that_is_repeated_is_evidence_once(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    write(folder / "qrels/test.tsv", "q2\td2\t1\nq2\td/1\t1\nq2\td2\t1\n")

    import_beir(folder, tmp_path / "out")

    (case,) = load_cases([tmp_path / "out" / CASES])
    assert len(case.evidence) == len(set(case.evidence)) == 2


def test_judgements_of_a_blank_query_are_left_out_and_told(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    queries = folder / "queries.jsonl"
    write(queries, queries.read_text(encoding="utf-8").replace("What purrs?", " "))

    imported = import_beir(folder, tmp_path / "out")

    assert imported.n_cases == 1
    assert [line.rpartition(" ")[2] for line in imported.unread] == ["2", "3", "5"]
    assert [case.id for case in load_cases([tmp_path / "out" / CASES])] == ["beir-q2"]


@pytest.mark.parametrize(
    ("name", "line", "sentence"),
    [
        ("corpus.jsonl", '{"_id": "d3"}', "line 3: text: Field required"),
        ("queries.jsonl", '{"id": "q4", "text": "Who?"}', "line 4: _id: Field required"),
    ],
)
def test_line_that_is_no_text_is_told(tmp_path: Path, name: str, line: str, sentence: str) -> None:
    path = beir(tmp_path / "set") / name
    write(path, f"{path.read_text(encoding='utf-8')}\n{line}")

    with pytest.raises(SetUnreadable, match=rf"{name}, {sentence}") as caught:
        import_beir(path.parent, tmp_path / "out")

    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("q1 0 d2 1\n", r"test\.tsv judges no document of the set relevant"),
        ("x" * 200_000, r"test\.tsv holds no judgements: "),
    ],
)
def test_file_without_a_judgement_of_the_set_is_told(
    tmp_path: Path, text: str, sentence: str
) -> None:
    folder = beir(tmp_path / "set")
    write(folder / "qrels/test.tsv", text)

    with pytest.raises(SetUnreadable, match=sentence) as caught:
        import_beir(folder, tmp_path / "out")

    assert "tabs" in caught.value.hint


SQUAD = {
    "data": [
        {
            "title": "Cats",
            "paragraphs": [
                {
                    "context": "A cat purrs when it is happy.",
                    "qas": [
                        {"id": "1", "question": "When?", "answers": [{"text": "when happy"}]},
                        {"id": "2", "question": "Why?", "answers": [], "is_impossible": True},
                        {"id": "3", "question": " ", "answers": [{"text": "cat"}]},
                    ],
                }
            ],
        }
    ]
}


@pytest.mark.parametrize("given", [False, True])
def test_squad_file_becomes_cases_that_search_or_are_given_their_paragraph(
    tmp_path: Path, given: bool
) -> None:
    path = write(tmp_path / "squad.json", json.dumps(SQUAD))

    assert import_squad(path, tmp_path / "out", given=given) == Imported(
        2, n_documents=0 if given else 1
    )
    assert (tmp_path / "out" / CORPUS).exists() is not given

    answerable, impossible = load_cases([tmp_path / "out" / CASES])
    assert (answerable.reference, answerable.answerable) == ("when happy", True)
    assert (impossible.kind, impossible.answerable) == ("unanswerable", False)
    assert (answerable.passages == ("A cat purrs when it is happy.",)) is given
    assert bool(answerable.evidence) is not given


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"is_impossible": true', '"is_impossible": "false"',
         r"data\.0\.paragraphs\.0\.qas\.1\.is_impossible: Input should be a valid boolean"),
        ('"context"', '"text"', r"data\.0\.paragraphs\.0\.context: Field required"),
        ('"data": [', '"data": {', "the file: Invalid JSON"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_squad_file_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    path = write(tmp_path / "squad.json", json.dumps(SQUAD).replace(old, new))

    with pytest.raises(SetUnreadable, match=rf"squad\.json: {sentence}") as caught:
        import_squad(path, tmp_path / "out")

    assert "http" not in str(caught.value)
    assert caught.value.hint


def test_missing_file_is_named(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    (folder / "queries.jsonl").unlink()

    with pytest.raises(SetUnreadable, match=r"queries\.jsonl can't be read"):
        import_beir(folder, tmp_path / "out")


@pytest.mark.parametrize("text", ["[]", "{}", "no JSON", '{"data": [{}]}', '{"data": []}'])
def test_other_forms_are_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "squad.json", text)

    with pytest.raises(SetUnreadable):
        import_squad(path, tmp_path / "out")


def test_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    squad = write(tmp_path / "squad.json", json.dumps(SQUAD))
    for path in [squad, *folder.glob("*.jsonl"), *folder.glob("qrels/*")]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert import_squad(squad, tmp_path / "squad").n_cases == 2
    assert import_beir(folder, tmp_path / "beir").n_cases == 2


def test_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "dev.jsonl"
    path.write_bytes(b"\xff\xfe{}")

    with pytest.raises(SetUnreadable, match="it is not text in UTF-8") as caught:
        import_nomiracl(path, tmp_path / "out")

    assert caught.value.hint


def test_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "squad.json", json.dumps(SQUAD))

    with pytest.raises(StudyError, match=r"squad\.json is a file, not a folder") as caught:
        import_squad(path, path)

    assert caught.value.hint


def test_nothing_is_written_of_a_set_that_is_refused(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    (folder / "queries.jsonl").unlink()

    with pytest.raises(SetUnreadable):
        import_beir(folder, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_questions_with_the_same_id_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    text = json.dumps(SQUAD).replace('"id": "2"', '"id": 1')
    path = write(tmp_path / "squad.json", text)

    with pytest.raises(SetUnreadable, match="2 questions of the set get the id squad-1") as caught:
        import_squad(path, tmp_path / "out")

    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_rows_of_nomiracl_with_the_same_id_are_refused(tmp_path: Path) -> None:
    row = {"query_id": "7", "language": "en", "question": "Who?", "passages": ["A"],
           "answerable": True}  # fmt: skip
    path = write(tmp_path / "dev.jsonl", "\n".join([json.dumps(row)] * 2))

    with pytest.raises(SetUnreadable, match="2 questions of the set get the id nomiracl-en-fact-7"):
        import_nomiracl(path, tmp_path / "out")


@pytest.mark.parametrize(("name", "text_id"), [("corpus.jsonl", "d2"), ("queries.jsonl", "q1")])
def test_texts_of_beir_with_the_same_id_are_refused(
    tmp_path: Path, name: str, text_id: str
) -> None:
    path = beir(tmp_path / "set") / name
    line = json.dumps({"_id": text_id, "text": "Another."})
    write(path, f"{path.read_text(encoding='utf-8')}\n{line}")

    with pytest.raises(SetUnreadable, match=f"{name}: the id {text_id} stands twice") as caught:
        import_beir(path.parent, tmp_path / "out")

    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_scores_of_judgements_are_read_as_numbers_and_what_is_none_is_told(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    write(
        folder / "qrels/test.tsv",
        "query-id\tcorpus-id\tscore\nq1\td/1\t1.0\nq1\td2\t0.0\nq2\td2\t+2\nq2\td/1\tyes\n"
        "q2\td/1\n\nq3\td2\tnan\n",
    )

    imported = import_beir(folder, tmp_path / "out")

    assert imported.n_cases == 2
    assert [line.rpartition(" ")[2] for line in imported.unread] == ["5", "6", "8"]
    cases = load_cases([tmp_path / "out" / CASES])
    assert [len(case.evidence) for case in cases] == [1, 1]


def test_nomiracl_becomes_cases_with_their_passages(tmp_path: Path) -> None:
    rows = [
        {"query_id": "7", "language": "en", "question": "Who?", "passages": ["A", "B"],
         "answerable": True},
        {"query_id": "7", "language": "en", "question": "Who?", "passages": ["C"],
         "answerable": False},
        {"query_id": "8#0", "language": "zh", "question": "谁？", "passages": ["甲"],
         "answerable": True},
    ]  # fmt: skip
    path = write(tmp_path / "dev.jsonl", "\n".join(map(json.dumps, rows)))

    assert import_nomiracl(path, tmp_path / "out") == Imported(3)

    cases = load_cases([tmp_path / "out" / CASES])
    assert [(case.kind, case.answerable, case.passages) for case in cases] == [
        ("fact", True, ("A", "B")),
        ("unanswerable", False, ("C",)),
        ("fact", True, ("甲",)),
    ]
    assert not (tmp_path / "out" / CORPUS).exists()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"passages": "abc"}, "passages: Input should be a valid array"),
        (
            {"passages": [{"title": "x", "text": "y"}]},
            r"passages\.0: Input should be a valid string",
        ),
        ({"answerable": "false"}, "answerable: Input should be a valid boolean"),
        ({"language": "fr"}, "language: Input should be 'zh' or 'en'"),
        ({"query_id": None}, "query_id: "),
        ({"question": " "}, "question: It is blank"),
    ],
)
def test_what_is_wrong_with_a_line_of_nomiracl_is_told(
    tmp_path: Path, values: dict[str, object], sentence: str
) -> None:
    good = {"query_id": 7, "language": "en", "question": "Who?", "passages": ["A"],
            "answerable": True}  # fmt: skip
    path = write(tmp_path / "dev.jsonl", "\n".join(map(json.dumps, [good, {**good, **values}])))

    with pytest.raises(SetUnreadable, match=rf"dev\.jsonl, line 2: {sentence}") as caught:
        import_nomiracl(path, tmp_path / "out")

    assert "http" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("line", ['{"query_id": "1"}', '{"answerable": "no"}', "[]", "no", ""])
def test_other_lines_are_no_nomiracl(tmp_path: Path, line: str) -> None:
    with pytest.raises(SetUnreadable):
        import_nomiracl(write(tmp_path / "dev.jsonl", line), tmp_path / "out")
