import pytest

from assistant.support import judge
from assistant.units import other_units


@pytest.mark.parametrize(
    ("statement", "evidence", "others"),
    [
        ("A call takes 20 seconds.", "A call takes 20 ms.", ["20 seconds"]),
        ("须在 30 小时内归还。", "须在 30 天内归还。", ["30 小时"]),
        ("It rose by 5 points.", "It rose by 5 %.", ["5 points"]),
        ("一个汉字占 3 比特。", "一个汉字占 3 字节。", ["3 比特"]),
        ("Return it within 30 hours.", "须在三十天内归还。", ["30 hours"]),
        ("It takes 2 TB.", "It takes 2 GB of 80 GB.", ["2 TB"]),
        ("它提高了 5 个百分点。", "它提高了百分之五。", ["5 个百分点"]),
        ("From 20 to 30 s.", "From 20 to 30 ms.", ["20 s", "30 s"]),
        ("a 3-hour course", "a 3-day course", ["3-hour"]),
        ("要两周。", "要两个月。", ["2周"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_number_with_another_unit_is_told(statement: str, evidence: str, others: list[str]) -> None:
    assert sorted(other_units(statement, evidence)) == others


@pytest.mark.parametrize(
    ("statement", "evidence"),
    [
        ("Return it within 30 days.", "三十日内归还。"),
        ("30 天内归还。", "Return it within thirty days."),
        ("要 2 小时。", "It takes two hours."),
        ("要两个小时。", "It takes 2 h."),
        ("1 KB", "1,024 bytes"),
        ("20 ms", "from 20 to 30 ms"),
        ("30 million bytes", "20-30 million bytes"),
        ("The weights have 16 bits.", "权重是 16 位的。"),
        ("In 2017 年", "after 2017 days"),
        ("一秒代表一公里。", "A second stands for a kilometre."),
        ("几十年间一直如此。", "每十天一次。"),
        ("3 GB", "There are 3 of them, for 3 days."),
        ("5 层", "5 %"),
        ("3 年级", "3 days"),
    ],
    ids=lambda value: value,
)
def test_same_or_unknown_units_say_nothing(statement: str, evidence: str) -> None:
    assert other_units(statement, evidence) == []


def test_other_unit_sinks_a_statement() -> None:
    sentence = "A search of the index takes 20 ms."

    support = judge("A search of the index takes 20 seconds.", [sentence], [0.9])

    assert support.reason == "20 seconds is not in the passage"
    assert support.probability < 0.6 < judge(sentence, [sentence], [0.9]).probability
