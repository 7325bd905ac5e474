import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.citations import (
    GOES_ON,
    CheckedReply,
    Evidence,
    check_reply,
    is_claim,
    says_not_in_materials,
)
from assistant.language import content_words, split_sentences
from assistant.prompts import NOT_IN_MATERIALS
from assistant.records import Passage
from assistant.support import Support
from tests.assistant.samples import EN_CAT, EN_DOG, ZH_CAT, passage

PASSAGES = [passage(EN_CAT), passage(EN_DOG), passage(ZH_CAT)]


def weigh(statement: str, against: Passage) -> Evidence:
    """Return the share of the statement's words that the passage's nearest sentence holds."""
    words = set(content_words(statement))
    spans = split_sentences(against.text)
    shares = [len(words & set(content_words(span.text))) / max(len(words), 1) for span in spans]
    nearest = max(range(len(spans)), key=lambda number: shares[number])
    reason = "" if shares[nearest] > 0.6 else "other words"
    return Evidence(
        Support(shares[nearest], reason, nearest), spans[nearest].start, spans[nearest].end
    )


def check(reply: str) -> CheckedReply:
    return check_reply(reply, PASSAGES, weigh, min_support=0.6)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("A cat sleeps all day [1].", "A cat sleeps all day [1]."),
        ("A cat sleeps all day. [1]", "A cat sleeps all day [1]."),
        ("A cat sleeps all day.[1]", "A cat sleeps all day [1]."),
        ("猫整天睡觉。[3]它们会打呼噜。[3]", "猫整天睡觉[3]。它们会打呼噜[3]。"),
        ("猫整天睡觉【3】。", "猫整天睡觉[3]。"),
        ("猫整天睡觉。【3】它们会打呼噜。", "猫整天睡觉[3]。它们会打呼噜[3]。"),
        ("A cat sleeps all day [1][1].", "A cat sleeps all day [1]."),
        ("A cat sleeps [1, 3] all day.", "A cat sleeps all day [1]."),
        ("A cat sleeps all day [1-3].", "A cat sleeps all day [1]."),
        ("A cat sleeps all day.\n[1]\nA dog barks.", "A cat sleeps all day [1].\nA dog barks [2]."),
        ("A cat sleeps all day.\n\n[1]", "A cat sleeps all day [1]."),
        ("A cat sleeps all day", "A cat sleeps all day [1]"),
        ("“猫整天睡觉。”", "“猫整天睡觉[3]。”"),
        ("**A cat sleeps all day.**", "**A cat sleeps all day [1].**"),
        ("- A cat sleeps.\n- A dog barks.", "- A cat sleeps [1].\n- A dog barks [2]."),
        ("1. A cat sleeps all day.", "1. A cat sleeps all day [1]."),
    ],
    ids=(
        "before after attached zh full-width full-width-after twice list range own-line "
        "own-paragraph none quotes bold bullets numbered"
    ).split(),
)  # fmt: skip
def test_markers_end_up_before_the_end_punctuation(reply: str, text: str) -> None:
    checked = check(reply)

    assert checked.text == text
    assert checked.dropped_markers == ()
    assert all(sentence.supported for sentence in checked.sentences)


def test_marker_never_given_is_dropped_and_reported() -> None:
    checked = check("A cat sleeps all day [7]. A dog barks [2][12].")

    assert checked.text == "A cat sleeps all day [1]. A dog barks [2]."
    assert checked.dropped_markers == (7, 12)


def test_marker_never_given_is_dropped_also_on_a_line_of_its_own() -> None:
    checked = check("A cat sleeps all day.\n[9]\nA dog barks.")

    assert checked.text == "A cat sleeps all day [1].\nA dog barks [2]."
    assert checked.dropped_markers == (9,)


def test_sentence_without_marker_gets_that_of_the_passage_that_says_it() -> None:
    (sentence,) = check("It wags its tail.").sentences

    assert (sentence.citations, sentence.supported) == ((2,), True)


def test_wrong_marker_is_mended() -> None:
    checked = check("A dog barks at the moon [1].")

    assert checked.text == "A dog barks at the moon [2]."
    assert [citation.number for citation in checked.citations] == [2]
    assert checked.dropped_markers == ()


def test_weakly_supporting_passage_gives_way_to_a_clearly_better_one() -> None:
    half = passage("A cat sleeps in a box.", "half")
    whole = passage("A cat sleeps on the window sill all day.", "whole")

    checked = check_reply(
        "A cat sleeps on a window sill [1].", [half, whole], weigh, min_support=0.4
    )

    assert checked.text == "A cat sleeps on a window sill [2]."
    assert [citation.passage for citation in checked.citations] == [whole]


def test_right_marker_stays_and_a_wrong_one_beside_it_goes() -> None:
    assert check("A dog barks at the moon [1][2].").text == "A dog barks at the moon [2]."


def test_unsupported_sentence_stays_unmarked_and_says_why() -> None:
    checked = check("A cat sleeps all day [1]. Quantum fish compose operas [1].")

    assert checked.text == "A cat sleeps all day [1]. Quantum fish compose operas."
    assert [sentence.supported for sentence in checked.sentences] == [True, False]
    assert checked.sentences[1].reason == "other words"
    assert checked.sentences[1].citations == ()
    assert checked.sentences[1].support < 0.6


@pytest.mark.parametrize(
    "reply",
    ["Quantum fish compose operas. They sleep all day [1].", "量子鱼写歌剧。它们整天睡觉[3]。"],
    ids=["en", "zh"],
)
def test_what_goes_on_from_an_unsupported_sentence_is_not_supported_either(reply: str) -> None:
    checked = check(reply)

    assert [sentence.supported for sentence in checked.sentences] == [False, False]
    assert checked.sentences[1].reason == GOES_ON
    assert checked.citations == ()
    assert "[" not in checked.text


def test_two_sentences_on_one_passage_make_one_citation_with_two_spans() -> None:
    (citation,) = check("A cat sleeps all day [1]. It purrs when happy [1].").citations

    assert citation.quote == "A cat sleeps on the window sill all day."
    assert [EN_CAT[start:end] for start, end in citation.further_spans] == [
        "When it is happy it purrs."
    ]


def test_quote_stands_in_the_passage_at_the_given_span() -> None:
    checked = check("它们高兴的时候会打呼噜[3]。A dog barks [2].")

    for citation in checked.citations:
        assert citation.passage == PASSAGES[citation.number - 1]
        assert citation.passage.text[citation.start_char : citation.end_char] == citation.quote
    assert [citation.quote for citation in checked.citations] == [
        "A dog barks at the moon during the night.",
        "它们高兴的时候会打呼噜。",
    ]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("A cat sleeps all day. NOT_IN_MATERIALS", "A cat sleeps all day [1]."),
        ("猫整天睡觉。NOT_IN_MATERIALS。", "猫整天睡觉[3]。"),
        ("NOT_IN_MATERIALS\nA cat sleeps all day.", "A cat sleeps all day [1]."),
        ("猫整天NOT_IN_MATERIALS睡觉。", "猫整天睡觉[3]。"),
        ("NOT_IN_NOT_IN_MATERIALSMATERIALS", ""),
    ],
    ids=["end", "end-zh", "start", "middle", "nested"],
)
def test_refusal_token_is_never_left_in_the_text(reply: str, text: str) -> None:
    assert check(reply).text == text


@pytest.mark.parametrize(
    "reply",
    [
        "NOT_IN_MATERIALS",
        " NOT_IN_MATERIALS.\n",
        "**NOT_IN_MATERIALS**",
        "`NOT_IN_MATERIALS`[1]。",
        "Not in materials.",
        "NOT\\_IN\\_MATERIALS",
        "NOT_IN_MATERIALS The passages are about cats.",
        "[1]",
        "",
        " \n",
    ],
    ids=repr,
)
def test_refusal_is_recognised(reply: str) -> None:
    assert says_not_in_materials(reply)


@pytest.mark.parametrize("reply", ["42", "It is not in materials science.", "猫。", "NO"], ids=repr)
def test_short_answers_are_no_refusals(reply: str) -> None:
    assert not says_not_in_materials(reply)


def test_code_block_is_kept_whole_with_its_marker_below() -> None:
    code = "```python\ncat = sleeps[1]  # all day. Window sill.\n```"

    checked = check(f"A cat sleeps all day:\n\n{code}\n\nA dog barks.")

    assert checked.text == f"A cat sleeps all day:\n\n{code}\n[1]\n\n\nA dog barks [2]."
    assert checked.dropped_markers == ()
    assert checked.sentences[1].text == code


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("```\ndog barks\n``` [2]\nA dog barks.", "```\ndog barks\n```\n[2]\n\nA dog barks [2]."),
        ("```\ndog barks[9]", "```\ndog barks[9]\n```\n[2]"),
        ("~~~\ndog barks. moon\n~~~", "~~~\ndog barks. moon\n~~~\n[2]"),
        ("  ```\n  dog barks\n  ```", "```\n  dog barks\n  ```\n[2]"),
    ],
    ids=["marker-behind", "cut", "tildes", "indented"],
)
def test_code_blocks_of_other_shapes(reply: str, text: str) -> None:
    checked = check(reply)

    assert checked.text == text
    assert checked.dropped_markers == ()


@pytest.mark.parametrize("inline", ["`barks[0]. x`", "``a`[1]``", "$x[1]. y$", "\\(x[9]\\)"])
def test_inline_code_and_formulas_are_left_alone(inline: str) -> None:
    checked = check(f"A dog barks {inline} at night [2].")

    assert [sentence.text for sentence in checked.sentences] == [f"A dog barks {inline} at night."]
    assert checked.dropped_markers == ()


def test_display_formula_keeps_both_its_ends() -> None:
    reply = "A cat sleeps all day:\n$$\ny = softmax(x[1]).\n$$\nA dog barks.\n$$\nz\n$$"

    text = check(reply).text

    assert text.count("$$") == 4
    assert "y = softmax(x[1])." in text


def test_that_the_materials_say_nothing_needs_no_support() -> None:
    checked = check("A cat sleeps all day. The materials don't say why.")

    assert [(each.is_claim, each.supported) for each in checked.sentences] == [
        (True, True),
        (False, True),
    ]


def test_signs_at_the_end_are_kept() -> None:
    assert check("A cat sleeps all day.\n\n---").text == "A cat sleeps all day [1].\n\n---"


def test_table_keeps_its_shape_and_its_head_claims_nothing() -> None:
    table = "| Animal | Habit |\n|:---|---|\n| A cat | sleeps all day. |\n| A dog | barks |"

    checked = check(f"{table}\n\nA dog barks.")

    assert checked.text == (
        "| Animal | Habit |\n|:---|---|\n"
        "| A cat | sleeps all day [1]. |\n| A dog | barks [2] |\n\nA dog barks [2]."
    )
    assert [sentence.is_claim for sentence in checked.sentences] == [False, True, True, True]


@pytest.mark.parametrize(
    "text",
    [
        "# Cats and dogs", "For example:", "例如：", "**优点：**", "Why?", "猫为什么睡觉？", "——",
        "No.", "**Yes.**", "不是。", "是的。", "The materials don't say.", "材料中没有说明这一点。",
        "No, the materials don't say.",
    ],
    ids=repr,
)  # fmt: skip
def test_what_asserts_nothing_is_no_claim(text: str) -> None:
    assert not is_claim(text)


@pytest.mark.parametrize(
    "text",
    [
        "A cat sleeps.",
        "猫睡觉。",
        "- Cats",
        "- **Cats**: they sleep",
        "No, cats sleep.",
        "不，猫睡觉。",
    ],
)
def test_statements_are_claims(text: str) -> None:
    assert is_claim(text)


def test_interval_is_no_marker() -> None:
    checked = check("A cat sleeps all day in [0, 1].")

    assert "[0, 1]" in checked.text
    assert checked.dropped_markers == ()


def test_no_passages_leave_everything_unsupported() -> None:
    checked = check_reply("A cat sleeps [1].", [], weigh, min_support=0.6)

    assert checked.text == "A cat sleeps."
    assert checked.dropped_markers == (1,)
    assert not checked.sentences[0].supported


PROSE = [
    *"[1] [2] [3] [9] [1][2] [1,2] [1-3] 【1】 [0] [ ] 1 。 . ， ! “ ” ** # - | :".split(),
    *["A cat sleeps all day", "猫整天睡觉", "A dog barks", "Quantum fish", "e.g. ", "et al. "],
    *[" ", "\n", "\n\n", "|---|", "- ", "1. ", NOT_IN_MATERIALS, "NOT_IN_", "MATERIALS"],
]
MARKUP = [*PROSE, "```", "\n```\n", "~~~", "`", "$", "$$", "\\[", "\\]", "\\", "\ue000"]


def replies(fragments: list[str]) -> st.SearchStrategy[str]:
    pieces = st.sampled_from(fragments) | st.text(max_size=5)
    return st.lists(pieces, max_size=25).map("".join)


@settings(max_examples=80, deadline=None)
@given(replies(MARKUP))
@example("[[1]1] a [1[2]]")
@example("```\n[1]")
def test_any_reply_gives_true_citations(reply: str) -> None:
    checked = check(reply)

    numbers = {citation.number for citation in checked.citations}
    for citation in checked.citations:
        assert citation.passage.text[citation.start_char : citation.end_char] == citation.quote
        assert citation.quote
    for sentence in checked.sentences:
        assert set(sentence.citations) <= numbers
        assert bool(sentence.citations) <= sentence.supported
    assert NOT_IN_MATERIALS not in checked.text


@settings(max_examples=80, deadline=None)
@given(replies(PROSE).filter(lambda reply: not set("`~$\\") & set(reply)))
@example("[[1]1] a [1[2]]")
def test_every_number_in_the_text_is_a_citation(reply: str) -> None:
    checked = check(reply)

    numbers = {citation.number for citation in checked.citations}
    assert {int(n) for n in re.findall(r"\[([1-9]\d{0,2})\]", checked.text)} <= numbers


@settings(max_examples=80, deadline=None)
@given(replies(MARKUP))
def test_no_words_get_lost_or_change_their_order(reply: str) -> None:
    while NOT_IN_MATERIALS in reply:
        reply = reply.replace(NOT_IN_MATERIALS, "")
    letters = re.compile(r"[^\W\d_]")

    assert letters.findall(check(reply).text) == letters.findall(reply)


def test_pronoun_stands_for_the_subject_of_the_sentence_before() -> None:
    seen: list[str] = []

    def listen(statement: str, against: Passage) -> Evidence:
        seen.append(statement)
        return weigh(statement, against)

    check_reply(
        "LoRA freezes weights [1]. It shares out a budget [1]. 它很小[1]。",
        PASSAGES[:1],
        listen,
        min_support=0.6,
    )

    assert list(dict.fromkeys(seen)) == [
        "LoRA freezes weights.",
        "LoRA shares out a budget.",
        "LoRA很小。",
    ]
