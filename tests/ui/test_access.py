import pytest

from ui.access import Owners, may_change

HERE = {"host": "localhost:8501"}


@pytest.mark.parametrize("bound_to", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_everyone_on_this_machine_may_change_things(bound_to: str, host: str) -> None:
    assert may_change("auto", bound_to=bound_to, headers={"host": host})


@pytest.mark.parametrize("bound_to", ["", "0.0.0.0", "::", "10.0.0.5", "study.example"])
def test_nobody_may_where_other_machines_reach_the_page(bound_to: str) -> None:
    assert not may_change("auto", bound_to=bound_to, headers=HERE)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "evil.example:8501"},
        {"host": ""},
        {**HERE, "x-forwarded-for": "10.0.0.5"},
        {**HERE, "forwarded": "for=10.0.0.5"},
        {**HERE, "via": "1.1 proxy"},
    ],
)
def test_nobody_may_who_came_by_another_name_or_through_a_proxy(headers: dict[str, str]) -> None:
    assert not may_change("auto", bound_to="127.0.0.1", headers=headers)


@pytest.mark.parametrize(("owners", "expected"), [("everyone", True), ("nobody", False)])
def test_the_setting_decides_where_it_says_so(owners: Owners, expected: bool) -> None:
    assert may_change(owners, bound_to="0.0.0.0", headers={}) is expected
    assert may_change(owners, bound_to="127.0.0.1", headers=HERE) is expected
