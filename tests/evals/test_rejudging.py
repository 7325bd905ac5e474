from collections.abc import Sequence
from pathlib import Path

import pytest

from evals.judging import VERDICTS
from evals.kept_lines import RunUnreadable
from evals.records import Verdict
from evals.rejudging import report_again
from evals.run_folder import (
    JUNIT,
    REPORT_HTML,
    REPORT_MARKDOWN,
    RUN,
    SCORES,
    read_run,
)
from evals.runner import ROWS, read_rows, write_rows
from tests.evals.made_rows import make_answer, make_case, make_statement
from tests.evals.run_samples import PROVENANCE

ROW = make_answer(make_case("a"), make_statement("A mask hides.", 1), make_statement("It eats.", 1))


class Strict:
    """A judge that holds a statement for supported if it speaks of masks."""

    name = "strict"
    threshold = 0.5

    def __init__(self) -> None:
        self.n_asked = 0

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        self.n_asked += 1
        return Verdict(probability=float("mask" in statement))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run with all answers and no verdict."""
    made = PROVENANCE.model_copy(update={"n_cases": 1, "judge": "strict", "judge_quality": ()})
    (tmp_path / RUN).write_text(made.model_dump_json(), encoding="utf-8")
    write_rows(tmp_path, [ROW])
    return tmp_path


def test_a_run_is_judged_and_reported_without_asking_again(folder: Path) -> None:
    rows = (folder / ROWS).read_bytes()

    run = report_again(folder, [Strict()])

    (faithfulness,) = [f for f in run.scores.overall if f.metric == "faithfulness"]
    assert faithfulness.value == 0.5
    assert (folder / ROWS).read_bytes() == rows
    assert read_run(folder) == run
    assert {path.name for path in folder.iterdir()} >= {SCORES, REPORT_HTML, REPORT_MARKDOWN, JUNIT}
    assert run.provenance == PROVENANCE.model_copy(
        update={
            "n_cases": 1, "judge": "strict",
            "judge_quality": (), "judge_labels": "", "judge_curve": (),
        }
    )  # fmt: skip


def test_verdicts_that_are_there_are_kept(folder: Path) -> None:
    before = report_again(folder, [Strict()])
    (folder / SCORES).unlink()
    judge = Strict()

    assert report_again(folder) == before
    assert report_again(folder, [judge]) == before
    assert judge.n_asked == 0


def test_without_a_judge_no_verdict_may_be_missing(folder: Path) -> None:
    report_again(folder, [Strict()])
    lines = (folder / VERDICTS).read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / VERDICTS).write_text("".join(lines[1:]), encoding="utf-8")

    with pytest.raises(RunUnreadable, match=f"lacks 1 of {len(lines)} verdicts") as caught:
        report_again(folder)

    assert caught.value.hint.endswith(f"study eval report {folder} --judge strict")


def test_a_run_that_was_stopped_while_it_was_answered_is_not_reported(folder: Path) -> None:
    write_rows(folder, [])

    with pytest.raises(RunUnreadable, match="has 0 of 1 answers") as caught:
        report_again(folder, [Strict()])

    assert f"--out {folder}" in caught.value.hint
    assert read_rows(folder) == []
