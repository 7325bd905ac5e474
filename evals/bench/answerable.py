"""What tells answerable questions from others: features, weights, and how well they do.

    python -m evals.bench.answerable [--per-language 40] [--out FILE]

Needs the index and a running model server (`study up`, or `study model serve` beside it). Of the
development cases and the first questions, all that the materials don't cover and as many of the
others, spread evenly, are searched, and the model reads their nearest sentences
(`assistant/answer_sentences.py`). Prints the areas under the curve: of each feature alone, and of
their logistic regression with each question left out in turn; and the weights fitted to all, which
stand in `answer_sentences.WEIGHTS`. With `--out`, what was read is kept as JSON lines; questions
that stand there are not asked again.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assistant.answer_sentences import (
    AnswerableFeatures,
    AnswerableWeights,
    answer_sentences,
    answerable_features,
)
from assistant.excerpts import choose_excerpts
from assistant.follow_ups import earlier_questions
from assistant.orders import without_orders
from assistant.records import EVERYONE, Turn
from assistant.settings import Settings
from assistant.wiring import StudyAssistant, build_assistant
from evals.calibration import Sample, auc, fit_logistic
from evals.cases import CURRICULUM, SETS, load_cases
from evals.records import Case

FIRST_QUESTIONS = SETS / "first_questions.jsonl"

FloatArray = npt.NDArray[np.float64]


class Row(NamedTuple):
    """One question, and what tells whether it is answerable."""

    case_id: str
    language: str
    is_answerable: bool
    features: AnswerableFeatures


def main() -> None:
    """Print the figures as JSON; progress goes to stderr."""
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--per-language", type=int, default=40, help="answerable questions")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = _kept(arguments.out)
    known = {row.case_id for row in rows}
    settings = Settings.load()
    assistant = build_assistant(settings)
    cases = [case for case in _chosen(arguments.per_language) if case.id not in known]
    for number, case in enumerate(cases, start=1):
        row = Row(case.id, case.language, case.answerable, _features(assistant, settings, case))
        rows.append(row)
        print(f"{number}/{len(cases)} {case.id}", file=sys.stderr)
        if arguments.out:
            with arguments.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(json.dumps(figures(rows), indent=1))


def figures(rows: Sequence[Row]) -> dict[str, object]:
    """Return the areas under the curve, and the weights fitted to all `rows`."""
    columns = np.array([row.features for row in rows], dtype=np.float64)
    labels = np.array([row.is_answerable for row in rows], dtype=np.float64)
    left_out = np.array(
        [
            _predict(fit(np.delete(columns, number, 0), np.delete(labels, number)), columns[number])
            for number in range(len(rows))
        ]
    )
    languages = np.array([row.language for row in rows])
    return {
        "answerable": int(labels.sum()),
        "others": int((1 - labels).sum()),
        "auc_alone": {
            name: _auc(values, labels)
            for name, values in zip(AnswerableFeatures._fields, columns.T, strict=True)
        },
        "auc_left_out": {
            "all": _auc(left_out, labels),
            **{
                language: _auc(left_out[languages == language], labels[languages == language])
                for language in ("zh", "en")
            },
        },
        "weights": {
            name: round(value, 2) for name, value in fit(columns, labels)._asdict().items()
        },
    }


def fit(columns: FloatArray, labels: FloatArray) -> AnswerableWeights:
    """Return the weights of a logistic regression with a small ridge on standardised features.

    Args:
        columns: a row of features for each question, shape (n, 3).
        labels: 1 where it is answerable, else 0; shape (n,).
    """
    means, deviations = columns.mean(axis=0), columns.std(axis=0)
    deviations[deviations == 0] = 1  # a feature that is always the same gets no weight
    standard = np.column_stack([np.ones(len(columns)), (columns - means) / deviations])
    bias, *weights = fit_logistic(standard, labels, np.ones(len(labels)))
    raw = np.array(weights) / deviations
    return AnswerableWeights(float(bias - raw @ means), *(float(weight) for weight in raw))


def _predict(weights: AnswerableWeights, features: FloatArray) -> float:
    return float(weights.bias + np.array(weights[1:]) @ features)


def _auc(values: FloatArray, labels: FloatArray) -> float | None:
    # Ranks do as well as values, and are in [0, 1]; equal values keep equal ones.
    _, ranks = np.unique(values, return_inverse=True)
    order = ranks / max(len(values), 1)
    found = auc(Sample.of(order.tolist(), labels.astype(bool).tolist()))
    return None if found is None else round(found, 3)


def _chosen(per_language: int) -> list[Case]:
    """Return all that are not answerable, and so many others of each language, evenly spread."""
    cases = [
        case
        for case in load_cases([CURRICULUM, FIRST_QUESTIONS])
        if case.split == "dev" and case.passages is None
    ]
    chosen = [case for case in cases if not case.answerable]
    for language in ("zh", "en"):
        answerable = [case for case in cases if case.answerable and case.language == language]
        places = np.linspace(0, len(answerable) - 1, min(per_language, len(answerable)))
        chosen += [answerable[int(place)] for place in places]
    return chosen


def _features(assistant: StudyAssistant, settings: Settings, case: Case) -> AnswerableFeatures:
    """Return the features of a question, searched and read as the assistant does."""
    asked = without_orders(case.question)
    history = [Turn(question=turn.question, answer=turn.answer) for turn in case.history]
    standalone = " ".join([*earlier_questions(asked, history), asked])
    options = settings.answering
    result = assistant.retriever.search(
        standalone,
        top_k=settings.retrieval.top_k,
        audiences=frozenset({case.audience, *EVERYONE}),
        language=case.language,
    )
    excerpts = choose_excerpts(
        result.candidates, max_tokens=options.prompt_tokens, max_passages=options.max_passages
    )
    candidates = {candidate.hit.passage: candidate for candidate in result.candidates}
    read = answer_sentences(standalone, excerpts, candidates, assistant.chat_model)
    return answerable_features(asked, read, max(hit.nearness for hit in result.hits))


def _kept(path: Path | None) -> list[Row]:
    if path is None or not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        Row(case_id, language, is_answerable, AnswerableFeatures(*features))
        for case_id, language, is_answerable, features in map(json.loads, lines)
    ]


if __name__ == "__main__":
    main()
