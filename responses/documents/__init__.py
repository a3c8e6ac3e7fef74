"""Define the documents that programs get: the same for the command line, the HTTP API and MCP."""

from __future__ import annotations

from intents.catalog.fields import describe
from responses.documents import answers, parts
from responses.documents.answers import DiagnosisDocument, MatchingDocument, OverviewDocument, TimedDiagnosisDocument
from responses.documents.parts import Document

__all__ = [
    "DiagnosisDocument",
    "Document",
    "MatchingDocument",
    "OverviewDocument",
    "TimedDiagnosisDocument",
    "describe_documents",
]


def describe_documents() -> None:
    """Set the descriptions of all fields, which only schemas show."""
    for module in (parts, answers):
        describe(*(each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Document)))
