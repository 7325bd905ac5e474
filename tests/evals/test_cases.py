"""Files of cases: read, refused with the line that is wrong, and a part that stands for all."""

from collections import Counter
from pathlib import Path

import pytest

from evals.cases import CURRICULUM, SMOKE, CasesUnreadable, chosen, load_cases

LINE = '{"id": "a", "language": "en", "question": "What?", "more": 1}'


def write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_line_is_a_case_and_unknown_fields_are_left_alone(tmp_path: Path) -> None:
    (case,) = load_cases([write(tmp_path, LINE, "")])

    assert (case.id, case.kind, case.answerable, case.split) == ("a", "fact", True, "dev")


def test_question_is_kept_as_it_stands(tmp_path: Path) -> None:
    (case,) = load_cases([write(tmp_path, LINE.replace("What?", " What? "))])

    assert case.question == " What? "


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ((LINE, LINE), "line 2: the id a stands twice"),
        ((LINE, "nonsense"), "line 2: the line: Invalid JSON"),
        (('{"id": "a", "language": "fr", "question": "x"}',), "line 1: language: "),
        (('{"id": "a", "language": "en"}',), "line 1: question: Field required"),
        (
            (LINE, '{"id": "b", "language": "en", "question": " \\n"}'),
            "line 2: question: It is blank",
        ),
        ((), "There is no case"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, lines: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(CasesUnreadable, match=sentence) as caught:
        load_cases([write(tmp_path, *lines)])

    assert caught.value.hint


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CasesUnreadable, match="can't be read"):
        load_cases([tmp_path / "none.jsonl"])


def test_part_of_the_curriculum_mixes_kinds_and_languages() -> None:
    part = chosen(load_cases([CURRICULUM]), limit=40, split="dev")

    assert len(part) == 40
    assert set(Counter((case.kind, case.language) for case in part).values()) == {2}
    assert {case.split for case in part} == {"dev"}


def test_beginning_of_a_whole_run_is_what_a_limit_would_give() -> None:
    cases = load_cases([CURRICULUM])

    assert chosen(cases)[:40] == chosen(cases, limit=40)


def test_kinds_and_no_limit_give_all_of_them() -> None:
    cases = load_cases([SMOKE])

    assert sorted(chosen(cases), key=cases.index) == cases
    assert {case.kind for case in chosen(cases, kinds=["fact"])} == {"fact"}
