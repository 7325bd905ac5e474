import pytest

from evals.records import Case, Evidence, Kind
from evals.resting import Touched, resting_on


def case(case_id: str, source: str, heading: str = "", kind: Kind = "fact") -> Case:
    return Case(
        id=case_id,
        language="en",
        kind=kind,
        question="?",
        evidence=(Evidence(source=source, heading=heading),),
    )


CASES = [
    case("dome", "en/a.md", "The *Dome*"),
    case("any", "en/a.md"),
    case("other", "en/b.md", "The Dome"),
    case("cross", "zh/a.md", "圆顶", "cross-lingual"),
    Case(id="none", language="en", question="?", answerable=False),
    case("given", "en/a.md").model_copy(update={"passages": ("text",)}),
]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        ([("A", "the dome", "Copper")], ["dome", "any", "cross"]),
        ([("A", "Telescope")], ["any", "cross"]),
        ([], []),
        (None, ["dome", "any", "cross"]),
    ],
    ids="under elsewhere nothing whole".split(),
)
def test_a_case_rests_on_the_sections_of_its_evidence(
    headings: list[tuple[str, ...]] | None, expected: list[str]
) -> None:
    touched = Touched(
        name="en/a.md",
        sources=frozenset({"en/a.md"}),
        headings=None if headings is None else frozenset(headings),
    )
    assert resting_on([touched], CASES) == {"en/a.md": expected}


def test_a_moved_file_takes_along_what_rests_on_its_old_name() -> None:
    moved = Touched(name="new.md", sources=frozenset({"new.md", "en/b.md"}), headings=None)
    assert resting_on([moved], CASES) == {"new.md": ["other"]}
