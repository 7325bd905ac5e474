import pytest

from assistant.follow_ups import MAX_EARLIER, earlier_questions, looks_like_follow_up
from assistant.records import Turn


def turns(*questions: str) -> list[Turn]:
    return [Turn(question=question, answer="…") for question in questions]


def test_follow_up_goes_on_from_the_last_question() -> None:
    history = turns("What is BM25?", "What is HNSW?")

    assert earlier_questions("Why is it fast?", history) == ("What is HNSW?",)


def test_follow_up_of_follow_ups_reaches_back_to_what_they_are_about() -> None:
    history = turns("What is BM25?", "什么是 HNSW？", "它快吗？")

    assert earlier_questions("那缺点呢？", history) == ("什么是 HNSW？", "它快吗？")


def test_reaching_back_ends() -> None:
    history = turns(*["Why is it so?"] * (MAX_EARLIER + 2))

    assert len(earlier_questions("And why?", history)) == MAX_EARLIER


def test_question_of_its_own_and_first_question_need_nothing() -> None:
    assert earlier_questions("What is BM25?", turns("What is HNSW?")) == ()
    assert earlier_questions("Why is it fast?", ()) == ()


@pytest.mark.parametrize(
    "question",
    [
        "它有什么缺点？",
        "那 BERT 呢？",
        "为什么？",
        "为什么这样做？",
        "举个例子",
        "还有哪些优点？",
        "该模型有多少参数？",
        "其优点是什么？",
        "前者和后者有什么区别？",
        "缺点？",
        "What are its drawbacks?",
        "And in practice?",
        "Why?",
        "why is that slow",
        "How does it differ from BM25?",
        "What about BERT?",
        "What are the drawbacks?",
        "More examples please",
        "参数会因此变多吗？",
        "bf16呢，也一样吗",
    ],
)
def test_follow_up_needs_the_conversation(question: str) -> None:
    assert looks_like_follow_up(question)


@pytest.mark.parametrize(
    "question",
    [
        "什么是注意力机制？",
        "什么是 BM25？",
        "BM25 是什么？",
        "为什么注意力要除以根号 d？",
        "我应该先学什么模块？",
        "其他优化器有哪些类型？",
        "因此注意力如何计算权重？",
        "What is BM25?",
        "What is an LLM?",
        "Why does attention scale with the square of the length?",
        "Does RAG need a GPU?",
        "Compare LoRA and full fine-tuning",
    ],
)
def test_question_of_its_own_needs_none(question: str) -> None:
    assert not looks_like_follow_up(question)
