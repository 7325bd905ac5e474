import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ConfigError, StudyError
from evals.judges.nli import (
    CrossEncoderNli,
    FloatArray,
    NliJudge,
    entailment_label,
    softmax,
    windows,
)


class Overlap:
    """Entails by the share of the hypothesis's letters in the premise; keeps the premises."""

    def __init__(self) -> None:
        self.premises: list[str] = []

    def entailment(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        self.premises += [premise for premise, _ in pairs]
        return np.array([float(hypothesis in premise) for premise, hypothesis in pairs])


def test_the_best_window_counts() -> None:
    model = Overlap()
    judge = NliJudge("some/model", model=model, window_tokens=8)
    assert judge.name == "nli:some/model"
    passage = "Dogs can bark loudly. Cats can purr softly. Fish can swim deeply."
    assert judge.judge("Cats can purr softly.", [passage]).probability == 1
    assert len(model.premises) == 3
    assert judge.judge("Fish can purr.", [passage]).probability == 0


def test_without_a_passage_the_model_is_not_asked() -> None:
    assert NliJudge("x", model=Overlap()).judge("Dogs bark.", []).probability == 0


def test_windows_are_whole_sentences_that_overlap_by_half() -> None:
    text = "一二三四。五六七八。九十零一。二三四五。"  # five tokens each by estimate
    assert windows([text], max_tokens=10) == [
        "一二三四。五六七八。",
        "五六七八。九十零一。",
        "九十零一。二三四五。",
    ]


def test_a_short_passage_is_one_window_and_several_are_also_joined() -> None:
    assert windows(["One."], max_tokens=100) == ["One."]
    assert windows(["One.", "Two."], max_tokens=100) == ["One.", "Two.", "One.\nTwo."]
    assert windows(["One.", "One."], max_tokens=3) == ["One."]


def test_a_long_sentence_is_a_window_of_its_own() -> None:
    assert windows(["很长很长很长很长的一句话。短句。"], max_tokens=3) == [
        "很长很长很长很长的一句话。",
        "短句。",
    ]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({0: "contradiction", 1: "entailment", 2: "neutral"}, 1),
        ({0: "ENTAILMENT", 1: "not_entailment"}, 0),
        ({0: "not_entailment", 1: "entailment"}, 1),
        ({0: "LABEL_0"}, None),
    ],
)
def test_the_label_comes_from_the_config(labels: dict[int, str], expected: int | None) -> None:
    assert entailment_label(labels, "m") == expected


def test_a_model_that_is_no_nli_model_is_refused() -> None:
    with pytest.raises(StudyError, match="LABEL_0, LABEL_1"):
        entailment_label({0: "LABEL_0", 1: "LABEL_1"}, "m")


def test_softmax_bears_large_scores() -> None:
    assert softmax(np.array([[1000.0, 1000.0], [0.0, np.log(3.0)]])) == pytest.approx(
        np.array([[0.5, 0.5], [0.25, 0.75]])
    )


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is not None, reason="the extra is installed"
)
def test_a_missing_extra_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        NliJudge("some/model")
    assert "neural" in caught.value.hint


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_cross_encoder_is_read_by_its_labels(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    labels = ["contradiction", "entailment", "neutral"]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dogs", "cats", "bark", "."]
    (tmp_path / "vocab.txt").write_text("\n".join(words), "utf-8")
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    BertForSequenceClassification(config).save_pretrained(tmp_path)  # random weights will do

    pairs = [("dogs bark.", "cats bark."), ("dogs", "dogs")]
    expected = CrossEncoder(str(tmp_path)).predict(pairs, apply_softmax=True)[:, 1]
    assert CrossEncoderNli(str(tmp_path)).entailment(pairs) == pytest.approx(expected, rel=1e-5)
    verdict = NliJudge(str(tmp_path)).judge("cats bark.", ["dogs bark."])
    assert verdict.probability == pytest.approx(float(expected[0]), rel=1e-5)
