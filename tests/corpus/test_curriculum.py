"""The curriculum's list of modules, and its files: twins in both languages."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

CORPUS = Path(__file__).parents[2] / "corpus"
LANGUAGES = ("en", "zh")
FRONT_MATTER_KEYS = ["title", "language", "module", "audience", "owner", "version"]
MODULE_FILES = sorted({path.name for path in CORPUS.glob("[ez][nh]/[0-9][0-9]-*.md")})

CHINESE = re.compile(r"[\u4e00-\u9fff]")
HEADING = re.compile(r"^(#{1,6}) +\S")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


class Module(BaseModel):
    """One `[[module]]`: exactly these fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str = Field(pattern=r"^\d\d$")
    order: int = Field(ge=1)
    level: Literal["beginner", "intermediate", "advanced"]
    title_en: str = Field(min_length=1)
    title_zh: str = Field(min_length=1)
    prerequisites: list[str]
    objectives_en: list[str] = Field(min_length=3, max_length=5)
    objectives_zh: list[str] = Field(min_length=3, max_length=5)
    minutes: int = Field(ge=10, le=600)
    files: list[str]


class Curriculum(BaseModel):
    """The whole of `curriculum.toml`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    module: list[Module] = Field(min_length=5)


@pytest.fixture(scope="module")
def modules() -> Sequence[Module]:
    text = (CORPUS / "curriculum.toml").read_text(encoding="utf-8")
    return Curriculum.model_validate(tomllib.loads(text)).module


def front_matter(path: Path) -> list[tuple[str, str]]:
    """Return the keys and values in order; quotes and a comment after a value are dropped."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "---", f"{path.name}: no front matter"
    end = lines.index("---", 1)
    pairs = (line.partition(":") for line in lines[1:end])
    return [(key, value.partition(" #")[0].strip().strip('"')) for key, _, value in pairs]


def heading_depths(path: Path) -> list[int]:
    """Return the depth of each heading in order; what stands in a code block is none."""
    depths: list[int] = []
    fence = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := FENCE.match(line):
            if not fence:
                fence = match[1]
            elif line.strip() == fence:
                fence = ""
        elif not fence and (heading := HEADING.match(line)):
            depths.append(len(heading[1]))
    return depths


def test_ids_and_orders_are_unique_and_agree(modules: Sequence[Module]) -> None:
    orders = [module.order for module in modules]
    assert orders == sorted(set(orders))
    assert [module.id for module in modules] == [f"{order:02d}" for order in orders]


def test_titles_are_unique(modules: Sequence[Module]) -> None:
    for titles in ([m.title_en for m in modules], [m.title_zh for m in modules]):
        assert len(set(titles)) == len(titles)


def test_objectives_are_the_same_number_of_whole_sentences(modules: Sequence[Module]) -> None:
    for module in modules:
        assert len(module.objectives_en) == len(module.objectives_zh), module.id
        assert all(text.endswith(".") for text in module.objectives_en), module.id
        assert all(text.endswith("。") for text in module.objectives_zh), module.id
        assert all(CHINESE.search(text) for text in module.objectives_zh), module.id


def test_each_module_has_one_existing_file_in_each_language(modules: Sequence[Module]) -> None:
    for module in modules:
        assert [file.partition("/")[0] for file in module.files] == list(LANGUAGES), module.id
        names = {Path(file).name for file in module.files}
        assert len(names) == 1, module.id
        assert names.pop().startswith(f"{module.id}-"), module.id
        missing = [file for file in module.files if not (CORPUS / file).is_file()]
        assert not missing, f"{module.id} lacks {missing}"


def test_titles_are_those_of_the_files(modules: Sequence[Module]) -> None:
    for module in modules:
        titles = [dict(front_matter(CORPUS / file))["title"] for file in module.files]
        assert titles == [module.title_en, module.title_zh], module.id


def test_prerequisites_exist_and_come_earlier(modules: Sequence[Module]) -> None:
    orders = {module.id: module.order for module in modules}
    for module in modules:
        assert len(set(module.prerequisites)) == len(module.prerequisites), module.id
        for prerequisite in module.prerequisites:
            assert prerequisite in orders, f"{module.id} needs {prerequisite}, which is not there"
            assert orders[prerequisite] < module.order, f"{module.id} needs {prerequisite}"


@pytest.mark.parametrize("name", MODULE_FILES)
def test_twins_have_the_same_headings(name: str) -> None:
    english, chinese = (heading_depths(CORPUS / language / name) for language in LANGUAGES)
    assert english == chinese
    assert english[0] == 1
    assert english.count(1) == 1
    assert set(english) <= {1, 2, 3}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", MODULE_FILES)
def test_front_matter(name: str, language: str) -> None:
    pairs = front_matter(CORPUS / language / name)
    assert [key for key, _ in pairs] == FRONT_MATTER_KEYS
    values = dict(pairs)
    assert values["language"] == language
    assert values["module"] == name[:2]
    assert values["audience"] == "all"
    assert all(values.values())
