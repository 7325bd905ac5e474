import pytest

from assistant.formulas import missing_formulas


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("It is $h = W_0x + BAx$.", []),
        ("It is $h=W_0x-BAx$.", ["h=W_0x-BAx"]),
        ("The matrix $B$ has rank $8$.", []),
        ("Softmax of $\\frac{QK^T}{d_k}$.", ["\\frac{QK^T}{d_k}"]),
    ],
    ids=["spaced", "sign", "symbols", "no-root"],
)
def test_formulas_that_the_evidence_lacks(statement: str, missing: list[str]) -> None:
    evidence = "$$h=W_0x+BAx$$ and $\\frac{QK^T}{\\sqrt{d_k}}$ hold."

    assert missing_formulas(statement, evidence) == missing


@pytest.mark.parametrize(
    ("statement", "evidence", "missing"),
    [
        ("Attention costs O(n).", "Attention costs O(n^2).", ["O(n)"]),
        ("注意力的代价是 O(n)。", "注意力的代价是 $O(n^2)$。", ["O(n)"]),
        ("It costs $O(n)$.", "It costs $O(n^2)$.", ["O(n)"]),
        ("It costs O(n log n).", "It costs O(n).", ["O(n log n)"]),
        ("It costs O(n²·d).", "It costs $\\mathcal{O}(n^{2} \\cdot d)$.", []),
        ("It costs $O(n \\log n)$.", "It costs O(n log n).", []),
        ("代价是 O(n^2)。", "代价随长度的平方增长。", []),
        ("It costs O(n^2).", "It is slow.", ["O(n^2)"]),
        ("BIO(x) is a tag.", "It is slow.", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_orders_of_growth(statement: str, evidence: str, missing: list[str]) -> None:
    assert missing_formulas(statement, evidence) == missing
