import re

from evals.markdown_text import plain, quoted
from evals.report_markdown import report_markdown
from evals.scores import score_run
from tests.evals.run_samples import made_up_run


def test_report_gives_provenance_figures_and_the_judge_itself() -> None:
    text = report_markdown(made_up_run())
    assert text.startswith("# Evaluation: made-up\n")
    assert "`0123456789ab` with changes not committed" in text
    assert "| Recall@5 | 0.778 | " in text
    assert "| Wrongly refused ↓ | 0.222 | " in text
    assert "| Balanced accuracy | 0.860 | 0.800 to 0.910 | 120 |" in text
    assert "| unsupported statement | 3 |" in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)


def test_figures_stand_by_mode_language_kind_and_module() -> None:
    text = report_markdown(made_up_run())
    by_mode = text[text.index("## By mode") : text.index("## By language")]
    assert "Extracts are quotations from the materials, and therefore supported" in by_mode
    assert "| written by the model | 8 | " in by_mode
    assert "| refusal | 3 | " in by_mode
    assert "| error | 1 | " in by_mode
    assert "Wrongly refused" not in by_mode  # by mode, that is 0 or 1
    assert "| Chinese | 6 | " in text
    assert "| injection | 1 | " in text
    assert "## By module" in text
    assert "| 08 | 6 | " in text


def test_each_judge_has_its_main_figures() -> None:
    run = made_up_run()
    text = report_markdown(run)
    assert "All other figures are by rules." in text
    assert "| rules | 0.667 (0.389 to 0.889) |" in text
    assert "| nli:other | 0.889 (0.667 to 1.000) |" in text
    alone = run.model_copy(update={"scores": score_run(run.rows, (), judge="rules")})
    assert "## By judge" not in report_markdown(alone)


def test_unmeasured_judge_is_warned_of() -> None:
    text = report_markdown(made_up_run(with_quality=False))
    assert "**The judge rules was not measured" in text


def test_tables_have_as_many_cells_in_every_row() -> None:
    text = report_markdown(made_up_run())
    for block in text.split("\n\n"):
        rows = [line for line in block.split("\n") if line.startswith("|")]
        assert len({row.replace("\\|", "").count("|") for row in rows}) <= 1


def test_text_of_others_stays_words() -> None:
    assert plain("a|b\n# <b> [x](y) `c` \x1b[31m") == (
        "a\\|b \\# \\<b\\> \\[x\\](y) \\`c\\` \ufffd\\[31m"
    )
    assert quoted("one\n# two\n") == "> one\n> \\# two"
    assert quoted("") == ">"
