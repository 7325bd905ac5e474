from evals.case_view import answer_pieces, case_views
from evals.records import Row
from tests.evals.run_samples import answered, case, made_up_run

SOURCE = "zh/03-transformer.md"


def test_only_markers_with_a_citation_become_pieces_of_their_own() -> None:
    row = answered(case("a", "zh", "fact", "？"), ["一句。"], [SOURCE])
    pieces = [(piece.text, piece.number) for piece in answer_pieces(row)]
    assert pieces == [("一句。 ", None), ("[1]", 1), (" [7]", None)]
    assert answer_pieces(Row(case=row.case)) == ()


def test_evidence_has_its_place_in_the_ranking_or_none() -> None:
    views = {view.row.case.id: view for view in case_views(made_up_run())}
    assert [each.rank for each in views["zh-1"].evidence] == [1]
    assert [each.rank for each in views["en-2"].evidence] == [3]
    assert [each.rank for each in views["en-5"].evidence] == [None]
    assert views["zh-4"].evidence == ()


def test_findings_put_the_judge_that_counts_first() -> None:
    views = {view.row.case.id: view for view in case_views(made_up_run())}
    good, bad = views["zh-2"].statements
    assert (good.is_unsupported, bad.is_unsupported) == (False, True)
    read, cited, alone, reference = bad.findings
    assert read.question == "supported by the passages read"
    assert [(each.judge, each.supported) for each in read.judged] == [
        ("rules", False),
        ("nli:other", True),
    ]
    assert alone.question == "supported by [1] alone"
    assert "1999" in cited.judged[0].reason
    assert reference.question == "supported by the reference"


def test_statements_of_the_reference_have_their_findings() -> None:
    [first] = case_views(made_up_run())[0].references
    assert first.text == "让词元互相看到。"
    assert [each.question for each in first.findings] == ["said in the answer"]
