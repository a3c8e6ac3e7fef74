"""Define requests, whatever the surface: explain a text or diagnose an object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainText:
    """A request to explain a text. `namespace` is the default of the surface (-n, the channel's), not from the text."""

    text: str
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnoseObject:
    """A request to diagnose an object. `kind` is as people write it: pod, sts, deployment.apps."""

    kind: str
    namespace: str = ""
    name: str


Request = ExplainText | DiagnoseObject
