"""Find the fact that an incident is over: the rule `over` of its entry, which refutes that it is there now."""

from __future__ import annotations

from typing import Final

from intents.domain import Finding, FindingOutcome, JudgedHypothesis, Verdict

_OVER: Final = "over"


def recovery_of(one: JudgedHypothesis) -> Finding | None:
    """Return the finding by which an incident has ended; None for one that was never there, or still is."""
    if one.verdict is not Verdict.RULED_OUT:
        return None
    over = (each for each in one.findings if each.rule == _OVER and each.outcome is FindingOutcome.REFUTES)
    return next(over, None)
