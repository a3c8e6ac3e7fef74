"""Define requests, whatever the surface: explain a text or diagnose an object."""

from __future__ import annotations

from dataclasses import dataclass

from intents.matcher import MatchResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainText:
    """A request to explain a text. `namespace` is the default of the surface (-n, the channel's), not from the text.

    `matching` is the match of exactly this text, if it was made already. In a text that is `addressed` to the bot any
    word may be the name of an object: "why is checkout crashing?".
    """

    text: str
    namespace: str = ""
    matching: MatchResult | None = None
    addressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnoseObject:
    """A request to diagnose an object. `kind` is as people write it: pod, sts, deployment.apps."""

    kind: str
    namespace: str = ""
    name: str


Request = ExplainText | DiagnoseObject
