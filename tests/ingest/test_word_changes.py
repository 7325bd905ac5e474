from hypothesis import given
from hypothesis import strategies as st

from ingest.word_changes import WordChange, word_changes

texts = st.text("ab c。铜板重四吨,9\n", max_size=40)


def test_words_change_as_wholes_and_chinese_by_characters() -> None:
    assert word_changes("It turns in 9 minutes.", "It turns in 11 minutes.") == (
        WordChange("same", "It turns in "),
        WordChange("removed", "9"),
        WordChange("added", "11"),
        WordChange("same", " minutes."),
    )
    assert word_changes("圆顶重四吨。", "圆顶重五吨。") == (
        WordChange("same", "圆顶重"),
        WordChange("removed", "四"),
        WordChange("added", "五"),
        WordChange("same", "吨。"),
    )


def test_nothing_and_everything() -> None:
    assert word_changes("", "") == ()
    assert word_changes("", "a b") == (WordChange("added", "a b"),)
    assert word_changes("a", "a") == (WordChange("same", "a"),)


@given(before=texts, after=texts)
def test_the_stretches_add_up_to_both_texts(before: str, after: str) -> None:
    stretches = word_changes(before, after)
    assert "".join(each.text for each in stretches if each.op != "added") == before
    assert "".join(each.text for each in stretches if each.op != "removed") == after
