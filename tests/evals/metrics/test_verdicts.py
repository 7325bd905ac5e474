import pytest

from evals.metrics.verdicts import Verdicts, share
from tests.evals.made_rows import make_judged


def test_verdicts_are_looked_up_by_what_was_judged() -> None:
    verdicts = Verdicts(
        [make_judged("citation", 1, True, citation=2), make_judged("faithful", 1, False)]
    )
    assert verdicts.supported("citation", 1, 2) is True
    assert verdicts.supported("faithful", 1) is False
    assert verdicts.supported("citation", 1, 3) is None
    assert verdicts.supported("cited", 1) is None


def test_the_later_of_two_verdicts_counts() -> None:
    judged = [make_judged("faithful", 0, False), make_judged("faithful", 0, True)]
    assert Verdicts(judged).supported("faithful", 0) is True


@pytest.mark.parametrize(
    ("supported", "expected"),
    [([True, False, True, False], 0.5), ([], None), ([True, None], None), ([False], 0.0)],
)
def test_a_share_needs_every_verdict(supported: list[bool | None], expected: float | None) -> None:
    assert share(supported) == expected
