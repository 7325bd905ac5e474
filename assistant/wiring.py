"""Where concrete classes are chosen: settings in, a working assistant out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from assistant.answer_events import Event
from assistant.answering import Assistant
from assistant.chat_model import import_client
from assistant.embedding import Embedder, open_embedder
from assistant.errors import StudyError
from assistant.gaps import FILE as GAPS_FILE
from assistant.gaps import Gaps
from assistant.generations import Source
from assistant.glossary import Glossary
from assistant.guide import Guide
from assistant.index import LiveIndex
from assistant.limits import Limits
from assistant.no_model import NoModel
from assistant.records import EVERYONE, Answer, Language, Passage, Turn
from assistant.retrieval import Reranker, Retriever, SearchResult
from assistant.served_model import ServedChatModel
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.gap_groups import GapGroup
    from assistant.langchain_retriever import PassageRetriever


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of index and model; `message` is a sentence on what is amiss, "" if all is well."""

    index_ready: bool
    generation: str
    n_passages: int
    n_sources: int
    model_ready: bool
    model: str | None
    engine: str | None
    message: str


class StudyAssistant:
    """The assistant as the front ends use it: answers, searches, sources, state, suggestions."""

    def __init__(
        self,
        settings: Settings,
        *,
        with_model: bool = True,
        generation: str | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._settings = settings
        self._given_embedder = embedder
        self._with_model = with_model
        self._generation = generation

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder that the settings name, loaded at first use."""
        return self._given_embedder or open_settings_embedder(self._settings)

    @cached_property
    def glossary(self) -> Glossary:
        """The glossary of the first corpus root that has one; an empty one without."""
        for root in self._settings.corpus:
            if (path := root / "glossary.toml").is_file():
                return Glossary.load(path)
        return Glossary()

    @cached_property
    def retriever(self) -> Retriever:
        """The retriever over the live index."""
        options = self._settings.retrieval
        return Retriever(
            live_index=LiveIndex(
                self._settings.home,
                fingerprint=self.embedder.fingerprint,
                pinned=self._generation,
            ),
            embedder=self.embedder,
            glossary=self.glossary,
            n_candidates=options.n_candidates,
            word_weight=options.word_weight,
            fold_twins=options.fold_twins,
            reranker=_open_reranker(options.reranker),
        )

    @cached_property
    def chat_model(self) -> ServedChatModel:
        """The client of the model server."""
        options = self._settings.model
        return ServedChatModel(
            home=self._settings.home,
            url=options.url,
            name=options.name,
            api_key=options.api_key.get_secret_value() if options.api_key else None,
            timeout_s=options.timeout_s,
            retries=options.retries,
            max_new_tokens=options.max_new_tokens,
            temperature=options.temperature,
            seed=options.seed,
        )

    @cached_property
    def assistant(self) -> Assistant:
        """The use case."""
        options = self._settings.answering
        return Assistant(
            retriever=self.retriever,
            chat_model=self.chat_model if self._with_model else NoModel(),
            limits=Limits(
                top_k=self._settings.retrieval.top_k,
                prompt_tokens=options.prompt_tokens,
                max_passages=options.max_passages,
                min_nearness=options.min_nearness,
                extract_nearness=options.extract_nearness,
                sure_nearness=options.sure_nearness,
                plain_nearness=options.plain_nearness,
                written_evidence=options.written_evidence,
                number_evidence=options.number_evidence,
                method_nearness=options.method_nearness,
                doubtful_nearness=options.doubtful_nearness,
                doubtful_evidence=options.doubtful_evidence,
                answer_sentence=options.answer_sentence,
                answerable=options.answerable,
                unanswerable=options.unanswerable,
                min_support=options.min_support,
                weak_support=options.weak_support,
                max_refusal=options.max_refusal,
            ),
        )

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        audiences: frozenset[str] = EVERYONE,
        language: Language | None = None,
        passages: Sequence[Passage] | None = None,
    ) -> Iterator[Event]:
        """Yield what happens while `question` is answered; see `answer_events.Answerer`."""
        return self.assistant.stream(
            question, history=history, audiences=audiences, language=language, passages=passages
        )

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        audiences: frozenset[str] = EVERYONE,
        language: Language | None = None,
        passages: Sequence[Passage] | None = None,
    ) -> Answer:
        """Return the checked answer to `question`; see `answering.Assistant.ask`."""
        return self.assistant.ask(
            question, history=history, audiences=audiences, language=language, passages=passages
        )

    def search(
        self, question: str, *, top_k: int | None = None, audiences: frozenset[str] = EVERYONE
    ) -> SearchResult:
        """Return the passages that fit `question` best; see `retrieval.Retriever.search`."""
        if top_k is None:
            top_k = self._settings.retrieval.top_k
        return self.retriever.search(question, top_k=top_k, audiences=audiences)

    def as_langchain(self, *, audiences: frozenset[str] = EVERYONE) -> "PassageRetriever":
        """Return the retriever as LangChain's `BaseRetriever`, on behalf of `audiences`."""
        from assistant.langchain_retriever import PassageRetriever

        return PassageRetriever(
            retriever=self.retriever,
            top_k=self._settings.retrieval.top_k,
            audiences=audiences,
        )

    def source_passages(
        self, source: str, audiences: frozenset[str] = EVERYONE
    ) -> tuple[Passage, ...]:
        """Return the passages of `source` that `audiences` may see, in reading order."""
        passages = self.retriever.live_index.get().passages.of_source(source)
        return tuple(passage for passage in passages if passage.audience in audiences)

    def sources(self, audiences: frozenset[str] = EVERYONE) -> dict[str, Source]:
        """Return what is known of the live sources that `audiences` may see, by name."""
        live = self.retriever.live_index.get().manifest.sources
        return {name: each for name, each in live.items() if each.audience in audiences}

    def all_audiences(self) -> frozenset[str]:
        """Return every audience that some live source is for."""
        live = self.retriever.live_index.get().manifest.sources
        return frozenset(source.audience for source in live.values())

    def gap_groups(
        self, gaps: Gaps, audiences: frozenset[str] = EVERYONE
    ) -> "tuple[GapGroup, ...]":
        """Return the gaps grouped by meaning; passages that `audiences` may not see are not named.

        Each new question is embedded, 13 ms on two cores.
        """
        from assistant.gap_groups import groups

        return groups(gaps, self.embedder, audiences=audiences)

    def prepare(self) -> None:
        """Open what the first question would else wait for; what can't be opened yet is skipped."""
        with suppress(StudyError):
            self.search("什么是注意力？ What is attention?", top_k=1)
        import_client()

    def suggest(self, language: Language) -> tuple[str, ...]:
        """Return questions to begin with."""
        return Guide(self.glossary).suggest(language)

    def related(self, answer: Answer) -> tuple[str, ...]:
        """Return questions that follow from `answer`, without asking the model."""
        return Guide(self.glossary).related(answer)

    def status(self) -> Status:
        """Return the state of index and model now."""
        generation, n_passages, n_sources, message = "", 0, 0, ""
        try:
            manifest = self.retriever.live_index.get().manifest
            generation, n_passages = manifest.name, manifest.n_passages
            n_sources = len(manifest.sources)
        except StudyError as error:
            message = f"{error} {error.hint}".strip()
        server = self.chat_model.running()
        model_ready = server is not None or self.chat_model.is_ready()
        return Status(
            index_ready=bool(generation),
            generation=generation,
            n_passages=n_passages,
            n_sources=n_sources,
            model_ready=model_ready,
            model=self.chat_model.name if model_ready else None,
            engine=server.engine if server else self.chat_model.engine() if model_ready else None,
            message=message,
        )


def build_assistant(
    settings: Settings,
    *,
    with_model: bool = True,
    generation: str | None = None,
    embedder: Embedder | None = None,
) -> StudyAssistant:
    """Return the assistant for `settings`; what is heavy is opened at first use.

    Without a model it answers with extracts, also where a server runs. `generation` is searched
    instead of the live one, to look at it before it goes live. `embedder` is that of the settings
    where the caller has it open already.
    """
    return StudyAssistant(settings, with_model=with_model, generation=generation, embedder=embedder)


def open_settings_embedder(settings: Settings) -> Embedder:
    """Return the embedder that `settings` name."""
    return embedder_opener(settings)()


def embedder_opener(settings: Settings) -> Callable[[], Embedder]:
    """Return what opens the embedder of `settings`, also in a process elsewhere: no key goes along.

    The cache must lie under the same path there.
    """
    options = settings.embedding
    return partial(
        open_embedder,
        engine=options.engine,
        model=options.model,
        query_prefix=options.query_prefix,
        passage_prefix=options.passage_prefix,
        batch_size=options.batch_size,
        cache=settings.cache.absolute(),
        offline=settings.offline,
    )


def _open_reranker(model: str | None) -> Reranker | None:
    if model is None:
        return None
    from assistant.reranking import CrossEncoderReranker

    return CrossEncoderReranker(model)


def open_gaps(settings: Settings) -> Gaps:
    """Return the questions that the materials could not answer; all front ends share them."""
    options = settings.gaps
    return Gaps(
        settings.home / GAPS_FILE, keep_days=options.keep_days, with_names=options.with_names
    )
