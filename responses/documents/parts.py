"""Define the parts of the documents that programs get: objects, gaps, evidence, steps, remediations.

A model reads its fields from the value of the same name in `intents`; `_further` adds what is derived. Sentences are in
the language of the validation context. Keys are added over time, never renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from intents.domain import FindingOutcome, GapReason, Language, Text, Unit

# Further rows of a finding are alike.
_MOST_ROWS: Final = 10


def _in_language(value: Any, info: ValidationInfo) -> Any:
    return value.in_(info.context or Language.EN) if isinstance(value, Text) else value


Words = Annotated[str, BeforeValidator(_in_language)]
OrNone = BeforeValidator(lambda value: value or None)
Moment = Annotated[
    datetime,
    PlainSerializer(lambda at: at.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Document(BaseModel):
    """A part of an answer, made from a value of `intents`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, dict | BaseModel):
            return value
        return cls.known_of(value) | cls._further(value)

    @classmethod
    def known_of(cls, value: Any) -> dict[str, Any]:
        """Return the fields that the value has under their own name."""
        return {name: getattr(value, name) for name in cls.model_fields if hasattr(value, name)}

    @classmethod
    def _further(cls, _value: Any) -> dict[str, Any]:
        """Return the fields that the value does not have under their own name."""
        return {}

    @classmethod
    def showing(cls, value: Any, language: Language) -> Self:
        """Return the document of a value, which must be safe to show."""
        return cls.model_validate(value, context=language)

    def as_json(self) -> dict[str, Any]:
        """Return the document as plain JSON."""
        return self.model_dump(mode="json")


class ObjectDocument(Document):
    """An object of a cluster."""

    kind: str
    namespace: str = ""
    """Empty for a cluster-scoped object."""
    name: str
    uid: str = ""
    """Empty if it was not read."""


class TargetDocument(Document):
    """What the answer is about, as far as it is known."""

    kind: str
    namespace: str
    name: str
    container: str
    node: str


class GapDocument(Document):
    """Something that could not be read, and why. It never counts as "fine"."""

    what: str
    reason: GapReason
    detail: str
    permission: Annotated[str | None, BeforeValidator(lambda value: str(value) if value else None)]
    """The RBAC permission that is missing, such as `list on apps/deployments`."""


class LinkDocument(Document):
    """A link to further reading."""

    title: str
    url: str


class TableDocument(Document):
    """A table of evidence, formatted for people."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class PlotLineDocument(Document):
    """One line of a plot."""

    label: str
    points: tuple[tuple[float, float], ...]
    """(seconds since 1970, value), oldest first."""


class PlotDocument(Document):
    """Values of a metric over time."""

    title: Words
    unit: Unit
    limit: float
    """Values above it are too high."""
    lines: tuple[PlotLineDocument, ...]


class RowDocument(Document):
    """One fact that was read from the cluster."""

    subject: ObjectDocument
    quote: str
    """The cluster's own words."""
    at: Moment | None
    """When it happened, if known; if it `lasts`, it has been true since then."""
    lasts: bool
    reproduce: str
    """The kubectl command that shows it again."""


class FindingDocument(Document):
    """What an evidence rule of the catalog found."""

    rule: str
    outcome: FindingOutcome
    says: Words
    decisive: bool
    pasted: bool
    """Whether it rests on the text alone, not on the cluster."""
    subject: ObjectDocument | None
    quote: str
    """The cluster's own words."""
    reproduce: str
    """The kubectl command that shows it again."""
    table: TableDocument | None
    plot: PlotDocument | None
    gaps: tuple[GapDocument, ...]
    rows: Annotated[tuple[RowDocument, ...], BeforeValidator(lambda rows: rows[:_MOST_ROWS])]
    """The first rows that were read."""


class StepDocument(Document):
    """A manual step, with the real names filled in."""

    says: Words
    run: str
    """A command to run, empty for none."""
    warning: Words | None


class RemedyDocument(Document):
    """A remediation that Casebook offers in Slack. No interface for programs runs it."""

    id: str
    action: str
    title: Words
    target: ObjectDocument | None
    args: Mapping[str, Any]
    risk: str
    warning: Words | None
    until: Annotated[str | None, OrNone]


class MatchDocument(Document):
    """The line of a text that matches a signature."""

    line: int
    quote: str
    signature: str
    score: float
    captures: Mapping[str, str]
