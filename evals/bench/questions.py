"""The 60 first questions, put to the model: 40 that the first modules answer, 20 that they don't.

    python -m evals.bench.questions [--out FILE]

Needs the index and a running model server (`study up`, or `study model serve` beside it). Prints
the share refused of each kind, and of the answers how many cite the right module and show an
unsupported sentence; `--out` keeps every answer as a JSON line, to be read.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median

from assistant.answer_events import Finished, Wrote
from assistant.answer_json import answer_to_dict
from assistant.records import Answer
from assistant.settings import Settings
from assistant.wiring import StudyAssistant, build_assistant
from evals.bench.bilingual_set import SETS


def main() -> None:
    """Print the figures as JSON; progress goes to stderr."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    assistant = build_assistant(Settings.load())
    lines = (SETS / "first_questions.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    rows = []
    for number, case in enumerate(cases, start=1):
        answer, first_s, total_s = _timed(assistant, case["question"])
        rows.append((case, answer, first_s, total_s))
        state = "refused" if answer.abstained else "answered"
        print(
            f"{number}/{len(cases)} {total_s:5.1f} s {state}: {case['question']}", file=sys.stderr
        )
        if arguments.out:
            record = {"id": case["id"], "answerable": case["answerable"], **answer_to_dict(answer)}
            with arguments.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
    covered = [(case, answer) for case, answer, *_ in rows if case["answerable"]]
    answered = [(case, answer) for case, answer in covered if not answer.abstained]
    uncovered = [answer for case, answer, *_ in rows if not case["answerable"]]
    firsts = [first_s for *_, first_s, _ in rows if first_s is not None]
    print(
        json.dumps(
            {
                "uncovered": len(uncovered),
                "uncovered_refused": sum(answer.abstained for answer in uncovered),
                "covered": len(covered),
                "covered_refused": len(covered) - len(answered),
                "answers_citing_the_right_module": sum(
                    _cites_right(case, answer) for case, answer in answered
                ),
                "answers_with_an_unsupported_sentence_marked": sum(
                    any(not sentence.supported for sentence in answer.sentences)
                    for _, answer in answered
                ),
                "first_token_s_median": round(median(firsts), 1) if firsts else None,
                "answer_s_median": round(median(total_s for *_, total_s in rows), 1),
            },
            indent=1,
        )
    )


def _timed(assistant: StudyAssistant, question: str) -> tuple[Answer, float | None, float]:
    started, first_s = time.perf_counter(), None
    for event in assistant.stream(question):
        if isinstance(event, Wrote) and first_s is None:
            first_s = time.perf_counter() - started
        if isinstance(event, Finished):
            return event.answer, first_s, time.perf_counter() - started
    raise RuntimeError("The stream ended without an answer.")


def _cites_right(case: dict[str, list[dict[str, str]]], answer: Answer) -> bool:
    """Whether one citation is of the expected module, in either language."""
    wanted = {evidence["source"].split("/")[-1] for evidence in case["evidence"]}
    return any(citation.passage.source.split("/")[-1] in wanted for citation in answer.citations)


if __name__ == "__main__":
    main()
