import pytest

from evals.written_numbers import WrittenNumber, is_same, written_numbers


def values(text: str, *, with_words: bool = False) -> list[float]:
    return [round(each.value, 9) for each in written_numbers(text, with_words=with_words)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,400 and 1400 and $1{,}400$", [1400, 1400, 1400]),
        ("0.949, .949", [0.949, 0.949]),
        ("25 %, 25%, ２５％, 25 percent, 百分之 25, 百分之25", [0.25] * 6),
        (r"$25\%$ of $\frac{5}{30}$, 1/4", [0.25, 0.166666667, 0.25]),
        (r"4.8×10^20, $3\times10^{-2}$, 2 * 10⁴", [4.8e20, 0.03, 20000]),
        ("1258 万, 3.4 亿, 1.2 million, 65-billion, 12k, 7B", [1.258e7, 3.4e8, 1.2e6, 6.5e10,
                                                              12000, 7e9]),
        ("5 千克, 3千", [5, 3000]),
        ("(-4, 4), 100-3, 20.4%-38.2%, 1 − 0.9", [-4, 4, 100, 3, 0.204, 0.382, 1, 0.9]),
        ("20，500", [20, 500]),
        ("GPT-2, k1, x_2, e^4, 0.98^15, 1024²", []),
        ("about 5/30.", [0.166666667]),
        (r"$8/9\approx0.889$", [0.888888889, 0.889]),
        ("4.8e20, 1e-5", [4.8e20, 0.00001]),
    ],
)  # fmt: skip
def test_numbers_are_read_in_every_form(text: str, expected: list[float]) -> None:
    assert values(text) == expected


def test_words_are_read_where_they_are_wanted() -> None:
    assert values("three 字节，占 三个") == []
    assert values("three bytes, 十二个, 百分之二十五", with_words=True) == [3, 12, 0.25]


def number(text: str) -> WrittenNumber:
    [found] = written_numbers(text)
    return found


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("1400", "1,400"),
        (".949", "0.949"),
        ("0.25", "25 %"),
        ("0.261", "26%"),
        ("26%", "0.261"),
        ("12,582,912", "1258 万"),
        ("1.2 million", "1,198,848"),
        ("1,200,000", "1,198,848"),
        ("5/30", "0.167"),
        ("44.54", "44.5"),
        ("45", "44.5"),
        ("300.00", "300"),
    ],
)
def test_forms_and_rounding_make_no_difference(given: str, wanted: str) -> None:
    assert is_same(number(given), number(wanted))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("0.3", "0.261"),  # one digit says too little
        ("310", "300"),  # what is wanted was not rounded
        ("0.26", "0.267"),
        ("4", "-4"),
        ("25", "25 %"),
        ("0.948", "0.949"),
        ("20", "12.25"),
    ],
)
def test_other_numbers_are_other(given: str, wanted: str) -> None:
    assert not is_same(number(given), number(wanted))
