import pytest

from assistant.near_misses import is_about, speaks_of_all_compared
from tests.assistant.samples import passage

SUBJECTS = (("AWQ",), ("GPTQ",))


@pytest.mark.parametrize(
    ("texts", "speaks"),
    [
        (["GPTQ 逐层量化。"], False),
        (["GPTQ 逐层量化。", "AWQ 保护重要的权重。"], True),
        (["AWQ 与 GPTQ 都是量化方法。"], True),
    ],
)
def test_all_that_is_compared_must_be_spoken_of(texts: list[str], speaks: bool) -> None:
    passages = [passage(text) for text in texts]
    assert speaks_of_all_compared(passages, "AWQ 跟 GPTQ 哪个更准？", SUBJECTS) is speaks


def test_question_that_compares_nothing_needs_one_of_them() -> None:
    found = passage("GPTQ quantises layer by layer.")
    assert speaks_of_all_compared([found], "How do AWQ and GPTQ work?", SUBJECTS)
    assert is_about(found, SUBJECTS)
    assert not is_about(passage("A queue is first in, first out."), SUBJECTS)
