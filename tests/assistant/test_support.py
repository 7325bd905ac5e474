from math import exp

import pytest

from assistant.support import (
    Support,
    exchanged_subject,
    is_negated,
    judge,
    missing_names,
    names,
    other_subject,
    says_the_opposite,
)


def probability(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BERT是一种模型", ["BERT"]),
        ("GPT-3有1750亿参数", ["GPT-3"]),
        ("我们用LoRA微调Llama2模型", ["LoRA", "Llama2"]),
        ("The model is GPT-3.", ["GPT-3"]),
        ("It is called BM25, from 1994", ["BM25"]),
        ("We used the Adam optimizer", ["Adam"]),
        ("AdaLoRA and DoRA adapt LoRA", ["AdaLoRA", "DoRA"]),
        ("Words are counted here", []),
        ("没有名字", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("statement", "evidence", "missing"),
    [
        ("The model is GPT-3.", "GPT 3 is a model", []),
        ("The model is GPT3.", "GPT-3 is a model", []),
        ("我们用Llama2模型", "Llama 2 的权重", []),
        ("it uses Qwen2.5", "Qwen 2.5 is used", []),
        ("It is GPT-4", "GPT-3 and GPT-40", ["GPT-4"]),
        ("It uses LoRA", "AdaLoRA", ["LoRA"]),
        ("free Cloud VoIP here", "Cloud VoIP", []),
        ("a 9x13 dish", "a dish", []),
        ("LLMs write text", "an LLM writes", []),
        ("we used the Transformer", "a transformer block", []),
        ("BERT是双向的", "bert 是双向的", []),
        ("它使用RoBERTa编码", "它使用BERT编码", ["RoBERTa"]),
        ("It builds on RoBERTa", "It builds on BERT", ["RoBERTa"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names_that_the_evidence_lacks(statement: str, evidence: str, missing: list[str]) -> None:
    assert missing_names(statement, evidence) == missing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It does not work.", True),
        ("It doesn't work.", True),
        ("It doesn’t work.", True),
        ("It never fails.", False),
        ("It works.", False),
        ("Notably, nothing changed.", False),
        ("它不需要训练。", True),
        ("它没有偏置。", True),
        ("它未经训练。", True),
        ("并非没有代价。", False),
        ("不同的模型不仅更大。", False),
        ("未来的模型", False),
        ("No, it works.", False),
        ("No, it does not work.", True),
        ("不，它需要训练。", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_odd_number_of_negations_negates(text: str, expected: bool) -> None:
    assert is_negated(text) is expected


@pytest.mark.parametrize(
    ("statement", "sentence", "expected"),
    [
        ("A high temperature makes output more varied.", "It makes output less varied.", True),
        ("温度越低，输出的变化更多。", "温度越低，输出的变化更少。", True),
        ("A larger batch is faster.", "A larger batch is slower.", True),
        ("It rises before noon.", "It rises before noon and falls after it.", False),
        ("More data means less noise.", "Less noise comes with more data.", False),
    ],
)
def test_opposites_are_told(statement: str, sentence: str, expected: bool) -> None:
    assert says_the_opposite(statement, sentence) is expected
    assert says_the_opposite(sentence, statement) is expected


def test_probability_worked_by_hand() -> None:
    # Of cat, chase and dog the first sentence holds all three: 1 of passage and of sentence.
    # -1.9 + 0.5 * 1 + 3.6 * 1 + 1.0 * (0.65 - 0.65) = 2.2
    support = judge("Cats chase dogs.", ["A cat chases a dog.", "Birds sing."], [0.65, 0.1])

    assert support.probability == pytest.approx(probability(2.2))
    assert (support.reason, support.nearest) == ("", 0)


def test_half_of_the_words_is_worth_less() -> None:
    # The nearest sentence holds 2 of 3 words, the passage with its heading all 3.
    # -1.9 + 0.5 * 1 + 3.6 * 2 / 3 + (0.45 - 0.65) = 0.8
    support = judge(
        "Cats chase dogs.", ["Birds sing.", "It chases a dog."], [0.1, 0.45], context="Cat"
    )

    assert support.probability == pytest.approx(probability(0.8))
    assert (support.reason, support.nearest) == ("", 1)


def test_missing_number_multiplies_the_odds_down_and_is_named() -> None:
    # 3 of 4 words: -1.9 + 0.5 * 0.75 + 3.6 * 0.75 = 1.175; then the odds times 0.06.
    support = judge("Cats chase 5 dogs.", ["A cat chases a dog."], [0.65])
    odds = exp(1.175) * 0.06

    assert support.probability == pytest.approx(odds / (1 + odds))
    assert (support.reason, support.nearest) == ("5 is not in the passage", 0)


@pytest.mark.parametrize(
    ("statement", "sentence", "reason"),
    [
        ("The dog XK9 barks at the moon by night.", "A dog barks at the moon by night.", "XK9"),
        ("狗XK9在夜里对着月亮大声叫。", "狗在夜里对着月亮大声叫。", "XK9"),
        ("The cat does not sleep all day.", "The cat sleeps all day.", "the opposite"),
        ("猫整天都不睡觉。", "猫整天都睡觉。", "the opposite"),
        ("猫睡 15 小时。", "猫睡 16 小时。", "15 is not in the passage"),
    ],
    ids=["name-en", "name-zh", "negation-en", "negation-zh", "number-zh"],
)
def test_what_speaks_against_a_statement_is_said(
    statement: str, sentence: str, reason: str
) -> None:
    against = judge(statement, [sentence], [0.65])
    plain = judge(sentence, [sentence], [0.65])

    assert reason in against.reason
    assert plain.reason == ""
    assert against.probability < 0.6 < plain.probability


def test_numbers_and_names_of_the_question_may_be_repeated() -> None:
    sentences, cosines = ["A cat sleeps for most of the day."], [0.65]

    alone = judge("Cat XK9 sleeps most of 24 hours.", sentences, cosines)
    asked = judge(
        "Cat XK9 sleeps most of 24 hours.",
        sentences,
        cosines,
        question="How does XK9 spend 24 hours?",
    )

    assert "XK9" in alone.reason
    assert "24" in alone.reason
    assert asked.reason == ""


@pytest.mark.parametrize(
    ("cosine", "log_odds"),
    # The share of words is (cosine - 0.2) / 0.5, from 0 to 1, for passage and sentence alike.
    [(0.9, -1.9 + 4.1 + 0.25), (0.45, -1.9 + 4.1 * 0.5 - 0.2), (0.1, -1.9 - 0.55)],
    ids=["near", "middle", "far"],
)
def test_across_languages_the_cosine_speaks_alone(cosine: float, log_odds: float) -> None:
    sentences = ["A cat sleeps on the sill all day.", "Birds sing in the morning light."]
    support = judge("猫整天在窗台上睡觉。", sentences, [cosine, -0.3])

    assert support.probability == pytest.approx(probability(log_odds))
    assert (support.reason, support.nearest) == ("", 0)


def test_scale_words_hold_across_languages() -> None:
    sentences = ["GPT-3 has 175 billion parameters."]

    assert judge("GPT-3 有 1750 亿个参数。", sentences, [0.9]).reason == ""
    assert "1650 亿" in judge("GPT-3 有 1650 亿个参数。", sentences, [0.9]).reason


def test_a_statement_without_words_claims_nothing() -> None:
    assert judge("——", ["A cat sleeps."], [0.0]) == Support(1.0)


@pytest.mark.parametrize(
    ("statement", "sentence", "others"),
    [
        ("BERT was trained on books.", "We know that GPT was trained on books.", ["GPT"]),
        ("BERT是双向的编码器。", "GPT是双向的编码器。", ["GPT"]),
        ("BERT was trained on books.", "BERT and GPT were trained on books.", []),
        ("It was trained on books.", "GPT was trained on books.", []),
        ("BERT was trained on books.", "It was trained on books.", []),
    ],
    ids=["en", "zh", "both", "no-name", "no-other"],
)
def test_sentence_about_another_is_told(statement: str, sentence: str, others: list[str]) -> None:
    reason = judge(statement, [sentence], [0.65]).reason

    assert ("says it of" in reason) == bool(others)
    assert all(other in reason for other in others)


def test_subject_of_the_passage_may_not_be_exchanged_for_a_name_it_also_holds() -> None:
    sentence = "AdaLoRA is a form of LoRA that shares out a rank budget by importance."
    statement = "LoRA is a form of LoRA that shares out a rank budget by importance."

    assert other_subject(statement, sentence) == ["AdaLoRA"]
    assert other_subject(sentence, sentence) == []


@pytest.mark.parametrize(
    ("statement", "passage", "others"),
    [
        ("GPT fills in masked tokens.", "GPT predicts tokens, and BERT fills in masks.", ["bert"]),
        ("LoRA 把 $A$ 初始化为零。", "LoRA 把 $A$ 初始化为随机数，把 $B$ 初始化为零。", ["b"]),
        ("LoRA 的训练从原模型开始。", "LoRA 把 $B$ 初始化为零，所以训练恰好从原模型开始。", []),
        ("BERT fills in masks.", "GPT predicts tokens, and BERT fills in masks.", []),
        ("BERT is trained on books.", "BERT (see GPT) is trained on many books.", []),
    ],
    ids=["names", "symbols", "carried", "right", "brackets"],
)
def test_clause_is_held_against_the_clause_that_says_it(
    statement: str, passage: str, others: list[str]
) -> None:
    assert exchanged_subject(statement, [passage]) == others


def test_two_negated_clauses_turn_two_plain_ones_round() -> None:
    sentence = "BLEU depends on tokens, so a report must name its settings."

    against = judge(
        "BLEU does not depend on tokens, so a report need not name its settings.", [sentence], [0.7]
    )

    assert "the opposite" in against.reason


@pytest.mark.parametrize(
    ("statement", "passage", "question"),
    [
        ("Llama 3 405B has 80 layers.", "Llama 3 70B has 80 layers.", "Layers of Llama 3 405B?"),
        ("GPT-3 有 1.75 万亿参数。", "GPT-3 有 1750 亿参数。", "GPT-3 有 1.75 万亿参数，对吗？"),
    ],
)
def test_sizes_of_the_question_must_be_in_the_passage(
    statement: str, passage: str, question: str
) -> None:
    support = judge(statement, [passage], [0.9], question=question)

    assert "is not in the passage" in support.reason
    assert support.probability < 0.6


@pytest.mark.parametrize(
    ("lead", "sentence"),
    [
        ("No. ", "The cat sleeps all day."),
        ("No, ", "the cat sleeps all day."),
        ("Yes, ", "the cat does not sleep all day."),
        ("不是。", "猫整天都睡觉。"),
        ("不，", "猫整天都睡觉。"),
        ("是的，", "猫整天都不睡觉。"),
    ],
)
def test_lead_word_turns_nothing_round(lead: str, sentence: str) -> None:
    assert judge(lead + sentence, [sentence], [0.65]) == judge(sentence, [sentence], [0.65])
    assert judge(sentence, [sentence], [0.65]).reason == ""
