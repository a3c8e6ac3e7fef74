"""What is asked, whatever the surface: a text to explain or an object to diagnose."""

from __future__ import annotations

from dataclasses import dataclass

from intents.matching import Matching


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainText:
    """Explain this text. `namespace` is a hint from the surface (-n, the channel's default), not from the text.

    `matching` is the match of exactly this text, if somebody has made it already.
    """

    text: str
    namespace: str = ""
    matching: Matching | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnoseObject:
    """Diagnose this object; `kind` as people write it (pod, sts, deployment.apps), `namespace` may be empty."""

    kind: str
    namespace: str = ""
    name: str


Request = ExplainText | DiagnoseObject
