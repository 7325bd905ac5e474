"""Given answers scored by a judge that counts shared words."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.language import content_words
from evals.given_answers import GivenAnswer, RowsUnreadable, load_answers, score_answer
from evals.records import Verdict


class WordJudge:
    """The share of the statement's words that the passages hold."""

    name = "words"
    threshold = 0.6

    def judge(self, statement: str, passages: Sequence[str], *, question: str = "") -> Verdict:
        words = set(content_words(statement))
        return Verdict(probability=len(words & set(content_words(" ".join(passages)))) / len(words))


def test_answer_is_as_supported_as_its_least_supported_sentence() -> None:
    given = GivenAnswer(
        id=7, passages=("A cat purrs. It sleeps.",), answer="A cat purrs [1]. Dogs bark loudly."
    )

    score = score_answer(given, WordJudge())

    assert [(each.text, each.support) for each in score.sentences] == [
        ("A cat purrs.", 1.0),
        ("Dogs bark loudly.", 0.0),
    ]
    assert (score.id, score.support, score.mean_support, score.supported) == (7, 0.0, 0.5, False)


@pytest.mark.parametrize(
    "answer", ["NOT_IN_MATERIALS", "For example:", "", "材料中没有说明这一点。"]
)
def test_without_a_claim_there_is_nothing_to_support(answer: str) -> None:
    score = score_answer(GivenAnswer(passages=("A cat.",), answer=answer), WordJudge())

    assert (score.n_claims, score.support, score.supported) == (0, 1.0, True)


def test_passages_may_be_one_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a", "passages": "A cat.", "answer": "A cat."}\n', encoding="utf-8")

    (given,) = load_answers(path)

    assert given.passages == ("A cat.",)


@pytest.mark.parametrize("line", ["{}", "[]", "no", '{"answer": "x"}', ""])
def test_other_lines_are_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(line, encoding="utf-8")

    with pytest.raises(RowsUnreadable):
        load_answers(path)
