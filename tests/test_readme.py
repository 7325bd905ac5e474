"""What the documents tell people to type exists: commands, options, make targets, settings."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from assistant.settings import known_names
from ui.cli import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")) if path.exists()
)


def code_of(document: Path) -> Iterator[str]:
    """Yield the lines of fenced shell code, and what stands between single backticks."""
    text = document.read_text(encoding="utf-8")
    for block in re.findall(r"^```(?:bash|sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", prose)


def commands(document: Path, program: str) -> list[list[str]]:
    """Return the words after `program` in each line of code that calls it."""
    found = []
    for line in code_of(document):
        match = re.match(rf"\$?\s*(?:\w+=\S+\s+)*{program}\s+(.*)", line)
        if match:
            found.append(shlex.split(match[1].replace("…", ""), comments=True))
    return found


def problem_with(words: list[str]) -> str:
    """Return what is wrong with the words of a call of `study`, "" if nothing."""
    command: Any = typer.main.get_command(app)
    for word in words:
        if word.startswith("--"):
            known = {name for each in command.params for name in each.opts} | {"--help"}
            if word.partition("=")[0] not in known:
                return f"{command.name} has no {word}"
        elif hasattr(command, "commands"):
            if not all(name in command.commands for name in word.split("|")):
                return f"there is no {command.name} {word}"
            command = command.commands[word.split("|")[0]]
    return ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_options_exist(document: Path) -> None:
    wrong = {
        " ".join(words): problem
        for words in commands(document, "study")
        if (problem := problem_with(words))
    }
    assert wrong == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    wanted = {words[0] for words in commands(document, "make") if words}
    assert wanted - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_settings_exist(document: Path) -> None:
    named = set(re.findall(r"\bSTUDY_[A-Z_]*[A-Z]\b", document.read_text(encoding="utf-8")))
    assert named - set(known_names()) == set()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ask x --json", ""),
        ("index list|verify", ""),
        ("--help", ""),
        ("ask --jsn", "ask has no --jsn"),
        ("index lst", "there is no index lst"),
        ("frob", "there is no study frob"),
    ],
)
def test_what_does_not_exist_is_found(line: str, problem: str) -> None:
    assert problem_with(line.split()) == problem


def test_targets_in_the_help_are_those_there_are() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    told = set(re.findall(r"echo 'make ([\w-]+)", makefile))
    assert told == set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE)) - {"help"}
