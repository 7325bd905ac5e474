"""The shape of the house, read from the imports: who may know whom, and each library's one home."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("assistant", "ingest", "ui", "evals")

MAY_IMPORT: Mapping[str, frozenset[str]] = {
    "assistant": frozenset({"assistant"}),
    "ingest": frozenset({"assistant", "ingest"}),
    "ui": frozenset({"assistant", "ui"}),
    "evals": frozenset({"assistant", "evals"}),
}
PUTS_IT_TOGETHER = ("ui/cli.py", "ui/commands/")
"""The composition root: these may import all."""

SHARED: Mapping[str, tuple[str, ...]] = {
    "numpy": ("assistant/", "evals/"),
    "filelock": ("assistant/", "ui/commands/up.py", "ui/library/"),
    "httpx": (
        "assistant/chat_model.py",
        "assistant/model_errors.py",
        "assistant/server_probe.py",
        "assistant/warm_up.py",
        "ingest/papers.py",
    ),
    "langchain_core": (
        "assistant/chat_model.py",
        "assistant/embedding.py",
        "assistant/langchain_retriever.py",
    ),
    "lxml": ("ingest/hidden_office.py", "ingest/parse_html.py", "ingest/partition.py"),
    "markdown_it": (
        "ingest/parse_markdown.py",
        "ui/markdown_writer.py",
        "ui/safe_markdown.py",
        "ui/slack_mrkdwn.py",
    ),
    "psutil": ("assistant/guardian.py", "assistant/model_server.py", "ui/checks.py"),
    "openai": ("assistant/chat_model.py", "assistant/model_errors.py"),
    "pydantic": ("assistant/", "evals/", "ui/slack_bot.py"),
    "pptx": ("ingest/parse_pptx.py", "ingest/pptx_graphics.py"),
    "pypdfium2": ("ingest/hidden_pdf.py", "ingest/pdf_pages.py", "ingest/pdf_tags.py"),
    "ray": ("ingest/ray_cluster.py", "ingest/ray_engine.py"),
    "rich": ("ui/terminal.py", "ui/answer_text.py"),
    "safetensors": ("assistant/e5_weights.py", "assistant/embedding.py"),
    "sentence_transformers": (
        "assistant/embedding.py",
        "assistant/reranking.py",
        "evals/judges/nli.py",
    ),
    "slack_bolt": (
        "ui/slack_bot.py",
        "ui/slack_handlers.py",
        "ui/slack_http.py",
        "ui/slack_socket.py",
    ),
    "slack_sdk": (
        "ui/slack_api.py",
        "ui/slack_bot.py",
        "ui/slack_http.py",
        "ui/slack_socket.py",
    ),
    "streamlit": ("ui/",),
    "torch": ("assistant/embedding.py", "assistant/gguf_to_safetensors.py"),
    "transformers": ("assistant/embedding.py", "assistant/gguf_to_safetensors.py"),
    "typer": ("ui/cli.py", "ui/command_group.py", "ui/commands/"),
}
"""Outside libraries that can't have one home file, and where they are at home."""

COMPARES_MAKES = "evals/bench/"
"""Measures libraries against each other, so it imports what it measures."""

HEAVY = ("bm25s", "faiss", "jieba", "langchain_core", "numpy", "pydantic", "spacy", "streamlit")
"""Each takes a good part of a second."""


def files() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the full names of imported modules, and of what may be a module imported from one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def outside(tree: ast.Module) -> set[str]:
    tops = {name.partition(".")[0] for name in imported(tree)}
    return tops - set(PACKAGES) - sys.stdlib_module_names


def test_packages_import_only_those_they_may_know() -> None:
    wrong = [
        f"{file} imports {name}"
        for file, tree in files()
        if not file.startswith(PUTS_IT_TOGETHER)
        for name in imported(tree)
        if name.partition(".")[0] in {*PACKAGES, "tests"} - MAY_IMPORT[file.partition("/")[0]]
    ]
    assert wrong == []


def test_no_two_files_of_the_assistant_know_each_other() -> None:
    modules = {
        file.removesuffix(".py").removesuffix("/__init__").replace("/", "."): tree
        for file, tree in files()
    }
    graph: dict[str, set[str]] = defaultdict(set)
    for module, tree in modules.items():
        for name in imported(tree):
            # `from assistant import hub` names a module, `from assistant.hub import fetch` not.
            target = name if name in modules else name.rpartition(".")[0]
            if target in modules and target != module:
                graph[module].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"These import each other: {' → '.join(error.args[1])}")


def test_each_outside_library_has_one_home() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for file, tree in files():
        if not file.startswith(COMPARES_MAKES):
            for library in outside(tree):
                homes[library].append(file)
    wrong = {
        library: found
        for library, found in homes.items()
        if not (
            all(file.startswith(SHARED[library]) for file in found)
            if library in SHARED
            else len(found) == 1
        )
    }
    assert wrong == {}


def test_no_file_beside_the_page_is_named_after_the_standard_library() -> None:
    # `streamlit run ui/x.py` puts `ui/` first on the path: a sibling types.py breaks Python.
    names = {path.stem for path in (ROOT / "ui").glob("*.py")} - {"__init__"}
    assert names & sys.stdlib_module_names == set()


def test_no_folder_beside_the_page_is_named_pages() -> None:
    # Streamlit would take its files for pages: on a fresh server, /quality ran `pages/quality.py`.
    assert not (ROOT / "ui" / "pages").exists()


def test_the_command_line_loads_nothing_heavy() -> None:
    code = "import sys, ui.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) & set(HEAVY) == set()


def test_every_package_and_data_file_is_in_the_wheel() -> None:
    import fnmatch
    import tomllib

    from setuptools import find_namespace_packages

    setup = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    found = {
        file.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for package in PACKAGES
        for file in (ROOT / package).rglob("__init__.py")
    }
    packaged = find_namespace_packages(str(ROOT), include=setup["packages"]["find"]["include"])
    assert found - set(packaged) == set()
    patterns = [
        f"{package.replace('.', '/')}/{pattern}"
        for package, each in setup["package-data"].items()
        for pattern in each
    ]
    data = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    ]
    missing = [
        file for file in data if not any(fnmatch.fnmatch(file, pattern) for pattern in patterns)
    ]
    assert missing == []
