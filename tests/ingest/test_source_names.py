import pytest

from assistant.records import Language
from ingest.source_names import language_of_name, stem_title, twin_name


@pytest.mark.parametrize(
    ("source", "language", "twin"),
    [
        ("zh/03-transformer.md", "zh", "*/03-transformer.md"),
        ("en/03-transformer.md", "en", "*/03-transformer.md"),
        ("pages/cot.zh.mdx", "zh", "pages/cot.*.mdx"),
        ("pages/cot.en.mdx", "en", "pages/cot.*.mdx"),
        ("docs/zh-CN/a_b.md", "zh", "docs/*/a_b.md"),
        ("guide_en-US.pdf", "en", "guide_*.pdf"),
        ("en/x.zh.md", "zh", "*/x.*.md"),
        ("open/zhang.md", None, ""),
        ("zh.md", None, ""),
        ("men.md", None, ""),
    ],
)
def test_paths_name_languages_and_twins(source: str, language: Language | None, twin: str) -> None:
    assert language_of_name(source) == language
    assert twin_name(source) == twin


def test_a_title_is_made_of_the_file_name() -> None:
    assert stem_title("notes/fine_tuning.zh.md") == "fine tuning"
