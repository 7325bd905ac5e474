from collections.abc import Mapping
from pathlib import Path

import pytest

from evals.baseline import ACCEPTED, Accepted, accept, accepted_run, fallen
from evals.gate import Gate
from evals.kept_lines import RunUnreadable
from evals.provenance import Provenance
from evals.scores import Figure, Scores
from tests.evals.run_samples import PROVENANCE

GATE = Gate.model_validate({"max_drop": {"mrr": 0.5, "errors": 0.5}})


def scores(**values: float) -> Scores:
    """Return scores of which each case has the same value."""
    return Scores(
        overall=tuple(
            Figure(
                metric=metric,
                value=value,
                low=value,
                high=value,
                n=2,
                higher_is_better=metric != "errors",
            )
            for metric, value in values.items()
        ),
        groups={},
        per_case={"a": values, "b": values},
    )


def kept(made: Provenance, **values: float) -> Accepted:
    return Accepted(provenance=made, scores=scores(**values))


def test_a_run_of_the_same_kind_is_found_whatever_program_and_materials(tmp_path: Path) -> None:
    assert accepted_run(tmp_path, PROVENANCE) is None
    accept(tmp_path, PROVENANCE, scores(mrr=0.8))
    later = {"commit": "f", "generation": "g2", "settings_fingerprint": "x", "name": "later"}
    found = accepted_run(tmp_path, PROVENANCE.model_copy(update=later))
    assert found == kept(PROVENANCE, mrr=0.8)


@pytest.mark.parametrize(
    "other",
    [{"sets": {"evals/sets/smoke.jsonl": "cd" * 32}}, {"selection": "x"}, {"judge": "model"},
     {"model": ""}],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_a_run_of_another_kind_is_neither_compared_with_nor_replaced(
    tmp_path: Path, other: Mapping[str, object]
) -> None:
    accept(tmp_path, PROVENANCE, scores(mrr=0.8))
    part = PROVENANCE.model_copy(update=other)
    assert accepted_run(tmp_path, part) is None
    accept(tmp_path, part, scores(mrr=0.5))
    assert accepted_run(tmp_path, PROVENANCE) == kept(PROVENANCE, mrr=0.8)
    assert accepted_run(tmp_path, part) == kept(part, mrr=0.5)


def test_a_damaged_file_is_told_and_replaced_by_the_next_run(tmp_path: Path) -> None:
    accept(tmp_path, PROVENANCE, scores(mrr=0.8))
    (file,) = (tmp_path / ACCEPTED).iterdir()
    file.write_text("{", encoding="utf-8")
    with pytest.raises(RunUnreadable, match="is damaged"):
        accepted_run(tmp_path, PROVENANCE)
    accept(tmp_path, PROVENANCE, scores(mrr=0.9))
    assert accepted_run(tmp_path, PROVENANCE) == kept(PROVENANCE, mrr=0.9)


def test_what_fell_by_however_little_is_named() -> None:
    before = scores(mrr=0.8, errors=0.1)
    assert fallen(scores(mrr=0.79, errors=0.1), before, GATE) == ["mrr"]
    assert fallen(scores(mrr=0.9, errors=0.2), before, GATE) == ["errors"]
    assert fallen(scores(mrr=0.8, errors=0.0), before, GATE) == []


def test_what_is_not_under_the_gate_may_fall() -> None:
    before = scores(mrr=0.8, errors=0.1, total_s=1.0)
    assert fallen(scores(mrr=0.8, errors=0.1, total_s=9.0), before, GATE) == []
