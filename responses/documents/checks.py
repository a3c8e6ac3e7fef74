"""Define the document of a run of checks, as pipelines get it."""

from __future__ import annotations

from intents.domain import Language, Verdict
from intents.rollout import RolloutState
from responses.as_json import dumps
from responses.checks import Check, Outcome, Report, headline
from responses.documents.answers import DiagnosisDocument
from responses.documents.parts import Document, ObjectDocument, Words


class RolloutDocument(Document):
    """The state of a rollout that was waited for."""

    state: RolloutState
    says: Words


class CheckDocument(Document):
    """What came of one object."""

    asked: str
    """The object as the command line named it."""
    object: ObjectDocument | None
    outcome: Outcome
    says: str
    error: str | None
    """Why it could not be checked."""
    rollout: RolloutDocument | None
    diagnosis: DiagnosisDocument | None
    """Null for a rollout that is complete."""
    seconds: float | None
    """Null unless times are asked for."""


class ChecksDocument(Document):
    """The outcome of all objects of a run."""

    exit_code: int
    fail_on: Verdict | None
    language: Language
    objects: tuple[CheckDocument, ...]


def checks_json(report: Report, *, exit_code: int, timing: bool = False) -> str:
    """Return the document of a run, with a newline at its end."""
    fields = {
        "exit_code": exit_code,
        "fail_on": report.fail_on,
        "language": report.language,
        "objects": [_fields_of(each, report, timing=timing) for each in report.checks],
    }
    return dumps(ChecksDocument.showing(fields, report.language).as_json())


def _fields_of(check: Check, report: Report, *, timing: bool) -> dict[str, object]:
    return {
        "asked": check.asked,
        "object": check.subject,
        "outcome": report.outcome(check),
        "says": headline(check, report),
        "error": check.error,
        "rollout": check.rollout,
        "diagnosis": DiagnosisDocument.fields_of(check.diagnosis, report.language) if check.diagnosis else None,
        "seconds": round(check.seconds, 3) if timing else None,
    }
