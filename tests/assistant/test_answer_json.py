import json

import pytest

from assistant.answer_json import answer_from_dict, answer_to_dict, hit_to_dict
from assistant.records import Answer, Citation, Hit, Passage, Sentence

PASSAGE = Passage(
    passage_id="p1",
    source="zh/03-transformer.md",
    title="Transformer",
    heading=("Transformer", "自注意力"),
    text="自注意力很有用。它也很贵。",
    language="zh",
    kind="table",
    page=7,
    start_char=10,
    end_char=23,
    position=3,
    section=2,
    twin="03-transformer.md",
    audience="research",
)
HIT = Hit(
    passage=PASSAGE,
    score=0.5,
    dense=0.4,
    sentence=0.6,
    words=0.7,
    dense_rank=1,
    word_rank=None,
    best_sentence="它也很贵。",
)
ANSWER = Answer(
    question="它贵吗?",
    language="zh",
    text="很贵[1]。",
    abstained=False,
    mode="model",
    sentences=(
        Sentence(
            text="很贵。",
            citations=(1,),
            support=0.93,
            supported=True,
            is_claim=True,
            reason="",
        ),
        Sentence(text="例如:", is_claim=False, reason="no claim"),
    ),
    citations=(Citation(number=1, passage=PASSAGE, quote="它也很贵", start_char=8, end_char=12),),
    nearest=(HIT,),
    standalone_question="自注意力贵吗?",
    dropped_markers=(9, 9),
    stopped=True,
    notice="注意",
    model="m",
    generation="g1",
    timings_ms={"retrieval": 21.0, "total": 2900.5},
)


def test_public_form_has_the_promised_fields_and_no_more() -> None:
    values = answer_to_dict(ANSWER)
    assert list(values) == [
        "question",
        "language",
        "answer",
        "abstained",
        "mode",
        "sentences",
        "citations",
        "nearest",
        "dropped_markers",
        "stopped",
        "notice",
        "model",
        "generation",
        "timings_ms",
    ]
    assert values["answer"] == "很贵[1]。"
    assert values["sentences"][0] == {
        "text": "很贵。",
        "citations": [1],
        "support": 0.93,
        "supported": True,
    }
    assert values["citations"] == [
        {
            "number": 1,
            "passage_id": "p1",
            "source": "zh/03-transformer.md",
            "title": "Transformer",
            "heading": ["Transformer", "自注意力"],
            "page": 7,
            "quote": "它也很贵",
            "start_char": 8,
            "end_char": 12,
        }
    ]


def test_hit_has_the_fields_of_a_search() -> None:
    assert hit_to_dict(HIT) == {
        "passage_id": "p1",
        "source": "zh/03-transformer.md",
        "heading": ["Transformer", "自注意力"],
        "page": 7,
        "text": "自注意力很有用。它也很贵。",
        "score": 0.5,
        "dense_rank": 1,
        "word_rank": None,
    }


def test_stored_answer_comes_back_equal_through_json() -> None:
    stored = json.loads(json.dumps(answer_to_dict(ANSWER, stored=True)))
    assert answer_from_dict(stored) == ANSWER


def test_answer_with_nothing_in_it_comes_back_equal() -> None:
    bare = Answer(question="q", language="en", text="", abstained=True, mode="refusal")
    assert answer_from_dict(answer_to_dict(bare, stored=True)) == bare


def test_public_form_can_not_be_read_back() -> None:
    with pytest.raises(ValueError, match=r"is_claim"):
        answer_from_dict(answer_to_dict(ANSWER))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("question", 7),
        ("language", "fr"),
        ("mode", "guess"),
        ("abstained", "yes"),
        ("sentences", {"text": "x"}),
        ("citations", ["x"]),
        ("dropped_markers", [True]),
        ("timings_ms", {"total": "long"}),
        ("nearest", None),
    ],
)
def test_field_of_the_wrong_type_is_named(name: str, value: object) -> None:
    stored = answer_to_dict(ANSWER, stored=True) | {name: value}
    with pytest.raises(ValueError, match=name if name != "timings_ms" else "total"):
        answer_from_dict(stored)


def test_citation_without_its_passage_is_refused() -> None:
    stored = answer_to_dict(ANSWER, stored=True)
    del stored["citations"][0]["passage"]
    with pytest.raises(ValueError, match="passage"):
        answer_from_dict(stored)
