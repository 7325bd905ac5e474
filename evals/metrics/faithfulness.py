"""Whether an answer says only what the passages say that the model read.

faithfulness = claims that the passages support / claims, of one answer; its mean is over answers.
unsupported_answers = 1 if any claim of the answer is unsupported; its mean is the share of answers
with a fault, which is what a learner meets. An answer that rests on no passage at all is
unsupported.

Only answers count; an error where an answer was due is the worst. A case of which the judge saw
only a part has no value.

Source: Es, James, Espinosa-Anke and Schockaert, 2023, arXiv:2309.15217 (RAGAS), §3.
"""

from evals.metrics.verdicts import Verdicts, share
from evals.records import Row


def faithfulness_values(row: Row, verdicts: Verdicts) -> dict[str, float]:
    """Return faithfulness in [0, 1], and 0 or 1 for the answer as a whole.

    `verdicts` needed: "faithful" of each claim.
    """
    if row.error:
        return _values(0.0) if row.case.answerable else {}
    if row.abstained:
        return {}
    has_passages = bool(row.read or row.cited)
    supported = share(
        verdicts.supported("faithful", index) if has_passages else False
        for index, statement in enumerate(row.statements)
        if statement.is_claim
    )
    return {} if supported is None else _values(supported)


def _values(supported: float) -> dict[str, float]:
    return {"faithfulness": supported, "unsupported_answers": float(supported < 1)}
