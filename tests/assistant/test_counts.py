import pytest

from assistant.counts import other_counts
from assistant.support import judge


@pytest.mark.parametrize(
    ("statement", "evidence", "others"),
    [
        ("BERT has two objectives.", "BERT has three objectives.", ["2 objectives"]),
        ("BERT has two objectives.", "BERT has 3 objectives.", ["2 objectives"]),
        ("2 training goals", "three main training goals", ["2 training goals"]),
        ("训练分两个阶段。", "训练一般分三个阶段：先预训练。", ["2 个阶段"]),
        ("它有三种预训练目标。", "它有两种预训练目标。", ["3 种预训练目标"]),
        ("编码器有 12 层。", "编码器有六层。", ["12 层"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_same_noun_with_another_number_is_told(
    statement: str, evidence: str, others: list[str]
) -> None:
    assert other_counts(statement, evidence) == others


@pytest.mark.parametrize(
    ("statement", "evidence"),
    [
        ("BERT has 2 objectives.", "BERT has two objectives."),
        ("分 2 个阶段。", "分两个阶段。"),
        ("two objectives", "two objectives, then three objectives"),
        ("the first two layers", "twelve layers"),
        ("前两层", "共十二层"),
        ("Llama 2 models are open.", "five models"),
        ("Module 2 covers them.", "three covers"),
        ("twelve layers", "six encoder layers and six decoder layers"),
        ("one objective", "two objectives"),
        ("一个目标", "两个目标"),
        ("two objectives", "三个目标"),
        ("2 is less", "3 less"),
        ("four times as many", "10 times"),
    ],
    ids=lambda value: value,
)
def test_same_counts_and_other_nouns_say_nothing(statement: str, evidence: str) -> None:
    assert other_counts(statement, evidence) == []


@pytest.mark.parametrize(
    ("statement", "sentence", "count"),
    [
        ("BERT is trained with three objectives.", "BERT is trained with two objectives.", "3 obj"),
        ("这种训练一般分两个阶段。", "这种训练一般分三个阶段。", "2 个阶段"),
    ],
)
def test_other_count_sinks_a_statement(statement: str, sentence: str, count: str) -> None:
    support = judge(statement, [sentence], [0.9])

    assert count in support.reason
    assert support.probability < 0.6 < judge(sentence, [sentence], [0.9]).probability
