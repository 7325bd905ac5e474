from datetime import timedelta
from pathlib import Path

import pytest

from assistant.errors import ConfigError
from evals.provenance import Provenance
from evals.resuming import begun_in, gone_on, only_judging_remains
from evals.run_folder import RUN, SCORES
from evals.runner import write_rows
from tests.evals.made_rows import make_answer, make_case, make_error
from tests.evals.run_samples import PROVENANCE

CASES = [make_case("a"), make_case("b")]
BEGUN = PROVENANCE.model_copy(update={"dirty": False, "selection": "ab", "n_cases": 2})
NOW = BEGUN.model_copy(update={"date": BEGUN.date + timedelta(days=1), "judge": "model"})

OTHER_PROGRAMS = [
    ({"commit": "f"}, "another commit"),
    ({"model": "m2"}, "another model"),
    ({"engine": "vllm"}, "another engine"),
    ({"seed": 8}, "another seed"),
    ({"settings_fingerprint": "x"}, "other settings"),
    ({"generation": "g2"}, "another index"),
    ({"versions": {}}, "other versions"),
]
OTHER_CASES = [
    ({"sets": {"evals/sets/smoke.jsonl": "cd" * 32}}, "other sets of cases"),
    ({"n_cases": 1}, "another choice of cases"),
    ({"selection": "cd"}, "another choice of cases"),
]


def begin(folder: Path, made: Provenance, *, n_answers: int) -> None:
    (folder / RUN).write_text(made.model_dump_json(), encoding="utf-8")
    rows = [make_answer(case) for case in CASES[:n_answers]]
    write_rows(folder, [*rows, *map(make_error, CASES[n_answers:])])


def test_a_run_goes_on_with_its_date_and_the_judge_of_now(tmp_path: Path) -> None:
    assert gone_on(tmp_path / "new", NOW, CASES) == NOW
    begin(tmp_path, BEGUN, n_answers=1)
    assert gone_on(tmp_path, NOW, CASES) == NOW.model_copy(update={"date": BEGUN.date})


@pytest.mark.parametrize(("before", "now"), [(True, False), (False, True)])
def test_a_run_that_was_ever_dirty_stays_so(tmp_path: Path, before: bool, now: bool) -> None:
    begin(tmp_path, BEGUN.model_copy(update={"dirty": before}), n_answers=1)
    assert gone_on(tmp_path, NOW.model_copy(update={"dirty": now}), CASES).dirty


@pytest.mark.parametrize(("other", "sentence"), [*OTHER_PROGRAMS, *OTHER_CASES])
def test_a_run_of_something_else_is_not_gone_on_with(
    tmp_path: Path, other: dict[str, object], sentence: str
) -> None:
    begin(tmp_path, BEGUN, n_answers=1)
    with pytest.raises(ConfigError, match=f"was begun with {sentence}") as caught:
        gone_on(tmp_path, NOW.model_copy(update=other), CASES)
    assert caught.value.hint == "Give another folder with --out."


@pytest.mark.parametrize(("other", "sentence"), OTHER_PROGRAMS)
def test_answers_stay_those_of_who_gave_them_when_another_program_judges(
    tmp_path: Path, other: dict[str, object], sentence: str
) -> None:
    begin(tmp_path, BEGUN, n_answers=2)
    now = NOW.model_copy(update={**other, "dirty": True})
    assert gone_on(tmp_path, now, CASES) == BEGUN.model_copy(update={"judge": "model"})

    # Of a finished run, old answers would pass for new ones.
    (tmp_path / SCORES).touch()
    with pytest.raises(ConfigError, match=sentence) as caught:
        gone_on(tmp_path, now, CASES)
    assert f"study eval report {tmp_path}" in caught.value.hint


def test_other_cases_are_not_gone_on_with_even_if_all_were_answered(tmp_path: Path) -> None:
    begin(tmp_path, BEGUN, n_answers=2)
    with pytest.raises(ConfigError, match="another choice of cases"):
        gone_on(tmp_path, NOW.model_copy(update={"selection": "a"}), CASES[:1])


def test_judging_remains_where_each_case_as_it_is_now_has_an_answer(tmp_path: Path) -> None:
    assert not only_judging_remains(tmp_path / "new", CASES)
    begin(tmp_path, BEGUN, n_answers=2)
    assert only_judging_remains(tmp_path, CASES)
    assert not only_judging_remains(tmp_path, [make_case("a", question="Now another?")])
    begin(tmp_path, BEGUN, n_answers=1)
    assert not only_judging_remains(tmp_path, CASES)


def test_the_same_set_may_be_named_from_elsewhere(tmp_path: Path) -> None:
    begin(tmp_path, BEGUN, n_answers=1)
    sets = {f"/elsewhere/{name}": digest for name, digest in BEGUN.sets.items()}
    assert gone_on(tmp_path, NOW.model_copy(update={"sets": sets}), CASES).sets == BEGUN.sets


def test_a_run_of_before_the_selection_was_kept_goes_on(tmp_path: Path) -> None:
    begin(tmp_path, BEGUN.model_copy(update={"selection": ""}), n_answers=1)
    assert gone_on(tmp_path, NOW, CASES).date == BEGUN.date


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    assert begun_in(tmp_path) is None  # an empty one will do
    write_rows(tmp_path, [])
    assert begun_in(tmp_path) is None  # so will rows of earlier runs
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ConfigError, match="holds other files"):
        begun_in(tmp_path)
    with pytest.raises(ConfigError, match="is a file"):
        begun_in(tmp_path / "thesis.txt")
    (tmp_path / RUN).write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="not the beginning of a run"):
        begun_in(tmp_path)
