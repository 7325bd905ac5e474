from pathlib import Path

import pytest

from evals.kept_lines import RunUnreadable, add_lines, kept_lines, replace_lines
from evals.records import Verdict

ONE, OTHER = Verdict(probability=0.5, reason="为什么"), Verdict(probability=1)


def test_lines_are_added_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    assert kept_lines(path, Verdict) == []

    add_lines(path, [ONE])
    add_lines(path, [OTHER, ONE])
    assert kept_lines(path, Verdict) == [ONE, OTHER, ONE]

    replace_lines(path, [OTHER])
    assert kept_lines(path, Verdict) == [OTHER]
    assert [each.name for each in tmp_path.iterdir()] == ["kept.jsonl"]


def test_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    add_lines(path, [ONE])
    with path.open("a", encoding="utf-8") as file:
        file.write('{"probab')

    assert kept_lines(path, Verdict) == [ONE]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"probability": 1}\n{"probability": 2.5}\n', "line 2 is damaged: probability: Input"),
        (b'{"foo": 1}\n', "line 1 is damaged: probability: Field required"),
        (b'{"probab\n{"probability": 1}\n', "line 1 is damaged: the line: Invalid JSON"),
        (b"Shopping: eggs, milk\n", "line 1 is damaged: the line: Invalid JSON"),
        (b"[1]\n", "line 1 is damaged: the line: Input should be an object"),
        (b"\xff\xfe\n", "can't be read"),
        (None, "can't be read"),
    ],
    ids=[
        "out-of-bounds",
        "another-form",
        "cut-in-the-middle",
        "another-file",
        "no-object",
        "not-utf-8",
        "folder",
    ],
)
def test_what_is_damaged_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "kept.jsonl"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(RunUnreadable, match=message) as caught:
        kept_lines(path, Verdict)

    assert caught.value.hint
