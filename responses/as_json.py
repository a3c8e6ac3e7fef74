"""Write an answer as JSON for programs: sorted keys, the same bytes for the same snapshot.

`responses.documents` defines the keys. Clock values and call counts are under `timing`, and only on request. A sentence
may say how long ago something was, counted from the snapshot's time, which is part of the snapshot.

The models are imported on demand: most commands print no JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from intents.domain import Hypothesis, Language
from responses.safety import SafeDiagnosis


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStats:
    """The numbers that differ between two runs over the same snapshot. `seconds` is wall time."""

    seconds: float
    api_calls: int
    observed_at: str = ""

    def rounded(self) -> dict[str, Any]:
        """Return the numbers as they are written."""
        return asdict(replace(self, seconds=round(self.seconds, 3)))


def diagnosis_json(diagnosis: SafeDiagnosis, *, language: Language, timing: RunStats | None = None) -> str:
    """Return the document of `casebook explain` and `casebook diagnose`, with a newline at its end."""
    from responses.documents import DiagnosisDocument, TimedDiagnosisDocument  # noqa: PLC0415

    fields = DiagnosisDocument.fields_of(diagnosis, language)
    if timing is None:
        return dumps(DiagnosisDocument.showing(fields, language).as_json())
    return dumps(TimedDiagnosisDocument.showing(fields | {"timing": timing.rounded()}, language).as_json())


def matching_json(hypotheses: Sequence[Hypothesis], nearest: Sequence[Hypothesis]) -> str:
    """Return the document of `casebook match`. The hypotheses have passed `safe_value`."""
    from responses.documents import MatchingDocument  # noqa: PLC0415

    found = {"hypotheses": tuple(hypotheses), "nearest": tuple(nearest)}
    return dumps(MatchingDocument.model_validate(found).as_json())


def dumps(document: Mapping[str, Any]) -> str:
    """Return a document as indented JSON with sorted keys and a newline at its end."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
