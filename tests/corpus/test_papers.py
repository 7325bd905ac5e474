"""The study notes on papers: their list, their files, and the numbers that they compute."""

import math
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tests.corpus.test_curriculum import CHINESE, CORPUS, FRONT_MATTER_KEYS, front_matter

PAPERS = CORPUS / "papers"
SLUGS = sorted("attention bert gpt-3 adapters lora adalora rag word2vec glove lstm gan".split())
SECTIONS = {
    "en": [
        "The question",
        "The method",
        "The results",
        "Limits and errors",
        "What came after",
        "Reading it yourself",
    ],
    "zh": ["研究问题", "方法", "结果", "局限与不足", "后续发展", "阅读建议"],
}
WORD = re.compile(r"\S*\w\S*")
# Not those before a unit of counting, which differ: 1.27 million is 127 万.
DECIMAL = re.compile(r"(?<![\d.:])\d++\.\d++(?!\.\d| ?[万亿]| (?:m|b|tr)illion)")


class Paper(BaseModel):
    """One `[[paper]]`: exactly these fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=1)
    authors: list[str] = Field(min_length=1)
    year: int = Field(ge=1950, le=2100)
    venue: str = Field(min_length=1)
    arxiv: str = Field(pattern=r"^(\d{4}\.\d{4,5})?$")
    link: str = Field(pattern=r"^https://\S+$")
    pdf: str = Field(default="", pattern=r"^(https://\S+\.pdf)?$")
    notes: list[str] = Field(min_length=2, max_length=2)
    modules: list[str] = Field(min_length=1)


class Papers(BaseModel):
    """The whole of `papers.toml`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    paper: list[Paper] = Field(min_length=1)


@pytest.fixture(scope="module")
def papers() -> Sequence[Paper]:
    text = (PAPERS / "papers.toml").read_text(encoding="utf-8")
    return Papers.model_validate(tomllib.loads(text)).paper


def note(language: str, slug: str) -> Path:
    return PAPERS / language / f"{slug}.md"


def body(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("---\n", 2)[2]


def headings(path: Path) -> list[str]:
    """Return the headings with their marks; the notes hold no code blocks."""
    return [line for line in body(path).splitlines() if line.startswith("#")]


def test_ids_titles_and_links_are_unique(papers: Sequence[Paper]) -> None:
    for values in ([p.id for p in papers], [p.title for p in papers], [p.link for p in papers]):
        assert len(set(values)) == len(values)


def test_authors_are_whole_names_once(papers: Sequence[Paper]) -> None:
    for paper in papers:
        assert len(set(paper.authors)) == len(paper.authors), paper.id
        assert all(" " in author and author == author.strip() for author in paper.authors), paper.id


def test_year_agrees_with_venue_and_arxiv(papers: Sequence[Paper]) -> None:
    for paper in papers:
        assert str(paper.year) in paper.venue, paper.id
        if paper.arxiv:
            assert 0 <= paper.year - (2000 + int(paper.arxiv[:2])) <= 1, paper.id
            assert 1 <= int(paper.arxiv[2:4]) <= 12, paper.id
            assert len(paper.arxiv) == (9 if int(paper.arxiv[:4]) < 1501 else 10), paper.id


def test_link_is_that_of_arxiv_where_there_is_one(papers: Sequence[Paper]) -> None:
    for paper in papers:
        if paper.arxiv:
            assert paper.link == f"https://arxiv.org/abs/{paper.arxiv}", paper.id


def test_each_paper_has_one_existing_note_in_each_language(papers: Sequence[Paper]) -> None:
    for paper in papers:
        slug = Path(paper.notes[0]).stem
        assert paper.notes == [f"papers/{language}/{slug}.md" for language in SECTIONS], paper.id
        assert paper.id == slug or paper.id.startswith(f"{slug}-")
        assert all((CORPUS / name).is_file() for name in paper.notes), paper.id


def test_notes_are_those_listed(papers: Sequence[Paper]) -> None:
    listed = {name for paper in papers for name in paper.notes}
    found = {path.relative_to(CORPUS).as_posix() for path in PAPERS.glob("*/*.md")}
    assert found == listed
    assert sorted({Path(name).stem for name in listed}) == SLUGS


def test_modules_exist_once_and_in_order(papers: Sequence[Paper]) -> None:
    curriculum = tomllib.loads((CORPUS / "curriculum.toml").read_text(encoding="utf-8"))
    known = {module["id"] for module in curriculum["module"]}
    for paper in papers:
        assert paper.modules == sorted(set(paper.modules)), paper.id
        assert set(paper.modules) <= known, paper.id


def test_notes_name_author_year_title_and_arxiv(papers: Sequence[Paper]) -> None:
    for paper in papers:
        for name in paper.notes:
            text = body(CORPUS / name)
            title = text.strip().splitlines()[0]
            assert paper.authors[0].split()[-1] in title, name
            assert str(paper.year) in title, name
            assert paper.title.rpartition(": ")[2] in text, name
            assert not paper.arxiv or f"arXiv:{paper.arxiv}" in text, name


@pytest.mark.parametrize("language", SECTIONS)
@pytest.mark.parametrize("slug", SLUGS)
def test_front_matter(slug: str, language: str) -> None:
    pairs = front_matter(note(language, slug))
    assert [key for key, _ in pairs] == FRONT_MATTER_KEYS
    values = dict(pairs)
    assert values["language"] == language
    assert values["module"] == "papers"
    assert values["audience"] == "all"
    assert all(values.values())


@pytest.mark.parametrize("language", SECTIONS)
@pytest.mark.parametrize("slug", SLUGS)
def test_headings_are_the_title_and_the_six_sections(slug: str, language: str) -> None:
    path = note(language, slug)
    title = dict(front_matter(path))["title"]
    assert headings(path) == [f"# {title}", *(f"## {name}" for name in SECTIONS[language])]


@pytest.mark.parametrize("slug", SLUGS)
def test_lengths(slug: str) -> None:
    assert 450 <= len(WORD.findall(body(note("en", slug)))) <= 800
    assert 700 <= len(CHINESE.findall(body(note("zh", slug)))) <= 1300


def lora_parameters(width: int, matrices: int, layers: int, rank: int) -> int:
    return 2 * width * rank * matrices * layers


ADAPTER = 2 * 64 * 1024 + 1024 + 64
COMPUTED = [
    ("adapters", f"{ADAPTER:,}"),
    ("adapters", f"{2 * 24 * ADAPTER:,}"),
    ("adapters", f"{2 * 24 * ADAPTER / 340e6:.0%}"),
    ("lora", f"{lora_parameters(12_288, 2, 96, 1):,}"),
    ("lora", f"{lora_parameters(12_288, 2, 96, 8):,}"),
    ("lora", f"{1 - 32.5 / 43.1:.0%}"),
    ("lora", f"{43.1 / 32.5 - 1:.0%}"),
    ("adalora", f"{21.13 - 20.20:.2f}"),
    ("adalora", f"{21.13 - 19.89:.2f}"),
    ("gpt-3", f"{300 / 175:.1f}"),
    ("word2vec", f"{1 - math.sqrt(1e-5 / 0.01):.3f}"),
    ("glove", f"{(50 / 100) ** 0.75:.3f}"),
    ("glove", f"{71.7 - 69.1:.1f}"),
    ("lstm", f"{0.9**100:.7f}"),
    ("gan", f"{-math.log(4):.3f}"),
]


@pytest.mark.parametrize("language", SECTIONS)
@pytest.mark.parametrize(("slug", "value"), COMPUTED)
def test_computed_numbers_stand_in_both_languages(slug: str, value: str, language: str) -> None:
    text = body(note(language, slug)).replace("\u2212", "-")
    assert re.search(rf"(?<![\d.,]){re.escape(value)}(?!\d|[.,]\d)", text)


@pytest.mark.parametrize("slug", SLUGS)
def test_both_languages_give_the_same_decimals(slug: str) -> None:
    english, chinese = (set(DECIMAL.findall(body(note(language, slug)))) for language in SECTIONS)
    assert english == chinese
