"""Write checks as SARIF 2.1.0: a rule for each incident, a result for each cause that is not ruled out.

An object of a cluster is no file: its logical location names it, and a path made of its name lets viewers that group
results by file show it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from intents.domain import Json, JudgedHypothesis, ObjectRef, Verdict
from responses import glance
from responses.as_json import dumps
from responses.checks import Check, Outcome, Report, gaps_of, headline, hypotheses_of, proofs_of
from responses.workflow_commands import without_commands

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
NOT_ROLLED_OUT: Final = "rollout-not-complete"
_LEVELS: Final[Mapping[Verdict, str]] = MappingProxyType({
    Verdict.CONFIRMED: "error",
    Verdict.LIKELY: "warning",
    Verdict.POSSIBLE: "note",
})  # fmt: skip
# In a message, brackets make links and braces mark places for arguments.
_LITERAL: Final = str.maketrans({"\\": "\\\\", "[": "\\[", "]": "\\]", "{": "{{", "}": "}}"})


def checks_sarif(report: Report, *, exit_code: int) -> str:
    """Return the document of a run, with a newline at its end."""
    results: list[Json] = []
    rules: dict[str, tuple[int, Json]] = {}
    for check in report.checks:
        for rule, result in _results(check, report):
            index = rules.setdefault(rule["id"], (len(rules), rule))[0]
            results.append({**result, "ruleIndex": index})
    driver = {"name": "Casebook", "version": report.version, "rules": [rule for _, rule in rules.values()]}
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "language": "zh-CN" if report.language == "zh" else "en-US",
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(report, exit_code)],
                "results": results,
            }
        ],
    }
    return without_commands(dumps(document), hashes="\\u0023")


def _results(check: Check, report: Report) -> Iterator[tuple[Json, Json]]:
    """Yield the rule and the result of each cause, and of a rollout that did not complete for an unknown cause."""
    for one in hypotheses_of(check):
        yield _rule(one, report), _cause(one, check, report)
    if check.rollout and not check.rollout.complete and not hypotheses_of(check):
        rule = {
            "id": NOT_ROLLED_OUT,
            "name": "RolloutNotComplete",
            "shortDescription": {"text": "A rollout has not completed, and no known incident explains it."},
        }
        message = {"text": _message(headline(check, report))}
        place = _place(check, NOT_ROLLED_OUT)
        yield rule, {"ruleId": NOT_ROLLED_OUT, "level": "error", "message": message, **place}


def _rule(one: JudgedHypothesis, report: Report) -> Json:
    rule: Json = {
        "id": one.incident,
        "name": "".join(word.capitalize() for word in one.incident.split("-")),
        "shortDescription": {"text": one.title.in_(report.language)},
        "properties": {"severity": str(one.severity)},
    }
    if one.links:
        rule["helpUri"] = one.links[0].url
    return rule


def _cause(one: JudgedHypothesis, check: Check, report: Report) -> Json:
    lines = [glance.cause(one, report.language), *proofs_of(check, one, report.language)]
    return {
        "ruleId": one.incident,
        "level": _LEVELS[one.verdict],
        "message": {"text": _message("\n".join(lines))},
        "properties": {"verdict": str(one.verdict), "asked": check.asked, "fails": report.fails(one)},
        **_place(check, one.incident, at_fault=one.subject),
    }


def _place(check: Check, rule: str, *, at_fault: ObjectRef | None = None) -> Json:
    """Return where a result is, and what tells it from the others in the next run.

    That is the object that was asked about: the next rollout makes pods of other names.
    """
    asked = check.subject or ObjectRef(kind="", name=check.asked)
    about = at_fault or asked
    path = "/".join(quote(part, safe="") for part in ("kubernetes", *_parts(asked)))
    cluster = check.diagnosis.cluster if check.diagnosis else ""
    identity = hashlib.sha256("\0".join((cluster, rule, *_parts(asked))).encode()).hexdigest()
    return {
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": 1}},
                "logicalLocations": [
                    {"name": about.name, "fullyQualifiedName": "/".join(_parts(about)), "kind": "resource"}
                ],
            }
        ],
        "partialFingerprints": {"casebook/v1": identity},
    }


def _parts(ref: ObjectRef) -> list[str]:
    return [part for part in (ref.namespace, ref.kind, ref.name) if part]


def _invocation(report: Report, exit_code: int) -> Json:
    """Return how the run went: what could not be checked or read is a notification, never a result."""
    notes: list[dict[str, Any]] = []
    for check in report.checks:
        outcome = report.outcome(check)
        if check.error:
            notes.append({"level": "error", "message": {"text": _message(f"{check.asked}: {check.error}")}})
        elif gaps := glance.listed_gaps(gaps_of(check), report.language):
            level = "warning" if outcome is Outcome.UNKNOWN else "note"
            notes.append({"level": level, "message": {"text": _message(f"{check.name}: {gaps}")}})
    return {
        "executionSuccessful": not any(each.error for each in report.checks),
        "exitCode": exit_code,
        "toolExecutionNotifications": notes,
    }


def _message(text: str) -> str:
    return text.translate(_LITERAL)
