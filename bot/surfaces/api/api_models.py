"""Define what programs ask, and what they get beside the documents of `responses`: incidents and errors."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from intents.catalog.fields import describe
from intents.domain import Language, Severity, Strength
from responses.documents import Document, TimedDiagnosisDocument
from responses.documents.parts import ObjectDocument, Words

MOST_INCIDENTS: Final = 1000

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=253)]
RequiredName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=253)]


class ApiQuestion(BaseModel):
    """A question; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    @property
    def about(self) -> tuple[str, str]:
        """Return the cluster and the object that are asked about, for the audit."""
        return "", ""


class ClusterQuestion(ApiQuestion):
    """A question about a cluster."""

    cluster: Name = ""
    """The name of the cluster. Default: the only one that may be seen, or the configured one."""
    namespace: Name = ""
    """The namespace."""
    language: Language | None = None
    """The language of sentences: `en` or `zh`."""

    @property
    def about(self) -> tuple[str, str]:
        return self.cluster, f"Namespace {self.namespace}" if self.namespace else ""


class DiagnoseQuestion(ClusterQuestion):
    """Diagnose one object: what is wrong with it, and why."""

    kind: RequiredName
    """A kind as kubectl knows it: `pod`, `deployment`, `sts`, `certificates.cert-manager.io`."""
    name: RequiredName
    """The name of the object. Without a namespace it is searched in all that may be seen."""

    @property
    def about(self) -> tuple[str, str]:
        return self.cluster, f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


class ExplainQuestion(ClusterQuestion):
    """Explain a text: an error, an event, a log. What it names is checked in the cluster."""

    text: Annotated[str, StringConstraints(min_length=1)]
    """The text. Credentials in it are removed before anything else happens."""


class OverviewQuestion(ClusterQuestion):
    """List what is wrong in a namespace; without one, in the whole cluster."""


class IncidentsQuestion(ApiQuestion):
    """List the incidents that Casebook knows."""

    q: Annotated[str, StringConstraints(max_length=200)] = ""
    """Words that must all occur in the id, title or explanation."""
    limit: Annotated[int, Field(ge=1, le=MOST_INCIDENTS)] = 50
    """The most incidents to return."""
    language: Language | None = None
    """The language of sentences: `en` or `zh`."""


class ExplainDocument(TimedDiagnosisDocument):
    """The answer about a text."""

    text_only: Words | None
    """Why no cluster was read, null if one was or if the text needs none."""


class IncidentDocument(Document):
    """An incident of the catalog."""

    id: str
    title: Words
    room: str
    """The part of the catalog: `network`, `storage`, `saved` for one that people saved, …"""
    explanation: str
    """The root cause, with placeholders such as `<pod>`."""
    severity: Severity
    strongest: Strength
    """The strongest verdict that a cluster can prove."""


class IncidentsDocument(Document):
    """The incidents that a search finds, in the order of their ids."""

    total: int
    """How many were found; more than are listed if `limit` is reached."""
    incidents: tuple[IncidentDocument, ...]


class ErrorDetails(Document):
    """Why a request got no answer."""

    code: str
    """A constant name, such as `unknown_kind`."""
    message: str
    field: str | None = None
    """The field of the request that is wrong."""
    suggestions: tuple[str, ...] = ()
    """Names that may have been meant."""
    candidates: tuple[ObjectDocument, ...] = ()
    """Objects that may have been meant."""


class ErrorDocument(Document):
    """The answer to every request that fails."""

    error: ErrorDetails


def describe_api() -> None:
    """Set the descriptions of all fields, which only schemas show."""
    describe(
        ClusterQuestion, DiagnoseQuestion, ExplainQuestion, OverviewQuestion, IncidentsQuestion,
        ExplainDocument, IncidentDocument, IncidentsDocument, ErrorDetails, ErrorDocument,
    )  # fmt: skip
