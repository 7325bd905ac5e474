"""The retriever as LangChain's `BaseRetriever`, so that others can use it in their chains."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from assistant.records import EVERYONE, Hit
from assistant.retrieval import Retriever


class PassageRetriever(BaseRetriever):
    """Finds passages on behalf of a fixed set of audiences.

    Each document's metadata holds `passage_id`, `source`, `title`, `heading`, `page`, `language`,
    `start_char`, `end_char` and `score`.
    """

    retriever: Any
    """A `retrieval.Retriever`; pydantic knows no plain classes."""

    top_k: int = 6
    audiences: frozenset[str] = EVERYONE

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        retriever: Retriever = self.retriever
        result = retriever.search(query, top_k=self.top_k, audiences=self.audiences)
        return [_document(hit) for hit in result.hits]


def _document(hit: Hit) -> Document:
    passage = hit.passage
    return Document(
        id=passage.passage_id,
        page_content=passage.text,
        metadata={
            "passage_id": passage.passage_id,
            "source": passage.source,
            "title": passage.title,
            "heading": list(passage.heading),
            "page": passage.page,
            "language": passage.language,
            "start_char": passage.start_char,
            "end_char": passage.end_char,
            "score": hit.score,
        },
    )
