from ingest.tables import markdown_table


def test_cells_make_a_markdown_table_and_bars_in_them_no_cells() -> None:
    table = markdown_table([["模型", "参数"], ["BERT", "340M"], ["a|b"], ["", ""]])
    assert table == "| 模型 | 参数 |\n| --- | --- |\n| BERT | 340M |\n| a\\|b |  |"


def test_no_text_makes_no_table() -> None:
    assert markdown_table([["", " "]]) == markdown_table([]) == ""
