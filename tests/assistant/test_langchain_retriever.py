from pathlib import Path

from langchain_core.retrievers import BaseRetriever

from assistant.glossary import Glossary
from assistant.index import LiveIndex
from assistant.langchain_retriever import PassageRetriever
from assistant.retrieval import Retriever
from tests.assistant.samples import EN_CAT, EN_DOG, build, embedder, passage

SECRET = "The cat purrs and purrs at night."


def retriever(home: Path) -> Retriever:
    build(home, [passage(EN_CAT), passage(EN_DOG), passage(SECRET, audience="vets")])
    return Retriever(
        live_index=LiveIndex(home, fingerprint="fake"), embedder=embedder(), glossary=Glossary()
    )


def test_documents_are_the_hits_in_their_order_with_where_they_stand(tmp_path: Path) -> None:
    core = retriever(tmp_path)
    chain: BaseRetriever = PassageRetriever(retriever=core, top_k=1)

    (document,) = chain.invoke("Why does a cat purr?")

    (hit,) = core.search("Why does a cat purr?", top_k=1).hits
    assert document.page_content == hit.passage.text == EN_CAT
    assert document.id == hit.passage.passage_id
    assert document.metadata == {
        "passage_id": hit.passage.passage_id,
        "source": "pets.md",
        "title": "Pets",
        "heading": ["Pets"],
        "page": None,
        "language": "en",
        "start_char": 0,
        "end_char": len(EN_CAT),
        "score": hit.score,
    }


def test_it_searches_on_behalf_of_its_audiences_alone(tmp_path: Path) -> None:
    core = retriever(tmp_path)

    everyone = PassageRetriever(retriever=core).invoke("Why does a cat purr?")
    vets = PassageRetriever(retriever=core, audiences=frozenset({"vets"})).invoke("cat")

    assert SECRET not in [document.page_content for document in everyone]
    assert [document.page_content for document in vets] == [SECRET]
