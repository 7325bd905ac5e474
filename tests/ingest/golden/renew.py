"""The files that the golden tests read, and how to renew them.

The documents (run in this folder, with TeX Live, Chromium and fonts-noto-cjk):

    export SOURCE_DATE_EPOCH=1767225600
    pdflatex paper-en.tex && pdflatex paper-en.tex
    xelatex paper-zh.tex && xelatex paper-zh.tex
    chromium --headless --no-pdf-header-footer --print-to-pdf=report-zh.pdf report-zh.html
    chromium --headless --no-pdf-header-footer --print-to-pdf=deck-en.pdf deck-en.html

What is expected of them, after a look at what changed (run in the root of the repository):

    python -m tests.ingest.golden.renew && git diff tests/ingest/golden
"""

from collections.abc import Sequence
from pathlib import Path

from ingest.parse_pdf import parse_pdf
from ingest.records import Block

FOLDER = Path(__file__).parent
DOCUMENTS = sorted(path.stem for path in FOLDER.glob("*.pdf"))


def as_text(blocks: Sequence[Block]) -> str:
    """Return blocks as Markdown for people to read, with the pages where they change."""
    out, page = [], None
    for block in blocks:
        if block.page != page:
            page = block.page
            out.append(f"<!-- page {page} -->")
        out.append("#" * block.level + " " + block.text if block.kind == "heading" else block.text)
    return "\n\n".join(out) + "\n"


def read(name: str) -> str:
    """Return what the parser makes of a document now."""
    return as_text(parse_pdf((FOLDER / f"{name}.pdf").read_bytes()).blocks)


def main() -> None:
    """Write what the parser makes of each document as what is expected."""
    for name in DOCUMENTS:
        (FOLDER / f"{name}.golden.md").write_text(read(name), encoding="utf-8")


if __name__ == "__main__":
    main()
