"""Every worked number of module 10 (applications), computed again.

Each value is formatted as the module prints it, and the string must stand in both languages.
"""

import math
from pathlib import Path
from typing import NamedTuple

import pytest

CORPUS = Path(__file__).parents[2] / "corpus"
NAME = "10-applications.md"
LANGUAGES = ("en", "zh")
TEXT = {name: (CORPUS / name / NAME).read_text(encoding="utf-8") for name in LANGUAGES}

FIELDS = (
    ("Customer service", "客户服务"),
    ("Marketing copy", "营销文案"),
    ("Data analysis with entity extraction", "数据分析与实体抽取"),
    ("Document generation", "文档生成"),
    ("Law and compliance", "法律与合规"),
    ("Finance", "金融"),
    ("Medicine", "医疗"),
    ("Education", "教育"),
    ("Search", "搜索"),
    ("Translation", "翻译"),
    ("Summarisation", "摘要"),
)

MESSAGES = 3_000
MINUTES_BY_HAND = 8
WAGE = 40
MODEL_COST = 0.0082
MAINTENANCE = 20 * 60
ERROR_COST = (0.005 - 0.002) * 60
OUTLAY = 400 * 60 + 50 * 40 + 30 * 2 * 40


def assert_stands(*strings: str) -> None:
    for language in LANGUAGES:
        missing = [string for string in strings if string not in TEXT[language]]
        assert not missing, f"{language}/{NAME} lacks {missing}"


def assert_says(english: str, chinese: str) -> None:
    assert english in TEXT["en"]
    assert chinese in TEXT["zh"]


def f1(right: int, returned: int, wanted: int) -> float:
    return 2 * right / (returned + wanted)


def highest_rate(n_cases: int) -> float:
    """Return the error rate at which no error in `n_cases` still has the probability 5%."""
    return 1 - math.pow(0.05, 1 / n_cases)


class Benefit(NamedTuple):
    """What the support team of the worked example gains."""

    usable: float

    @property
    def minutes(self) -> float:
        return 1.5 + 1.5 * self.usable + MINUTES_BY_HAND * (1 - self.usable)

    @property
    def saved_minutes(self) -> float:
        return MINUTES_BY_HAND - self.minutes

    @property
    def saved_hours(self) -> float:
        return MESSAGES * self.saved_minutes / 60

    @property
    def net(self) -> float:
        """Dollars per month, all running costs taken off."""
        costs = MESSAGES * (MODEL_COST + ERROR_COST) + MAINTENANCE
        return self.saved_hours * WAGE - costs

    @property
    def break_even(self) -> float:
        """Months until the outlay is repaid."""
        return OUTLAY / self.net


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_field_has_its_case(language: str) -> None:
    labels = {
        "en": ("Task and input", "Check", "What goes wrong", "Who decides"),
        "zh": ("任务与输入", "检查", "会出什么错", "由谁决定"),
    }[language]
    ends = {"en": ".", "zh": "。"}
    for names in FIELDS:
        heading = f"\n### {names[LANGUAGES.index(language)]}\n"
        section = TEXT[language].partition(heading)[2].partition("\n#")[0]
        for label in labels:
            assert section.count(f"- **{label}{ends[language]}**") == 1, (heading, label)


def test_customer_service() -> None:
    assert_says(
        f"150 of 200 held-out drafts are usable after small edits, or {150 / 200:.0%}",
        f"200 份留出的草稿中有 150 份稍加修改就能用，比例是 {150 / 200:.0%}",
    )


def test_marketing_copy() -> None:
    a, b = 120 / 4000, 160 / 4000
    error = math.sqrt(a * (1 - a) / 4000 + b * (1 - b) / 4000)
    low, high = (100 * (b - a + sign * 1.96 * error) for sign in (-1, 1))
    assert_stands(
        f"{a:.1%}",
        f"{b:.1%}",
        rf"$\sqrt{{{a}\times{1 - a}/4000+{b}\times{1 - b}/4000}}$",
    )
    assert_says(
        f"or {100 * error:.2f} points, so its 95% interval runs from {low:.1f} to {high:.1f}",
        f"约 {100 * error:.2f} 个百分点，所以 95% 置信区间是 {low:.1f} 到 {high:.1f} 个百分点",
    )
    assert_says(
        f"The difference of {100 * (b - a):.1f} points", f"相差 {100 * (b - a):.1f} 个百分点"
    )


def test_entity_extraction() -> None:
    right, returned, wanted = 168, 210, 200
    assert_stands(
        f"{right}/{returned} = {right / returned:.3f}",
        f"{right}/{wanted} = {right / wanted:.3f}",
    )
    value = f"{f1(right, returned, wanted):.3f}"
    assert_says(f"F1 {value}", f"F1 是 {value}")
    excess = f"{returned / wanted - 1:.0%}"
    assert_says(
        f"looks only {excess} too high although {returned - right} entries are wrong",
        f"只高了 {excess}，其实有 {returned - right} 条是错的",
    )


def test_document_generation() -> None:
    assert_stands(f"$1-0.99^{{12}}={1 - 0.99**12:.3f}$")


def test_law() -> None:
    assert_stands(f"36/40 = {36 / 40:.3f}", f"36/90 = {36 / 90:.3f}")
    assert 40 - 36 == 4
    assert_says("four risky ones are missed", "漏掉了四个有风险的条款")


def test_finance() -> None:
    assert 310 + 150 == 460
    assert_stands("310 + 150 = 460", "480")


def test_medicine() -> None:
    rate = highest_rate(100)
    assert math.isclose((1 - rate) ** 100, 0.05)
    assert math.isclose(rate, 3 / 100, rel_tol=0.02)
    assert_stands(rf"$1-0.05^{{1/100}}={100 * rate:.2f}\%$")
    assert_says(
        f"up to {2000 * rate:.0f} of 2,000 letters",
        f"2,000 份中最多有 {2000 * rate:.0f} 份",
    )


def test_education() -> None:
    both_pass, both_fail, teacher_only, model_only = 60, 28, 4, 8
    n = both_pass + both_fail + teacher_only + model_only
    assert n == 100
    teacher, model = (both_pass + teacher_only) / n, (both_pass + model_only) / n
    observed = (both_pass + both_fail) / n
    chance = teacher * model + (1 - teacher) * (1 - model)
    kappa = (observed - chance) / (1 - chance)
    assert_says(
        f"agreement is {observed:.2f} and Cohen's kappa {kappa:.3f}",
        f"一致率是 {observed:.2f}，Cohen kappa 系数是 {kappa:.3f}",
    )


def test_search() -> None:
    words, hybrid, repaired, broken = 124, 158, 42, 8
    assert hybrid - words == repaired - broken == 34
    assert repaired <= 200 - words
    error = math.sqrt(repaired + broken - 34**2 / 200) / 200
    assert_stands(f"{words / 200:.0%}", f"{hybrid / 200:.0%}", r"$\sqrt{50-34^2/200}/200$")
    assert_says(f"or {100 * error:.1f} points", f"即 {100 * error:.1f} 个百分点")
    assert_says(f"gain of {34 / 2:.1f} points", f"提高了 {34 / 2:.1f} 个百分点")


def test_translation() -> None:
    points = 6 * 1 + 2 * 5
    assert_says(
        f"{points} points, or {points // 2} per 1,000 words",
        f"共 {points} 分，即每 1,000 词 {points // 2} 分",
    )


def test_summarisation() -> None:
    assert 200 - 188 == 12
    assert_stands(f"{188 / 200:.0%}", f"9/25 = {9 / 25:.0%}")


def test_what_an_application_saves() -> None:
    benefit = Benefit(0.75)
    assert_stands(rf"$$1.5+0.75\times1.5+0.25\times8={benefit.minutes}\text{{")
    assert_says(
        f"saves {benefit.saved_minutes} minutes, so a month saves "
        f"{MESSAGES * benefit.saved_minutes:,.0f} minutes, or {benefit.saved_hours} hours, "
        f"worth {benefit.saved_hours * WAGE:,.0f} dollars",
        f"省下 {benefit.saved_minutes} 分钟，一个月就省下 "
        f"{MESSAGES * benefit.saved_minutes:,.0f} 分钟，即 {benefit.saved_hours} 小时，"
        f"值 {benefit.saved_hours * WAGE:,.0f} 美元",
    )
    assert math.isclose(3_100 * 2 / 1e6 + 250 * 8 / 1e6, MODEL_COST)
    model, errors = MESSAGES * MODEL_COST, MESSAGES * ERROR_COST
    assert_says(f"or {model:.2f} dollars", f"共 {model:.2f} 美元")
    more_errors = MESSAGES * (0.005 - 0.002)
    assert_says(
        f"{more_errors:.0f} more errors, or {errors:.0f} dollars",
        f"多出 {more_errors:.0f} 个错误，即 {errors:.0f} 美元",
    )
    assert_stands(f"6,750 − {model:.2f} − {MAINTENANCE:,} − {errors:.0f} = {benefit.net:,.2f}")


def test_break_even() -> None:
    benefit = Benefit(0.75)
    first_year = 12 * benefit.net - OUTLAY
    assert_stands(
        f"24,000 + 2,000 + 2,400 = {OUTLAY:,}",
        f"{OUTLAY:,} / {benefit.net:,.2f} = {benefit.break_even:.1f}",
        f"12 × {benefit.net:,.2f} − {OUTLAY:,} = {first_year:,.2f}",
        f"{first_year / OUTLAY:.0%}",
    )


def test_break_even_depends_on_the_usable_share() -> None:
    assert math.isclose(Benefit(0.3).minutes, 9.5 - 6.5 * 0.3)
    worthless = 1.5 / 6.5
    assert math.isclose(Benefit(worthless).saved_minutes, 0, abs_tol=1e-12)
    assert_stands("$9.5-6.5a$", f"$a=1.5/6.5={worthless:.3f}$")
    half = Benefit(0.5)
    assert_says(
        f"falls to {half.net:,.2f} dollars and break-even moves to {half.break_even:.1f} months",
        f"降到 {half.net:,.2f} 美元，盈亏平衡推迟到 {half.break_even:.1f} 个月",
    )


def test_break_even_depends_on_the_volume() -> None:
    worth = Benefit(0.75).saved_minutes / 60 * WAGE
    per_message = worth - MODEL_COST - ERROR_COST
    least = math.ceil(MAINTENANCE / per_message)
    assert (least - 1) * per_message < MAINTENANCE
    assert_stands(f"{worth:.2f} − {MODEL_COST} − {ERROR_COST:.2f} = {per_message:.4f}")
    assert_says(f"at least {least} messages", f"至少要有 {least} 封来信")


def test_case_from_work() -> None:
    assert_says(
        f"catch 21 of them, or {21 / 30:.0%}",
        f"查出 21 份，占 {21 / 30:.0%}",
    )
    assert_says(
        f"28 of 30 are caught, or {28 / 30:.0%}",
        f"30 份中查出 28 份，占 {28 / 30:.0%}",
    )


def test_solutions() -> None:
    assert_stands(f"90/120 = {90 / 120:.3f}", f"90/150 = {90 / 150:.3f}")
    value = f"{f1(90, 120, 150):.3f}"
    assert_says(f"F1 {value}.", f"F1 是 {value}。")
    benefit = Benefit(0.9)
    assert_stands(f"9.5 − 6.5 × 0.9 = {benefit.minutes:.2f}")
    assert_says(
        f"saves {benefit.saved_minutes:.2f}, so a month saves {benefit.saved_hours:.1f} hours",
        f"省下 {benefit.saved_minutes:.2f} 分钟，一个月省下 {benefit.saved_hours:.1f} 小时",
    )
    months, left = 18_000 / 2_400, 12 * 2_400 - 18_000
    assert_says(
        f"after {months} months; the first year leaves {left:,} dollars, "
        f"a return of {left / 18_000:.0%}",
        f"{months} 个月达到盈亏平衡；第一年结余 {left:,} 美元，投资回报率为 {left / 18_000:.0%}",
    )
    assert_stands(f"3/60 = {3 / 60:.1%}", f"{highest_rate(60):.2%}")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("gets 120 clicks from 4,000 visitors", "4,000 名访客中得到 120 次点击"),
        ("text B 160 from 4,000", "文案 B 在 4,000 名访客中得到 160 次"),
        ("80 labelled reports hold 200 entities", "80 份已标注的报告中有 200 个实体"),
        ("returns 210, of which 168 match", "返回 210 个，其中 168 个"),
        (
            "each of 12 numbers wrongly with probability 1%",
            "有 12 个数字，模型抄错每个数字的概率都是 1%",
        ),
        ("1,000 clauses hold 40 risky ones", "1,000 个条款中有 40 个有风险"),
        ("flags 90, of which 36 are risky", "标出 90 个，其中 36 个确有风险"),
        ("both pass 60 of 100 answers and both fail 28", "及格的有 60 份，都判不及格的有 28 份"),
        (
            "the teacher alone passes 4 and the model alone 8",
            "及格的有 4 份，只有模型判及格的有 8 份",
        ),
        ("for 124 of 200 questions", "200 个问题中，词语检索找到正确段落的有 124 个"),
        ("for 158 (79%), repairing 42 and breaking 8", "158 个（79%），其中改对 42 个、改错 8 个"),
        ("2,000 words have 6 minor and 2 major", "2,000 个词中有 6 个轻微错误和 2 个严重错误"),
        ("25 summaries have 200 sentences, of which 188", "25 份摘要共有 200 句，其中 188 句"),
        ("the 12 others stand in 9 summaries", "另外 12 句分布在 9 份摘要里"),
        (
            "3,000 messages a month, 8 minutes each, at 40",
            "3,000 封来信，每封 8 分钟，人工每小时 40",
        ),
        ("20 hours at 60 dollars", "20 小时，每小时 60 美元"),
        ("from 0.2% to 0.5% of messages and cost 60", "从 0.2% 升到 0.5%，每个错误造成 60"),
        ("400 hours of building at 60 dollars", "开发用 400 小时，每小时 60 美元"),
        ("50 hours of labelling at 40", "标注用 50 小时，每小时 40 美元"),
        ("30 people, 2 hours each at 40", "培训 30 人，每人 2 小时，每小时 40 美元"),
        ("by 14% on average", "平均增加 14%"),
        ("fined 5,000 dollars", "被罚 5,000 美元"),
        ("in 17% to 33% of queries", "在 17% 到 33% 的查询中"),
        ("scored 17% lower", "低 17%"),
        ("19 percentage points less likely", "可能性低了 19 个百分点"),
        ("Siri (2011) and XiaoIce (2014)", "Siri（2011 年）和小冰（XiaoIce，2014 年）"),
    ],
)
def test_given_numbers_are_the_same_in_both_languages(english: str, chinese: str) -> None:
    assert_says(english, chinese)
