"""Public sets in their own form become documents and cases that the harness runs."""

import json
from pathlib import Path

import pytest

from evals.cases import load_cases
from evals.importers import CASES, CORPUS, SetUnreadable, import_beir, import_squad


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

    assert import_beir(beir(tmp_path / "set"), out) == 2

    first, second = load_cases([out / CASES])
    assert (first.id, first.language, first.question) == ("beir-q1", "en", "What purrs?")
    assert second.language == "zh"
    assert [evidence.source for evidence in second.evidence] == ["d2.md"]
    (evidence,) = first.evidence
    text = (out / CORPUS / evidence.source).read_text(encoding="utf-8")
    assert text == '---\ntitle: "Cats: a study"\n---\n\nA cat purrs.\n'


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

    assert import_squad(path, tmp_path / "out", given=given) == 2

    answerable, impossible = load_cases([tmp_path / "out" / CASES])
    assert (answerable.reference, answerable.answerable) == ("when happy", True)
    assert (impossible.kind, impossible.answerable) == ("unanswerable", False)
    assert (answerable.passages == ("A cat purrs when it is happy.",)) is given
    assert bool(answerable.evidence) is not given


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
