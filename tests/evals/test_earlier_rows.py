from pathlib import Path

import pytest

from evals.earlier_rows import reuse_rows
from evals.provenance import Provenance
from evals.run_folder import RUN
from evals.runner import read_rows, write_rows
from tests.evals.made_rows import make_answer, make_case, make_error
from tests.evals.run_samples import PROVENANCE

NOW = PROVENANCE.model_copy(update={"dirty": False})
CASES = [make_case("a"), make_case("b"), make_case("c", question="Now another?")]


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The folder of a run with an answer, an error, and an answer to what c was before."""
    folder = tmp_path / "earlier"
    keep(folder, NOW)
    write_rows(
        folder, [make_answer(make_case("a")), make_error(CASES[1]), make_answer(make_case("c"))]
    )
    return folder


def keep(folder: Path, made: Provenance) -> None:
    folder.mkdir(exist_ok=True)
    (folder / RUN).write_text(made.model_dump_json(), encoding="utf-8")


def test_only_good_answers_to_the_same_cases_are_taken_over(tmp_path: Path, earlier: Path) -> None:
    assert reuse_rows(tmp_path / "new", NOW, CASES, [earlier]) == 1
    assert [row.case.id for row in read_rows(tmp_path / "new")] == ["a"]


@pytest.mark.parametrize(
    "other",
    [{"generation": "g2"}, {"model": "m2"}, {"settings_fingerprint": "x"}, {"commit": "f"},
     {"versions": {}}, {"dirty": True}],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_answers_of_another_program_are_not(
    tmp_path: Path, earlier: Path, other: dict[str, object]
) -> None:
    assert reuse_rows(tmp_path / "x", NOW.model_copy(update=other), CASES, [earlier]) == 0
    keep(earlier, NOW.model_copy(update=other))
    assert reuse_rows(tmp_path / "new", NOW, CASES, [earlier]) == 0


def test_answers_of_the_run_itself_stay(tmp_path: Path, earlier: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    own = make_answer(CASES[0]).model_copy(update={"answer": "own"})
    write_rows(new, [own])
    assert reuse_rows(new, NOW, CASES, [earlier, new, tmp_path / "nowhere"]) == 1
    assert read_rows(new) == [own]
