from pathlib import Path

import pytest

from evals.judging import VERDICTS
from evals.kept_lines import RunUnreadable
from evals.run_folder import RUN, SCORES, Run, read_run
from evals.runner import ROWS
from tests.evals.run_samples import made_up_run


def kept(run: Run, folder: Path) -> Path:
    (folder / RUN).write_text(run.provenance.model_dump_json(), encoding="utf-8")
    (folder / SCORES).write_text(run.scores.model_dump_json(), encoding="utf-8")
    for name, lines in ((ROWS, run.rows), (VERDICTS, run.judged)):
        text = "".join(line.model_dump_json() + "\n" for line in lines)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_run_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    run = made_up_run()
    assert read_run(kept(run, tmp_path)) == run


def test_unfinished_or_damaged_run_is_told_with_its_file(tmp_path: Path) -> None:
    folder = kept(made_up_run(), tmp_path)
    (folder / SCORES).write_text("{}", encoding="utf-8")
    with pytest.raises(RunUnreadable, match=r"scores\.json is damaged: overall"):
        read_run(folder)
    (folder / SCORES).unlink()
    with pytest.raises(RunUnreadable, match=r"scores\.json can't be read: No such file") as caught:
        read_run(folder)
    assert caught.value.hint == f"`study eval report {folder}` makes it again."
    (folder / VERDICTS).write_text("{}", encoding="utf-8")
    (folder / SCORES).write_text(made_up_run().scores.model_dump_json(), encoding="utf-8")
    with pytest.raises(RunUnreadable, match=r"verdicts\.jsonl is damaged: case_id"):
        read_run(folder)
    with pytest.raises(RunUnreadable, match=r"run\.json can't be read"):
        read_run(tmp_path / "none")
