"""Write checks as JUnit XML: a test case for each object, with a failure or an error where it did not pass."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from responses import glance
from responses.checks import Check, Outcome, Report, gaps_of, headline, hypotheses_of, proofs_of
from responses.workflow_commands import without_commands

# What XML 1.0 cannot hold, not even as a reference.
_IMPOSSIBLE: Final = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAILURES: Final = frozenset({Outcome.FAILED, Outcome.NOT_ROLLED_OUT})
_ERRORS: Final = frozenset({Outcome.UNUSABLE, Outcome.NOT_FOUND})


def checks_junit(report: Report, *, timing: bool = False) -> str:
    """Return the document of a run. The times of its cases are in it only with `timing`."""
    outcomes = [report.outcome(each) for each in report.checks]
    counted = {
        "tests": str(len(outcomes)),
        "failures": str(sum(each in _FAILURES for each in outcomes)),
        "errors": str(sum(each in _ERRORS for each in outcomes)),
        "skipped": str(outcomes.count(Outcome.UNKNOWN)),
    }
    suites = ET.Element("testsuites", {"name": "casebook", **counted})
    suite = ET.SubElement(suites, "testsuite", {"name": "casebook", **counted})
    for check in report.checks:
        _case(suite, check, report, timing=timing)
    ET.indent(suites)
    written = ET.tostring(suites, encoding="unicode", xml_declaration=False)
    safe = without_commands(written, colon="&#58;", hashes="&#35;")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{safe}\n'


def _case(suite: ET.Element, check: Check, report: Report, *, timing: bool) -> None:
    named = {"classname": "casebook", "name": _text(check.name)}
    case = ET.SubElement(suite, "testcase", {**named, "time": f"{check.seconds:.3f}"} if timing else named)
    outcome = report.outcome(check)
    says = _text(headline(check, report))
    first = next(iter(hypotheses_of(check)), None)
    kind = first.incident if first else str(outcome).replace(" ", "-")
    evidence = _text("\n".join(_evidence(check, report)))
    if outcome in _FAILURES:
        ET.SubElement(case, "failure", {"message": says, "type": kind}).text = evidence or says
    elif outcome in _ERRORS:
        ET.SubElement(case, "error", {"message": says, "type": kind}).text = says
    elif outcome is Outcome.UNKNOWN:
        ET.SubElement(case, "skipped", {"message": says})
    if outcome not in _FAILURES:
        ET.SubElement(case, "system-out").text = _text("\n".join((says, *filter(None, [evidence]))))


def _evidence(check: Check, report: Report) -> list[str]:
    """Return every cause with its verdict, the proofs of the first one, and the gaps."""
    lines = []
    for number, one in enumerate(hypotheses_of(check)):
        lines.append(f"{one.verdict}: {glance.cause(one, report.language)} ({one.incident})")
        if not number:
            lines += (f"- {proof}" for proof in proofs_of(check, one, report.language))
    gaps = glance.listed_gaps(gaps_of(check), report.language)
    return [*lines, gaps] if gaps else lines


def _text(text: str) -> str:
    return _IMPOSSIBLE.sub("\ufffd", text)
