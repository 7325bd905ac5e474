"""First token and whole answer: ours, the bare model server, and LangChain's RAG tutorial.

    python -m evals.bench.tutorial [--questions 8]

Starts a model server of its own with one slot. Each question is put, in one run, to
(1) the bare server, over plain HTTP, with the very prompt that ours sends; (2) ours; (3) what a
user would write instead, after LangChain's RAG tutorial: its recursive splitter (1,000 characters,
200 of overlap) over the same files, its FAISS store with the same embedder, the top 4 stuffed into
its prompt, and ChatOpenAI. Between any two, a short prompt takes what is cached of the last one
away, so that each finds the same cache: its own fixed beginning. Recall: whether the passages
given to the model come from the module that answers the question.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from langchain_core.embeddings import Embeddings

from assistant.answer_events import Finished, Found, Wrote
from assistant.answering import Assistant
from assistant.chat_model import Count, Message, OpenAIChatModel, Piece
from assistant.embedding import Embedder
from assistant.limits import Limits
from assistant.model_server import ModelServer
from assistant.prompts import FIXED
from assistant.retrieval import Retriever
from assistant.server_commands import ServerOptions
from assistant.settings import Settings
from assistant.vector_cache import VectorCache, embed_with_cache
from assistant.weights import resolve
from assistant.wiring import build_assistant
from evals.bench.bilingual_set import SETS

TUTORIAL_PROMPT = (
    "You are an assistant for question-answering tasks. Use the following pieces of retrieved "
    "context to answer the question. If you don't know the answer, just say that you don't know. "
    "Use three sentences maximum and keep the answer concise.\n"
    "Question: {question}\nContext: {context}\nAnswer:"
)
"""LangChain's own, as its hub has it (rlm/rag-prompt)."""


Search = Callable[[str], list[Any]]
"""Question → LangChain documents."""


class RecordingChatModel:
    """A chat model that keeps the messages it was sent last."""

    def __init__(self, model: OpenAIChatModel, name: str) -> None:
        self.name = name
        self.messages: Sequence[Message] = ()
        self._model = model

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> Generator[Piece, None, None]:
        """Yield what the real model writes."""
        self.messages = messages
        return self._model.stream(messages, max_tokens=max_tokens)

    def is_ready(self) -> bool:
        """Return True: the server is up."""
        return True

    def probability(
        self,
        messages: Sequence[Message],
        *,
        yes: str = "Yes",
        no: str = "No",
        count: Count | None = None,
    ) -> float:
        """Return what the real model says."""
        return self._model.probability(messages, yes=yes, no=no, count=count)


class CachedEmbeddings(Embeddings):
    """The same embedder as ours, with vectors kept: both sides save the same time."""

    def __init__(self, embedder: Embedder, cache: VectorCache) -> None:
        self._embedder, self._cache = embedder, cache

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of passages."""
        return embed_with_cache(self._embedder, texts, self._cache)[0].tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        return self._embedder.embed_query(text)


def main() -> None:
    """Print medians of seconds and of each question's ratios, and recall, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=int, default=8)
    arguments = parser.parse_args()
    settings = Settings.load()
    cases = [
        json.loads(line)
        for line in (SETS / "first_questions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    cases = [case for case in cases if case["answerable"]]
    cases = cases[:: max(1, len(cases) // arguments.questions)][: arguments.questions]
    options = ServerOptions(
        engine="llamacpp",
        model_path=resolve(settings.model.name, cache=settings.cache),
        model_name=settings.model.name,
        context_tokens=8192,
        parallel=1,
    )
    home = settings.home / "bench"
    whole = build_assistant(settings)
    whole.prepare()
    tutorial = _tutorial_search(settings, whole.embedder)
    with ModelServer(options, home=home) as server:
        url = server.wait_ready().url
        rows = []
        for number, case in enumerate(cases, start=1):
            print(f"{number}/{len(cases)} {case['question']}", file=sys.stderr)
            rows.append(_row(case, settings, url, whole.retriever, tutorial))
    print(json.dumps(_summary(rows), indent=1))


def _row(
    case: dict[str, Any], settings: Settings, url: str, retriever: Retriever, tutorial: Search
) -> dict[str, float]:
    question = str(case["question"])
    module = str(case["evidence"][0]["source"]).split("/")[-1]
    chat = RecordingChatModel(
        OpenAIChatModel(url=url, model=settings.model.name), settings.model.name
    )
    ours = Assistant(retriever=retriever, chat_model=chat, limits=Limits())
    row: dict[str, float] = {}
    _forget(url)
    started, first = time.perf_counter(), 0.0
    for event in ours.stream(question):
        if isinstance(event, Found):
            row["ours_recall"] = any(hit.passage.source.endswith(module) for hit in event.hits)
        if isinstance(event, Wrote):
            first = first or time.perf_counter() - started
        if isinstance(event, Finished):
            row["ours_cites"] = bool(event.answer.citations)
    row["ours_total"] = time.perf_counter() - started
    row["ours_first"] = first or row["ours_total"]
    _forget(url)
    bare = [{"role": m.role, "content": m.content} for m in chat.messages]
    row["bare_first"], row["bare_total"] = _stream(url, settings.model.name, bare)
    _forget(url)
    started = time.perf_counter()
    found = tutorial(question)
    searching_s = time.perf_counter() - started
    context = "\n\n".join(document.page_content for document in found)
    content = TUTORIAL_PROMPT.format(question=question, context=context)
    first, total = _stream(url, settings.model.name, [{"role": "user", "content": content}])
    row["tutorial_first"], row["tutorial_total"] = first + searching_s, total + searching_s
    row["tutorial_recall"] = any(d.metadata["source"].endswith(module) for d in found)
    return row


def _stream(url: str, model: str, messages: list[dict[str, str]]) -> tuple[float, float]:
    """Return seconds to the first text and to the end, over plain HTTP."""
    body = {
        "model": model,
        "messages": messages,
        "stream": True,
        "temperature": 0,
        "seed": 7,
        "max_tokens": 320,
        "logprobs": True,
        "top_logprobs": 10,
    }
    started, first = time.perf_counter(), 0.0
    with httpx.stream("POST", f"{url}/chat/completions", json=body, timeout=600) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line[6:]).get("choices") or [{}]
                if choices[0].get("delta", {}).get("content"):
                    first = first or time.perf_counter() - started
    return first, time.perf_counter() - started


def _forget(url: str) -> None:
    """Leave only the fixed beginning of our prompts in the server's cache."""
    messages = [{"role": m.role, "content": m.content} for m in FIXED]
    messages.append({"role": "user", "content": "Say hello."})
    httpx.post(
        f"{url}/chat/completions", json={"messages": messages, "max_tokens": 1}, timeout=600
    ).raise_for_status()


def _tutorial_search(settings: Settings, embedder: Embedder) -> Search:
    from langchain_community.vectorstores import FAISS
    from langchain_core.documents import Document
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    documents = [
        Document(path.read_text(encoding="utf-8"), metadata={"source": path.as_posix()})
        for root in settings.corpus
        for path in sorted(Path(root).rglob("*.md"))
    ]
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    cache = VectorCache(settings.cache / "vectors.sqlite")
    store = FAISS.from_documents(
        splitter.split_documents(documents), CachedEmbeddings(embedder, cache)
    )
    return lambda question: store.similarity_search(question, k=4)


def _summary(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    summary = {
        name: round(median(row[name] for row in rows), 2)
        for name in rows[0]
        if name.endswith(("_first", "_total"))
    }
    shares = {
        name: round(sum(row[name] for row in rows) / len(rows), 2)
        for name in ("ours_recall", "tutorial_recall", "ours_cites")
    }
    ratios = {
        name: median(row[one] / row[other] for row in rows)
        for name, one, other in (
            ("ours_to_bare_first", "ours_first", "bare_first"),
            ("ours_to_bare_total", "ours_total", "bare_total"),
            ("tutorial_to_ours_first", "tutorial_first", "ours_first"),
        )
    }
    return {
        "questions": len(rows),
        **summary,
        **shares,
        **{name: round(ratio, 2) for name, ratio in ratios.items()},
    }


if __name__ == "__main__":
    main()
