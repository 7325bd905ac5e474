from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.centring import Centres
from assistant.errors import IndexMissing
from assistant.glossary import Glossary, Term
from assistant.index import LiveIndex
from assistant.records import EVERYONE, Language, Passage
from assistant.retrieval import FloatArray, Reranker, Retriever
from tests.assistant.samples import EN_CAT, EN_DOG, ZH_CAT, ZH_DOG, build, embedder, passage
from tests.fakes import FakeEmbedder

VETS = frozenset({"all", "vets"})
SECRET = "The cat Zephyr purrs, purrs and purrs in its sleep."
PASSAGES = [
    *[passage(text) for text in (ZH_CAT, EN_CAT, ZH_DOG, EN_DOG)],
    passage(SECRET, audience="vets"),
]


def retriever(
    home: Path,
    *,
    by: FakeEmbedder | None = None,
    glossary: Glossary | None = None,
    fold_twins: bool = True,
    reranker: Reranker | None = None,
) -> Retriever:
    by = by or embedder()
    return Retriever(
        live_index=LiveIndex(home, fingerprint=by.fingerprint),
        embedder=by,
        glossary=glossary or Glossary(),
        fold_twins=fold_twins,
        reranker=reranker,
    )


def over(home: Path, passages: Sequence[Passage], **options: object) -> Retriever:
    """Return a retriever over a new generation of `passages`."""
    build(home, passages, options.get("by"))  # type: ignore[arg-type]
    return retriever(home, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return over(tmp_path_factory.mktemp("home"), PASSAGES)


def found(retriever: Retriever, question: str, **options: object) -> list[str]:
    options.setdefault("top_k", 9)
    return [hit.passage.text for hit in retriever.search(question, **options).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Why does a cat purr?", EN_CAT),
        ("猫为什么打呼噜？", ZH_CAT),
        ("狗什么时候叫？", ZH_DOG),
        ("When does a dog bark?", EN_DOG),
    ],
)
def test_nearest_passage_comes_first(pets: Retriever, question: str, first: str) -> None:
    assert found(pets, question)[0] == first


def test_hits_carry_their_scores_and_best_sentence(pets: Retriever) -> None:
    result = pets.search("Why does a cat purr?", top_k=3)

    best = result.hits[0]
    assert best.best_sentence == "When it is happy it purrs."
    assert (best.dense_rank, best.word_rank) == (1, 1)
    assert best.score == max(hit.score for hit in result.hits)
    assert len(result.hits) == 3
    assert result.generation == pets.live_index.get().name
    for candidate in result.candidates:
        assert len(candidate.spans) == len(candidate.vectors) == len(candidate.cosines)
        assert candidate.hit.best_sentence in candidate.hit.passage.text
        assert candidate.cosines.max() == pytest.approx(candidate.hit.sentence, abs=1e-6)


def test_passage_without_a_word_of_the_question_has_no_word_rank(pets: Retriever) -> None:
    hits = {hit.passage.text: hit for hit in pets.search("Why does a cat purr?", top_k=9).hits}

    assert hits[ZH_DOG].word_rank is None
    assert hits[ZH_DOG].words == 0


@pytest.mark.parametrize("question", ["", "  \n", "\u3000"], ids=repr)
def test_blank_question_is_refused(pets: Retriever, question: str) -> None:
    with pytest.raises(ValueError, match="needs a question"):
        pets.search(question, top_k=3)


@pytest.mark.parametrize("top_k", [0, -1])
def test_top_k_under_one_is_refused(pets: Retriever, top_k: int) -> None:
    with pytest.raises(ValueError, match="top_k"):
        pets.search("cat", top_k=top_k)


def test_more_than_there_are_gives_all_that_are_allowed(pets: Retriever) -> None:
    assert sorted(found(pets, "cat", top_k=100)) == sorted([ZH_CAT, EN_CAT, ZH_DOG, EN_DOG])


def test_nothing_ingested_is_a_known_error(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        retriever(tmp_path).search("cat", top_k=3)


# --- Who may see what


def test_restricted_passage_never_appears_though_it_is_the_best(pets: Retriever) -> None:
    question = "Why does the cat purr in its sleep?"

    assert SECRET not in found(pets, question)
    assert found(pets, question, audiences=VETS)[0] == SECRET
    assert found(pets, question, audiences=frozenset({"vets"})) == [SECRET]


@pytest.mark.parametrize("audiences", [frozenset(), frozenset({"cooks"})], ids=["none", "other"])
@pytest.mark.parametrize("fold_twins", [True, False], ids=["folded", "plain"])
def test_asker_with_no_allowed_passage_gets_none(
    tmp_path: Path, audiences: frozenset[str], fold_twins: bool
) -> None:
    searched = over(tmp_path, PASSAGES, fold_twins=fold_twins, reranker=Favours("cat"))

    result = searched.search("Why does Zephyr purr?", top_k=3, audiences=audiences)

    assert result.hits == ()


def test_names_in_passages_of_others_are_unknown(pets: Retriever) -> None:
    question = "Why does the cat Zephyr purr?"

    assert pets.search(question, top_k=3).unknown_names == ("Zephyr",)
    assert pets.search(question, top_k=3, audiences=VETS).unknown_names == ()


def test_passages_of_others_change_no_score(tmp_path: Path) -> None:
    visible = [
        passage("The cat sleeps near the river bank."),
        passage("The cat drinks from the river."),
        passage("The dog sleeps near the house."),
    ]
    # As long as the others, word for word, so that the average length stays what it was.
    restricted = [
        passage("The cat Zephyr sleeps near banks.", audience="vets"),
        passage("The Zephyr drinks the river.", audience="vets"),
        passage("The Zephyr sleeps near the house.", audience="vets"),
    ]
    alone = over(tmp_path / "alone", visible)
    together = over(tmp_path / "together", [*visible, *restricted])

    for question in ("Where does the cat Zephyr sleep?", "river", "Where is the dog?"):
        one, other = alone.search(question, top_k=9), together.search(question, top_k=9)
        assert [hit.passage.text for hit in one.hits] == [hit.passage.text for hit in other.hits]
        assert one.unknown_names == other.unknown_names
        for hit, again in zip(one.hits, other.hits, strict=True):
            assert hit.words == pytest.approx(again.words, rel=1e-5)
            assert hit.score == pytest.approx(again.score, rel=1e-5)
            assert (hit.dense_rank, hit.word_rank) == (again.dense_rank, again.word_rank)


# --- Twins

TWIN_ZH = replace(passage("ATTN ATTN 注意力给每个词元加权。"), twin="attention", section=1)
TWIN_EN = replace(passage("ATTN ATTN attention weighs each token."), twin="attention", section=1)
BY = FakeEmbedder("ATTN", "other")


@pytest.mark.parametrize(
    ("question", "language", "kept"),
    [
        ("ATTN 是什么？", None, TWIN_ZH),
        ("What is ATTN?", None, TWIN_EN),
        ("What is ATTN?", "zh", TWIN_ZH),
        ("ATTN 是什么？", "en", TWIN_EN),
    ],
    ids=["zh", "en", "en-answered-in-zh", "zh-answered-in-en"],
)
@pytest.mark.parametrize("first", ["zh", "en"])
def test_twins_are_folded_in_favour_of_the_language(
    tmp_path: Path, question: str, language: Language | None, kept: Passage, first: str
) -> None:
    twins = [TWIN_ZH, TWIN_EN] if first == "zh" else [TWIN_EN, TWIN_ZH]
    searched = over(tmp_path, [*twins, passage("other things")], by=BY)

    assert found(searched, question, language=language) == [kept.text, "other things"]


def test_kept_twin_has_the_score_of_the_better_one(tmp_path: Path) -> None:
    better = replace(TWIN_EN, text="ATTN ATTN weighs the tokens by kinship.")
    build(tmp_path, [TWIN_ZH, better], BY)

    folded = retriever(tmp_path, by=BY).search(
        "How does kinship weigh tokens?", top_k=5, language="zh"
    )
    both = retriever(tmp_path, by=BY, fold_twins=False).search(
        "How does kinship weigh tokens?", top_k=5, language="zh"
    )

    assert [hit.passage.language for hit in both.hits] == ["en", "zh"]
    assert [hit.passage.language for hit in folded.hits] == ["zh"]
    assert folded.hits[0].score == both.hits[0].score


@pytest.mark.parametrize(
    "other",
    [
        replace(TWIN_EN, section=2),
        replace(TWIN_EN, twin=""),
        replace(TWIN_EN, twin="elsewhere"),
        replace(TWIN_EN, text="Other other other other other other."),
        replace(TWIN_EN, language="zh"),
    ],
    ids=["section", "no-twin", "source", "far", "same-language"],
)
def test_what_is_no_twin_stays(tmp_path: Path, other: Passage) -> None:
    searched = over(tmp_path, [TWIN_ZH, other], by=BY)

    assert len(found(searched, "What is ATTN?")) == 2


def test_text_that_stands_twice_is_shown_once(tmp_path: Path) -> None:
    twice = [passage("ATTN weighs.", "one"), passage("ATTN weighs.", "two")]

    assert len(found(over(tmp_path, twice, by=BY), "What is ATTN?")) == 1


def test_restricted_twin_takes_no_place(tmp_path: Path) -> None:
    searched = over(tmp_path, [replace(TWIN_ZH, audience="vets"), TWIN_EN], by=BY)

    assert found(searched, "ATTN 是什么？") == [TWIN_EN.text]


# --- Words, names, rerankers


def term(en: str, zh: str, *aliases: str) -> Term:
    return Term(en=en, zh=zh, aliases=aliases, definition_en="", definition_zh="", module="01")


def test_other_names_of_a_term_join_the_search(tmp_path: Path) -> None:
    texts = ["注意力分成多头以后更强。", "训练需要很多数据。"]
    glossary = Glossary([term("multi-head attention", "多头", "MHA")])
    build(tmp_path, [passage(text) for text in texts])

    plain = retriever(tmp_path).search("What is MHA?", top_k=2)
    named = retriever(tmp_path, glossary=glossary).search("What is MHA?", top_k=2)

    assert [hit.words for hit in plain.hits] == [0, 0]
    assert named.hits[0].passage.text == texts[0]
    assert named.hits[0].words > 0


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("What is Zephyr-9?", ("Zephyr-9",)),
        ("Zephyr9是什么？", ("Zephyr9",)),
        ("What did ELMo and BERT change?", ("ELMo", "BERT")),
        ("What is LoRA?", ()),
        ("What is LLoRA?", ()),
        ("What is MHA?", ()),
        ("What is a cat?", ()),
    ],
)
def test_names_that_no_passage_mentions(
    tmp_path: Path, question: str, unknown: tuple[str, ...]
) -> None:
    glossary = Glossary([term("LoRA", "低秩适配"), term("multi-head attention", "多头", "MHA")])

    searched = over(tmp_path, PASSAGES[:4], glossary=glossary)

    assert searched.search(question, top_k=3).unknown_names == unknown


class Favours:
    """A reranker that likes passages by how often they hold a word."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[str] = []

    def scores(self, question: str, texts: Sequence[str]) -> FloatArray:
        self.asked.append(question)
        return np.array([text.count(self.word) for text in texts], dtype=np.float32)


def test_reranker_has_the_last_word(tmp_path: Path) -> None:
    reranker = Favours("moon")

    searched = over(tmp_path, PASSAGES, reranker=reranker)

    assert found(searched, "Why does a cat purr?")[0] == EN_DOG
    assert reranker.asked == ["Why does a cat purr?"]


# --- Headings


def test_misspelt_word_counts_as_the_word_that_was_meant(tmp_path: Path) -> None:
    build(tmp_path, [passage("Temperature flattens it."), passage("Penguins swim.")])
    found = retriever(tmp_path)

    slip, word = (
        found.search(f"turning the {name} down", top_k=1).hits[0]
        for name in ("temperture", "temperature")
    )

    assert slip.passage == word.passage
    assert slip.words == word.words > 0


def test_section_that_is_named_comes_before_one_that_repeats_the_word(tmp_path: Path) -> None:
    variant = replace(passage("A purr variant: purr, purr and purr again."), heading=("Variants",))
    named = replace(passage("It is a low sound of a happy cat, a purr."), heading=("Purr",))
    questions = over(tmp_path, [variant, named])

    assert found(questions, "What is a purr?") == [named.text, variant.text]


def test_signposts_come_after_what_teaches(tmp_path: Path) -> None:
    sign = replace(passage("Explain why a cat purrs, in your own words."), heading=("Objectives",))
    taught = replace(passage("A happy cat purrs while it rests on the sill."), heading=("Sounds",))
    questions = over(tmp_path, [sign, taught])

    assert found(questions, "Why does a cat purr?") == [taught.text, sign.text]


@pytest.mark.parametrize(
    ("question", "subjects"),
    [
        ("What does GPT-4 cost on Monday?", ["GPT-4"]),
        ("Siri 是 LLM 吗？", ["Siri"]),
        ("What is attention?", []),
    ],
)
def test_subjects_are_the_names_by_which_passages_differ(
    tmp_path: Path, question: str, subjects: list[str]
) -> None:
    known = passage("GPT-4 costs much on Monday. Siri is no LLM.")
    result = over(tmp_path, [*PASSAGES, known]).search(question, top_k=1)

    assert [names[0] for names in result.subjects] == subjects


# --- Given passages and statements


def test_given_passages_keep_their_order_and_are_scored_without_a_search(tmp_path: Path) -> None:
    result = retriever(tmp_path).read("Why does a cat purr?", PASSAGES[:4])

    assert [hit.passage for hit in result.hits] == PASSAGES[:4]
    assert result.generation == ""
    assert result.unknown_names == ()
    best = max(result.hits, key=lambda hit: hit.score)
    assert best.passage.text == EN_CAT
    assert best.best_sentence == "When it is happy it purrs."


def test_no_given_passages_are_no_hits(tmp_path: Path) -> None:
    assert retriever(tmp_path).read("cat", []).hits == ()


def test_statement_is_centred_as_a_sentence_of_its_language(tmp_path: Path) -> None:
    by = embedder()
    mean = np.full(by.dim, 0.2, np.float32)
    centres = Centres({("sentence", "zh"): mean})

    vector = retriever(tmp_path).embed_statement("猫睡觉。", centres)

    raw = by.embed_passages(["猫睡觉。"])[0] - mean
    assert vector == pytest.approx(raw / np.linalg.norm(raw), abs=1e-6)


def test_threads_search_side_by_side(pets: Retriever) -> None:
    questions = ["Why does a cat purr?", "狗什么时候叫？", "cat dog", "Zephyr"] * 20
    audiences = [EVERYONE, VETS] * 40
    expected = [
        found(pets, question, audiences=each)
        for question, each in zip(questions, audiences, strict=True)
    ]

    with ThreadPoolExecutor(8) as pool:
        results = list(
            pool.map(
                lambda asked: found(pets, asked[0], audiences=asked[1]),
                zip(questions, audiences, strict=True),
            )
        )

    assert results == expected
