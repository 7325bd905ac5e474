import json
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assistant.errors import WeightsCorrupt, WeightsMissing
from assistant.hub import fetch, is_hub_id

COMMIT = "a" * 40


class FakeHub(ThreadingHTTPServer):
    """The hub's two questions: what is in a repository, and one of its files."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), FakeHubHandler)
        self.files = files
        self.published = {name: sha256(data).hexdigest() for name, data in files.items()}
        self.downloads: list[str] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class FakeHubHandler(BaseHTTPRequestHandler):
    server: FakeHub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _answer(self, *, with_body: bool) -> None:
        hub = self.server
        if hub.status != 200:
            self._send(hub.status, {}, b"", with_body)
        elif self.path.startswith("/api/models/acme/tiny"):
            self._send(200, {}, json.dumps(self._repository()).encode(), with_body)
        elif self.path.startswith(f"/acme/tiny/resolve/{COMMIT}/"):
            name = self.path.removeprefix(f"/acme/tiny/resolve/{COMMIT}/")
            if with_body:
                hub.downloads.append(name)
            etag = f'"{hub.published[name]}"'
            headers = {"ETag": etag, "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
            self._send(200, headers, hub.files[name], with_body)
        else:
            headers = {"X-Error-Code": "RepoNotFound"}
            self._send(404, headers, b'{"error": "Repository not found"}', with_body)

    def _repository(self) -> dict[str, object]:
        siblings = []
        for name, data in self.server.files.items():
            entry: dict[str, object] = {"rfilename": name, "size": len(data)}
            if name.endswith((".safetensors", ".gguf")):
                entry["lfs"] = {
                    "sha256": self.server.published[name],
                    "size": len(data),
                    "pointerSize": 100,
                }
            siblings.append(entry)
        return {"id": "acme/tiny", "modelId": "acme/tiny", "sha": COMMIT, "siblings": siblings}

    def _send(self, status: int, headers: dict[str, str], body: bytes, with_body: bool) -> None:
        self.send_response(status)
        for key, text in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, text)
        self.end_headers()
        if with_body:
            self.wfile.write(body)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    files = {
        "config.json": b"{}",
        "tokenizer.json": b'{"a": 1}',
        "model.safetensors": b"weights",
        "pytorch_model.bin": b"a pickle",
    }
    with FakeHub(files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(
    hub: FakeHub,
    cache: Path,
    hub_id: str = "acme/tiny",
    *,
    offline: bool = False,
    verify: bool = False,
) -> Path:
    return fetch(
        hub_id,
        cache=cache,
        offline=offline,
        verify=verify,
        progress=lambda done, total: None,
        endpoint=hub.url,
    )


def test_safetensors_and_texts_are_fetched_but_no_pickles(hub: FakeHub, tmp_path: Path) -> None:
    folder = get(hub, tmp_path)

    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert (folder / "tokenizer.json").is_file()
    assert not (folder / "pytorch_model.bin").exists()


def test_modules_of_sentence_transformers_are_fetched_but_no_other_folder(
    hub: FakeHub, tmp_path: Path
) -> None:
    for name in ("modules.json", "1_Pooling/config.json", "onnx/config.json"):
        data = hub.files[name] = b"{}"
        hub.published[name] = sha256(data).hexdigest()

    folder = get(hub, tmp_path)

    assert (folder / "1_Pooling" / "config.json").read_bytes() == b"{}"
    assert (folder / "modules.json").is_file()
    assert not (folder / "onnx").exists()


def test_second_call_asks_nothing_of_the_hub(hub: FakeHub, tmp_path: Path) -> None:
    folder = get(hub, tmp_path)
    hub.status = 500

    assert get(hub, tmp_path) == folder
    assert get(hub, tmp_path, offline=True) == folder


def test_lost_file_is_fetched_again_alone(hub: FakeHub, tmp_path: Path) -> None:
    folder = get(hub, tmp_path)
    (folder / "tokenizer.json").unlink()
    hub.downloads.clear()

    get(hub, tmp_path)

    assert hub.downloads == ["tokenizer.json"]


def test_damaged_file_is_fetched_again_by_verify(hub: FakeHub, tmp_path: Path) -> None:
    folder = get(hub, tmp_path)
    (folder / "model.safetensors").write_bytes(b"weighty")

    assert (get(hub, tmp_path, verify=True) / "model.safetensors").read_bytes() == b"weights"


def test_file_that_differs_from_what_was_published_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    hub.files["model.safetensors"] = b"veights"

    with pytest.raises(WeightsCorrupt, match="not what the hub published"):
        get(hub, tmp_path)
    with pytest.raises(WeightsMissing):
        get(hub, tmp_path, offline=True)


def test_one_gguf_can_be_named(hub: FakeHub, tmp_path: Path) -> None:
    hub.files["tiny-q4.gguf"] = b"GGUF"
    hub.published["tiny-q4.gguf"] = sha256(b"GGUF").hexdigest()

    path = get(hub, tmp_path, "acme/tiny@main:tiny-q4.gguf")

    assert path.name == "tiny-q4.gguf"
    assert path.read_bytes() == b"GGUF"
    assert hub.downloads == ["tiny-q4.gguf"]


def test_several_ggufs_are_listed_for_a_choice(hub: FakeHub, tmp_path: Path) -> None:
    hub.files = {"q4.gguf": b"GGUF4", "q8.gguf": b"GGUF8"}
    hub.published = {name: sha256(data).hexdigest() for name, data in hub.files.items()}

    with pytest.raises(WeightsMissing) as caught:
        get(hub, tmp_path)
    assert "q4.gguf, q8.gguf" in caught.value.hint


def test_unknown_model_is_named(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="no model acme/other"):
        get(hub, tmp_path, "acme/other")


def test_no_network_gives_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="hub can't be reached") as caught:
        fetch(
            "acme/tiny",
            cache=tmp_path,
            progress=lambda done, total: None,
            endpoint="http://127.0.0.1:9",  # nothing listens there
        )
    assert "HF_ENDPOINT" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("Qwen/Qwen2.5-1.5B-Instruct", True),
        ("Qwen/Qwen2.5@main", True),
        ("Qwen/Qwen2.5@v1.0:q4/a.gguf", True),
        ("qwen2.5-coder-1.5b-instruct-q4", False),
        ("a/b/c", False),
    ],
)
def test_form_of_a_hub_id(name: str, is_one: bool) -> None:
    assert is_hub_id(name) is is_one
