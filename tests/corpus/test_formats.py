"""Documents of the corpus that are no modules: Word, slides, PDF, a notebook, restricted guides."""

import contextlib
import io
import json
import math
import re
import zipfile
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import docx
import numpy as np
import numpy.typing as npt
import pptx
import pypdfium2
import pytest

from tests.corpus.test_curriculum import CORPUS, LANGUAGES, front_matter, heading_depths

POLICY, SLIDES, HANDOUT = (
    "policy-using-llms.docx",
    "slides-inference-cost.pptx",
    "handout-attention.pdf",
)
NOTEBOOK = CORPUS / "labs/attention-by-hand.ipynb"
RESTRICTED = {"managers-guide.md": "managers", "security-annex.md": "security"}
ALL_FILES = [
    *(
        CORPUS / lang / name
        for lang in LANGUAGES
        for name in (POLICY, SLIDES, HANDOUT, *RESTRICTED)
    ),
    NOTEBOOK,
]
CODES = {"en": "en-GB", "zh": "zh-CN"}
AUTHORS = {"", "Learning team"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
RADICALS = re.compile(r"[\u2e80-\u2fdf]")
MACHINE_PATH = re.compile(
    rb"(?<![\w.])(?:/(?:home|root|tmp|Users|work|var|opt)/|[A-Za-z]:\\\w|file:///)"
)
AUTHOR_TAGS = re.compile(
    r"<(dc:creator|cp:lastModifiedBy|Manager|Company)>([^<]*)</\1>", re.IGNORECASE
)


def is_like(file: Path) -> str:
    return file.relative_to(CORPUS).as_posix()


def stands_in(text: str, value: str) -> bool:
    """Whether the value stands in the text, not merely as a part of a longer number."""
    return re.search(rf"(?<![\d.]){re.escape(value)}(?![\d]|[.,]\d)", text) is not None


def number_text(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}"


@cache
def policy(language: str) -> Any:
    return docx.Document(str(CORPUS / language / POLICY))


@cache
def slides(language: str) -> Any:
    return pptx.Presentation(str(CORPUS / language / SLIDES))


def slide_text(slide: Any) -> str:
    parts = [slide.notes_slide.notes_text_frame.text]
    for shape in slide.shapes:
        if shape.has_text_frame:
            parts.append(shape.text_frame.text)
        if shape.has_table:
            parts += [cell.text for row in shape.table.rows for cell in row.cells]
    return "\n".join(parts)


@cache
def handout(language: str) -> tuple[list[str], dict[str, str]]:
    """Return the text of each page, lines joined, and what the file says about itself."""
    document = pypdfium2.PdfDocument(CORPUS / language / HANDOUT)
    texts = [page.get_textpage().get_text_range() for page in document]
    about = {key: str(value) for key, value in document.get_metadata_dict().items()}
    document.close()
    joint = "" if language == "zh" else " "
    return [" ".join(joint.join(text.splitlines()).split()) for text in texts], about


@cache
def notebook() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return content


def markdown(language: str, name: str) -> str:
    return (CORPUS / language / name).read_text(encoding="utf-8")


# What a document says about itself.


def members(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive, those of archives inside it too."""
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if content.startswith(b"PK\x03\x04"):
                found |= {f"{name}/{inner}": more for inner, more in members(content).items()}
            else:
                found[name] = content
    return found


@pytest.mark.parametrize("file", ALL_FILES, ids=is_like)
def test_no_machine_and_no_person_stands_in_a_file(file: Path) -> None:
    data = file.read_bytes()
    contents = members(data) if file.suffix in {".docx", ".pptx"} else {file.name: data}
    for name, content in contents.items():
        if name.endswith((".jpeg", ".pdf")):
            continue  # compressed; what a PDF says about itself is looked at below
        assert not MACHINE_PATH.search(content), name
        for tag, person in AUTHOR_TAGS.findall(content.decode("utf-8", "ignore")):
            assert person in AUTHORS, f"{name}: {tag}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("read", [policy, slides])
def test_core_properties(read: Callable[[str], Any], language: str) -> None:
    about = read(language).core_properties
    assert about.title
    assert bool(CHINESE.search(about.title)) == (language == "zh")
    assert about.language == CODES[language]
    assert {about.author, about.last_modified_by} <= AUTHORS
    assert not about.comments


# The employee policy.

VERDICTS = {
    "en": {"Allowed": "allowed", "Needs approval": "approval", "Never": "never"},
    "zh": {"允许": "allowed", "须经批准": "approval", "禁止": "never"},
}


def policy_headings(language: str) -> list[int]:
    levels = []
    for paragraph in policy(language).paragraphs:
        if match := re.fullmatch(r"Heading (\d)", paragraph.style.name):
            assert paragraph.text.strip()
            levels.append(int(match[1]))
    return levels


@pytest.mark.parametrize("language", LANGUAGES)
def test_policy_has_a_title_headings_header_and_page_numbers(language: str) -> None:
    document = policy(language)
    titles = [each.text for each in document.paragraphs if each.style.name == "Title"]
    assert titles == [document.core_properties.title]
    levels = policy_headings(language)
    assert levels.count(1) == 7
    assert levels.count(2) == 6
    section = document.sections[0]
    assert section.header.paragraphs[0].text == titles[0]
    footer = section.footer.paragraphs[0]._p.xml
    assert " PAGE " in footer
    assert " NUMPAGES " in footer


def test_policy_twins_have_the_same_paragraphs() -> None:
    styles = [[each.style.name for each in policy(lang).paragraphs] for lang in LANGUAGES]
    assert styles[0] == styles[1]
    assert policy_headings("en") == policy_headings("zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_policy_numbers_its_rules_and_its_steps_apart(language: str) -> None:
    numbers = [
        paragraph._p.pPr.numPr.numId.val
        for paragraph in policy(language).paragraphs
        if paragraph.style.name == "List Number"
    ]
    rules, steps = sorted(set(numbers))
    assert numbers == [rules] * 12 + [steps] * 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_policy_says_which_data_may_go_where(language: str) -> None:
    (table,) = policy(language).tables
    head, *rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert len(head) == 3
    verdicts = [[VERDICTS[language][cell] for cell in row[1:]] for row in rows]
    assert verdicts == [  # public, internal, confidential, personal, passwords
        ["allowed", "allowed"],
        ["allowed", "never"],
        ["approval", "never"],
        ["approval", "never"],
        ["never", "never"],
    ]


# The slides.


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_slide_has_a_title_and_notes_and_keeps_within_its_edges(language: str) -> None:
    deck = slides(language)
    assert 10 <= len(deck.slides) <= 14
    assert deck.slides[0].shapes.title.text == deck.core_properties.title
    for slide in deck.slides:
        assert slide.shapes.title.text
        assert (
            len(re.findall(r"[.。](?:\s|$|(?<=。))", slide.notes_slide.notes_text_frame.text)) >= 3
        )
        for shape in slide.shapes:
            assert min(shape.left, shape.top) >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_fits_into_its_boxes(language: str) -> None:
    """A careful estimate: a Chinese character is as wide as it is high, others are 0.55 of it."""
    for slide in slides(language).slides:
        for shape in [each for each in slide.placeholders if each.placeholder_format.idx < 2]:
            sizes = [
                run.font.size.pt
                for paragraph in shape.text_frame.paragraphs
                for run in paragraph.runs
                if run.font.size is not None
            ]
            size = max(sizes, default=30 if shape == slide.shapes.title else 26)
            width = shape.width.pt - 36
            height = 0.0
            for paragraph in shape.text_frame.paragraphs:
                ems = sum(1 if CHINESE.match(c) else 0.55 for c in paragraph.text)
                height += math.ceil(ems * size / width) * 1.2 * size + 14
            assert height <= shape.height.pt + 14, paragraph.text


def test_slide_twins_are_built_alike() -> None:
    english, chinese = (slides(language).slides for language in LANGUAGES)
    assert len(english) == len(chinese)
    for one, other in zip(english, chinese, strict=True):
        kinds = [[(s.shape_type, s.is_placeholder) for s in each.shapes] for each in (one, other)]
        assert kinds[0] == kinds[1]
        counts = [
            [len(s.text_frame.paragraphs) for s in each.shapes if s.has_text_frame]
            for each in (one, other)
        ]
        assert counts[0] == counts[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_slides_have_tables_and_charts_with_the_computed_values(language: str) -> None:
    charts = [s.chart for slide in slides(language).slides for s in slide.shapes if s.has_chart]
    values = [list(chart.plots[0].series[0].values) for chart in charts]
    assert values == [pytest.approx([PREFILL_S, DECODE_S]), [3200 + 400 * i for i in range(10)]]
    assert sum(s.has_table for slide in slides(language).slides for s in slide.shapes) == 2


WEIGHTS, PROMPT, ANSWER = 14e9, 4000, 300
PREFILL_S = 2 * WEIGHTS * PROMPT / 200e12
STEP_S = 2 * WEIGHTS / 2000e9
DECODE_S = (ANSWER - 1) * STEP_S
KV_BYTES = 2 * 40 * 8 * 128 * 2
INPUT_PRICE, OUTPUT_PRICE = 1.5e-6, 6e-6


def time_values() -> list[str]:
    total = PREFILL_S + DECODE_S
    return [
        f"{PREFILL_S:.2f}",
        f"{1000 * PREFILL_S / PROMPT:.2f}",
        f"{2 * WEIGHTS * PROMPT / 1e12:.0f}",
        f"{2 * WEIGHTS / 1e9:.0f} GB",
        f"299 × 0.014 = {DECODE_S:.3f}",
        f"{total:.3f}",
        f"{100 * DECODE_S / total:.0f}%",
        f"{STEP_S / (PREFILL_S / PROMPT):.0f}",
        f"{PROMPT + ANSWER - 1:,}",
        f"{100 * 150 * STEP_S / total:.0f}%",
        f"{150 * STEP_S:.1f}",
        f"{PREFILL_S / 2:.2f}",
    ]


def cache_values() -> list[str]:
    free = 80e9 - 2 * WEIGHTS - 4e9
    one, many = (2 * WEIGHTS + n * PROMPT * KV_BYTES for n in (1, 16))
    return [
        f"{KV_BYTES:,}",
        f"{KV_BYTES // 2:,}",
        f"{free / 1e9:.0f} GB",
        f"{free // (PROMPT * KV_BYTES):.0f}",
        *(f"{n * KV_BYTES / 1e9:.3f} GB" for n in (4000, 32000)),
        *(f"{n * KV_BYTES / 2 / 1e9:.3f} GB" for n in (4000, 32000)),
        f"{16 * PROMPT * KV_BYTES / 1e9:.3f} GB",
        *(f"{bytes_read / 2e12 * 1000:.1f}" for bytes_read in (one, many)),
        *(f"{n / (bytes_read / 2e12):.0f}" for n, bytes_read in ((1, one), (16, many))),
        f"{16 * one / many:.0f}",
        f"{many / one:.2f}",
        f"2 × 48 × 4 × 128 × 2 = {2 * 48 * 4 * 128 * 2:,}",
        f"{10000 * 2 * 48 * 4 * 128 * 2 / 1e9:.3f} GB",
    ]


def price_values() -> list[str]:
    parts = {"instructions": 900, "passages": 2200, "history": 800, "question": 100}
    assert sum(parts.values()) == PROMPT
    cost = PROMPT * INPUT_PRICE + ANSWER * OUTPUT_PRICE
    fewer, cached = cost - 1100 * INPUT_PRICE, cost - 0.9 * 900 * INPUT_PRICE
    return [
        *(f"{n * INPUT_PRICE:.5f}" for n in parts.values()),
        f"{ANSWER * OUTPUT_PRICE:.5f}",
        f"{PROMPT * INPUT_PRICE:.4f} + {ANSWER * OUTPUT_PRICE:.4f} = {cost:.4f}",
        f"{cost:.5f}",
        f"{200_000 * cost:,.0f}",
        *(f"{100 * parts[name] * INPUT_PRICE / cost:.0f}%" for name in ("passages", "question")),
        f"{fewer:.5f}",
        f"{100 * (1 - fewer / cost):.0f}%",
        f"{0.1 * 900 * INPUT_PRICE:.6f}",
        f"{cached:.6f}",
        f"{100 * (1 - cached / cost):.0f}%",
        f"{150 * OUTPUT_PRICE:.4f}",
        f"{100 * 150 * OUTPUT_PRICE / cost:.0f}%",
        f"{6000 * INPUT_PRICE:.3f} + {500 * OUTPUT_PRICE:.3f} = "
        f"{6000 * INPUT_PRICE + 500 * OUTPUT_PRICE:.3f}",
    ]


def conversation_values() -> list[str]:
    turns = [3200 + 400 * i for i in range(10)]
    history, output = sum(400 * i for i in range(10)), 10 * ANSWER
    assert turns[2] == PROMPT
    before, after = sum(turns) * INPUT_PRICE, output * OUTPUT_PRICE
    return [
        f"{turns[-1]:,}",
        f"{sum(turns):,}",
        f"{history:,}",
        f"{output:,}",
        f"{100 * history / sum(turns):.0f}%",
        f"{before:.3f} + {after:.3f} = {before + after:.3f}",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("values", [time_values, cache_values, price_values, conversation_values])
def test_numbers_of_the_slides(language: str, values: Callable[[], list[str]]) -> None:
    text = "\n".join(slide_text(slide) for slide in slides(language).slides)
    assert not [value for value in values() if not stands_in(text, value)]


# The handout.

Matrix = npt.NDArray[np.float64]
Q: Matrix = np.array([[1.0, 0], [0, 1], [1, 1]])
K: Matrix = np.array([[2.0, 0], [1, 1], [0, 3]])
V: Matrix = np.array([[4.0, 0], [0, 4], [2, 2]])


def softmax(scores: Matrix) -> Matrix:
    exponentials: Matrix = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: Matrix = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return result


def plain(value: float) -> str:
    return str(int(value)) if value == int(value) else number_text(value)


def handout_rows() -> list[str]:
    scaled = Q @ K.T / math.sqrt(2)
    exponentials, weights = np.exp(scaled), softmax(scaled)
    return [
        " ".join(
            [
                *(", ".join(plain(x) for x in m[i]) for m in (Q @ K.T, scaled, exponentials)),
                number_text(exponentials[i].sum()),
                ", ".join(number_text(x) for x in weights[i]),
                "(" + ", ".join(number_text(x) for x in (weights @ V)[i]) + ")",
            ]
        )
        for i in range(3)
    ]


def handout_values() -> list[str]:
    unscaled = softmax(Q[:1] @ K.T)[0]
    masked = softmax(np.array([[0, 1 / math.sqrt(2)]]))
    fourth = np.array([[0.0, 2]]) @ K.T / math.sqrt(2)
    return [
        *(number_text(x) for x in unscaled),
        *(number_text(x) for x in masked[0]),
        "(" + ", ".join(number_text(x) for x in (masked @ V[:2])[0]) + ")",
        *(plain(x) for x in fourth[0]),
        *(number_text(x) for x in softmax(fourth)[0]),
        "(" + ", ".join(number_text(x) for x in (softmax(fourth) @ V)[0]) + ")",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_handout_is_right_and_readable(language: str) -> None:
    pages, about = handout(language)
    text = " ".join(pages)
    assert 1 <= len(pages) <= 2
    assert text.startswith(about["Title"])
    assert about["Author"] in AUTHORS
    assert about["Creator"] == about["Producer"] == about["Subject"] == about["Keywords"] == ""
    assert not RADICALS.search(text)
    squeezed = text.replace(" ", "")
    assert "Attention(Q,K,V)=softmax(QKT/√dk)V" in squeezed
    for row in handout_rows():
        assert row.replace(" ", "") in squeezed
    assert not [value for value in handout_values() if not stands_in(text, value)]


def test_handout_twins_show_the_same_numbers() -> None:
    numbers = [
        re.findall(r"\d+(?:\.\d+)?", " ".join(handout(language)[0])) for language in LANGUAGES
    ]
    assert len(numbers[0]) > 100
    assert sorted(numbers[0]) == sorted(numbers[1])


# The notebook.


def test_notebook_is_executed_in_order_and_without_error() -> None:
    cells = [cell for cell in notebook()["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} == {"stream"}
    assert {output["name"] for output in outputs} == {"stdout"}
    assert all(cell["outputs"] for cell in cells[1:])


def test_notebook_gives_its_stored_outputs_again() -> None:
    namespace: dict[str, Any] = {}
    with np.printoptions():
        for cell in notebook()["cells"]:
            if cell["cell_type"] != "code":
                continue
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec("".join(cell["source"]), namespace)
            stored = "".join("".join(output["text"]) for output in cell["outputs"])
            assert printed.getvalue() == stored


def test_notebook_is_in_both_languages() -> None:
    texts = [
        "".join(cell["source"]) for cell in notebook()["cells"] if cell["cell_type"] == "markdown"
    ]
    bodies = [re.sub(r"(?m)^#.*$", "", text) for text in texts]
    languages = ["zh" if CHINESE.search(body) else "en" for body in bodies]
    assert languages == list(LANGUAGES) * (len(texts) // 2)
    headings = [line for text in texts for line in text.splitlines() if line.startswith("#")]
    assert len(headings) == 11
    assert all(re.fullmatch(r"#{1,2} .+ / .*[\u4e00-\u9fff].*", line) for line in headings)
    code = "".join(
        "".join(cell["source"]) for cell in notebook()["cells"] if cell["cell_type"] == "code"
    )
    assert set(re.findall(r"(?m)^(?:import|from) (\w+)", code)) == {"numpy"}
    assert code.count("assert ") >= 20


# The restricted guides.


@pytest.mark.parametrize("name", RESTRICTED)
def test_restricted_twins(name: str) -> None:
    for language in LANGUAGES:
        pairs = front_matter(CORPUS / language / name)
        assert [key for key, _ in pairs] == ["title", "language", "audience", "owner", "version"]
        values = dict(pairs)
        assert values["language"] == language
        assert values["audience"] == RESTRICTED[name]
        assert f"\n# {values['title']}\n" in markdown(language, name)
    english, chinese = (heading_depths(CORPUS / language / name) for language in LANGUAGES)
    assert english == chinese
    assert english.count(1) == 1
    assert all(deeper - depth <= 1 for depth, deeper in pairwise(english))
    body = markdown("en", name).split("---\n", 2)[2]
    assert 900 <= len(re.findall(r"\w[\w'’.,%–-]*", body)) <= 1500


def managers_values() -> list[str]:
    minutes = 3 + 4 + 0.15 * 12
    hours = 900 * (12 - minutes) / 60
    running = 12 * 30 + 10 * 50
    start_hours = 12 * 6 + 30
    left = hours * 50 - running
    worse = 3 + 4 + 0.3 * 12
    worse_left = 900 * (12 - worse) / 60 * 50 - running
    limit = (12 - 7 - running / (900 * 50 / 60)) / 12
    n, p, z = 100, 0.04, 1.96
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return [
        f"3 + 4 + 0.15 × 12 = {minutes:.1f}",
        f"{12 - minutes:.1f}",
        f"{hours:.0f}",
        f"{hours * 50:,.0f} − {running} = {left:,.0f}",
        f"{start_hours}",
        f"{start_hours * 50:,} / {left:,.0f} = {start_hours * 50 / left:.1f}",
        f"{worse:.1f}",
        f"{900 * (12 - worse) / 60:.0f}",
        f"{900 * (12 - worse) / 60 * 50:,.0f}",
        f"{worse_left:.0f}",
        f"{start_hours * 50 / worse_left:.1f}",
        f"{100 * limit:.1f}%",
        f"{100 * (centre - half):.1f}%",
        f"{100 * (centre + half):.1f}%",
    ]


def security_values() -> list[str]:
    request = 100_000 * INPUT_PRICE + 4_000 * OUTPUT_PRICE
    per_day = 20 * 60 * 24
    limited = 200 * (8_000 * INPUT_PRICE + 1_000 * OUTPUT_PRICE)
    return [f"{request:.3f}", f"{per_day:,}", f"{per_day * request:,.2f}", f"{limited:.2f}"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "values"),
    [("managers-guide.md", managers_values), ("security-annex.md", security_values)],
)
def test_numbers_of_the_restricted(
    language: str, name: str, values: Callable[[], list[str]]
) -> None:
    text = markdown(language, name)
    assert not [value for value in values() if not stands_in(text, value)]
