import csv
import io

from assistant.gap_groups import GapGroup
from assistant.gaps import NearPassage
from ui.gaps_csv import BYTE_ORDER_MARK, ENGLISH, gap_rows, gaps_csv

NEAR = NearPassage(
    passage_id="p", source="zh/a.md", title="注意力", heading=("注意力", "代价"), audience="all"
)


def group(question: str, *others: str, comment: str = "") -> GapGroup:
    return GapGroup(
        question=question,
        n_unanswered=2,
        n_disliked=1,
        languages={"zh": 2, "en": 1},
        last_asked=1_763_856_000.0,
        questions=(question, *others),
        comments=(comment,) if comment else (),
        askers=(),
        nearest=(NEAR,),
    )


def read(content: bytes) -> list[dict[str, str]]:
    text = content.decode("utf-8")
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_table_says_what_is_known_of_a_group() -> None:
    [row] = gap_rows([group("年假?", "假期?")], ENGLISH)
    assert row == {
        "Question": "年假?",
        "Times": 3,
        "Unanswered": 2,
        "Disliked": 1,
        "Languages": "en 1 zh 2",
        "Last asked (UTC)": "2025-11-23 00:00",
        "Nearest passages": "注意力 › 代价 (zh/a.md)",
        "Other wordings": "假期?",
        "Comments": "",
    }


def test_file_opens_in_excel_with_chinese_commas_and_quotes() -> None:
    [row] = read(gaps_csv([group('他说 "是", 对吗?')], ENGLISH))
    assert row["Question"] == '他说 "是", 对吗?'


def test_no_cell_is_a_formula() -> None:
    hostile = ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1"]
    rows = read(gaps_csv([group(text, text, comment=text) for text in hostile], ENGLISH))
    for text, row in zip(hostile, rows, strict=True):
        assert row["Question"] == f"'{text}"
        assert row["Other wordings"] == f"'{text}"
        assert row["Comments"] == f"'{text}"
        assert row["Times"] == "3"


def test_lone_surrogate_does_not_break_the_file() -> None:
    assert read(gaps_csv([group("a\ud800b")], ENGLISH))[0]["Question"] == "a?b"
