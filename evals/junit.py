"""A run as JUnit XML, so that a CI service lists the cases: a test case each, a suite a kind."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from evals.faults import Fault, faults_by_case
from evals.figure_text import figure_text
from evals.records import Row
from evals.run_folder import Run

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 can't hold, even escaped (section 2.2 of the standard)."""


def junit_xml(run: Run) -> str:
    """Return the run as JUnit XML.

    A case with faults is a failure, one that ended in an error an error; times are in seconds.
    """
    faults = faults_by_case(run.rows, run.scores.per_case)
    kinds: dict[str, list[Row]] = {}
    for row in run.rows:
        kinds.setdefault(row.case.kind, []).append(row)
    root = ET.Element("testsuites", {"name": _clean(run.provenance.name)})
    root.attrib |= _totals(run.rows, faults)
    for kind, rows in kinds.items():
        suite = ET.SubElement(root, "testsuite", {"name": kind, **_totals(rows, faults)})
        suite.set("timestamp", run.provenance.date.isoformat(timespec="seconds"))
        _add_judge(suite, run)
        for row in rows:
            _add_case(suite, row, faults[row.case.id])
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _add_judge(suite: ET.Element, run: Run) -> None:
    """Tell as properties who judged, and how good the judge is against people's labels."""
    made = run.provenance
    values = {"judge": made.judge or "none", "judge_labels": made.judge_labels or "none"}
    values |= {f"judge_{each.metric}": figure_text(each) for each in made.judge_quality}
    properties = ET.SubElement(suite, "properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})


def _add_case(suite: ET.Element, row: Row, faults: Sequence[Fault]) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "name": _clean(row.case.id),
            "classname": f"{row.case.kind}.{row.case.language}",
            "time": f"{row.total_s:.3f}",
        },
    )
    if row.error:
        error = ET.SubElement(case, "error", {"message": _clean(row.error), "type": "error"})
        error.text = _clean(f"Question: {row.case.question}")
    elif faults:
        failure = ET.SubElement(case, "failure", {"message": ", ".join(faults), "type": faults[0]})
        failure.text = _clean(
            f"Question: {row.case.question}\nReference: {row.case.reference}\nAnswer: {row.answer}"
        )


def _totals(rows: Sequence[Row], faults: dict[str, tuple[Fault, ...]]) -> dict[str, str]:
    n_errors = sum(bool(row.error) for row in rows)
    n_faulty = sum(bool(faults[row.case.id]) for row in rows)
    return {
        "tests": str(len(rows)),
        "failures": str(n_faulty - n_errors),
        "errors": str(n_errors),
        "time": f"{sum(row.total_s for row in rows):.3f}",
    }


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
