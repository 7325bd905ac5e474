"""Cases, rows and verdicts made for tests: everything is right unless it is said to be wrong."""

from collections.abc import Sequence

from assistant.records import Language
from evals.metrics.verdicts import Verdicts
from evals.records import Case, Cited, Evidence, Judged, Kind, Read, Row, Statement, What


def make_case(
    case_id: str = "c1",
    *,
    language: Language = "en",
    kind: Kind = "fact",
    question: str = "What does a mask hide?",
    reference: str = "",
    evidence: Sequence[tuple[str, str]] = (),
    answerable: bool = True,
    passages: tuple[str, ...] | None = None,
    module: str = "03",
) -> Case:
    return Case(
        id=case_id,
        language=language,
        kind=kind,
        question=question,
        reference=reference,
        evidence=tuple(Evidence(source=source, heading=heading) for source, heading in evidence),
        answerable=answerable,
        passages=passages,
        module=module,
    )


def make_read(source: str, *heading: str, text: str = "A mask hides what comes later.") -> Read:
    return Read(
        passage_id=f"{source}#{'/'.join(heading)}", source=source, heading=heading, text=text
    )


READ = make_read("en/03-transformer.md", "The Transformer", "Masks")


def make_statement(
    text: str = "A mask hides what comes later.",
    *citations: int,
    is_claim: bool = True,
    supported: bool = True,
) -> Statement:
    return Statement(text=text, citations=citations, is_claim=is_claim, supported=supported)


def make_answer(case: Case | None = None, *statements: Statement, read: Read = READ) -> Row:
    """Return the row of an answered case; its text is that of its statements.

    Each number that they cite stands for a passage.
    """
    case = case or make_case()
    return Row(
        case=case,
        answer=" ".join(statement.text for statement in statements),
        language=case.language,
        mode="model",
        statements=statements,
        cited=tuple(
            Cited(
                number=number,
                passage_id=f"p{number}",
                source=read.source,
                heading=read.heading,
                text=read.text,
                quote=read.text,
            )
            for number in sorted({each for one in statements for each in one.citations})
        ),
        read=(read,),
    )


def make_refusal(case: Case | None = None) -> Row:
    case = case or make_case()
    return Row(
        case=case,
        answer="The materials don't say.",
        language=case.language,
        abstained=True,
        mode="refusal",
    )


def make_error(case: Case | None = None) -> Row:
    return Row(case=case or make_case(), error="The model server can't be reached.")


def make_judged(
    what: What,
    index: int,
    supported: bool,
    *,
    citation: int = 0,
    case_id: str = "c1",
    judge: str = "rules",
) -> Judged:
    return Judged(
        case_id=case_id,
        judge=judge,
        what=what,
        index=index,
        citation=citation,
        probability=float(supported),
        supported=supported,
    )


def verdicts(what: What, *supported: bool) -> list[Judged]:
    """Return verdicts on the statements 0, 1, …"""
    return [make_judged(what, index, each) for index, each in enumerate(supported)]


NO_VERDICTS = Verdicts()
