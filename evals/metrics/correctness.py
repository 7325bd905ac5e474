"""How far an answer says what the reference says.

reference_recall = statements of the reference that the answer supports / all of the reference's;
reference_precision = claims of the answer that the reference supports / claims of the answer. An
answer may be right and say more than the reference: its precision is then low, so it is to be
read beside faithfulness.

token_f1 = 2PR / (P + R), where P and R are the shares of the answer's and of the reference's tokens
that both have, counted as often as in the one that has fewer. Tokens are words, as in SQuAD: lower
case, no punctuation, no articles; each Chinese character is one, as in CMRC 2018 (which then looks
for the longest common stretch: made for spans of a passage, not for sentences in own words).

Answerable cases with a reference count. Where the assistant refused, recall and token F1 are 0, and
precision has no value, as nothing was said; an error is 0 in all three.

Sources: Rajpurkar et al., 2016, doi:10.18653/v1/D16-1264; Cui et al., 2019,
doi:10.18653/v1/D19-1600.
"""

import re
import string
import unicodedata
from collections import Counter

from assistant.language import MARKER
from evals.judging import reference_statements
from evals.metrics.verdicts import Verdicts, share
from evals.records import Row

_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_CJK = r"\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\s{_CJK}]+")
_ARTICLES = frozenset({"a", "an", "the"})


def correctness_values(row: Row, verdicts: Verdicts) -> dict[str, float]:
    """Return recall and precision against the reference and token F1, each in [0, 1].

    `verdicts` needed: "reference" of each statement of the reference, "answer" of each claim.
    """
    if not row.case.answerable or not row.case.reference:
        return {}
    if row.error:
        return {"reference_recall": 0.0, "reference_precision": 0.0, "token_f1": 0.0}
    if row.abstained:
        return {"reference_recall": 0.0, "token_f1": 0.0}
    values = {
        "reference_recall": share(
            verdicts.supported("reference", index)
            for index in range(len(reference_statements(row.case)))
        ),
        "reference_precision": share(
            verdicts.supported("answer", index)
            for index, statement in enumerate(row.statements)
            if statement.is_claim
        ),
        "token_f1": token_f1(row.answer, row.case.reference),
    }
    return {name: value for name, value in values.items() if value is not None}


def token_f1(answer: str, reference: str) -> float:
    """Return the harmonic mean of token precision and recall, in [0, 1]; markers don't count.

    Where one has no tokens it is 0, where neither has any, 1.
    """
    said, wanted = tokens(answer), tokens(reference)
    if not said or not wanted:
        return float(said == wanted)
    return 2 * n_shared(said, wanted) / (len(said) + len(wanted))


def token_recall(answer: str, reference: str) -> float:
    """Return the share of the reference's tokens that the answer has; 1 where it has none."""
    said, wanted = tokens(answer), tokens(reference)
    return n_shared(said, wanted) / len(wanted) if wanted else 1.0


def n_shared(one: list[str], other: list[str]) -> int:
    """Return how many tokens both have, each as often as in the one that has it less often."""
    return (Counter(one) & Counter(other)).total()


def tokens(text: str) -> list[str]:
    """Return the tokens of `text`: English words and Chinese characters, in lower case.

    ASCII punctuation is taken out ("4.4" is one token), other punctuation separates.
    """
    text = MARKER.sub(" ", text)
    text = "".join(
        " " if not char.isascii() and unicodedata.category(char).startswith("P") else char
        for char in text
    )
    text = unicodedata.normalize("NFKC", text).lower().translate(_ASCII_PUNCTUATION)
    return [token for token in _TOKEN.findall(text) if token not in _ARTICLES]
