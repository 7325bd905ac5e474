import pytest
from lxml import etree

from ingest.omml import M, latex


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("<sSup><e><r><t>x</t></r></e><sup><r><t>2</t></r></sup></sSup>", "x^{2}"),
        (
            "<sSubSup><e><r><t>x</t></r></e><sub><r><t>i</t></r></sub>"
            "<sup><r><t>2</t></r></sup></sSubSup>",
            "x_{i}^{2}",
        ),
        ("<rad><deg/><e><r><t>d</t></r></e></rad>", r"\sqrt{d}"),
        (
            '<nary><naryPr><chr val="∑"/></naryPr><sub><r><t>i</t></r></sub>'
            "<sup><r><t>n</t></r></sup><e><r><t>i</t></r></e></nary>",
            r"\sum_{i}^{n} i",
        ),
        ('<d><dPr><begChr val="["/><endChr val="]"/></dPr><e><r><t>x</t></r></e></d>', "[x]"),
        ("<d><e><r><t>a</t></r></e><e><r><t>b</t></r></e></d>", "(a|b)"),
        (
            "<m><mr><e><r><t>1</t></r></e><e><r><t>2</t></r></e></mr></m>",
            r"\begin{matrix}1 & 2\end{matrix}",
        ),
        ('<acc><accPr><chr val="̂"/></accPr><e><r><t>y</t></r></e></acc>', r"\hat{y}"),
        (
            "<func><fName><r><t>log</t></r></fName><e><r><t>x</t></r></e></func>",
            r"\operatorname{log} x",
        ),
        ("<box><e><r><t>损失</t></r></e></box>", "损失"),
    ],
)
def test_word_formulas_become_latex(xml: str, expected: str) -> None:
    namespace = M.strip("{}")
    # Attributes of Office Math carry the namespace too.
    xml = xml.replace(" val=", " m:val=")
    root = etree.fromstring(f'<oMath xmlns="{namespace}" xmlns:m="{namespace}">{xml}</oMath>')
    assert latex(root) == expected
