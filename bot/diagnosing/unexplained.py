"""Select the trouble of a diagnosed object that no hypothesis explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bot.diagnosing.observation import Observed, Statement
from intents.catalog.causes import Consequence
from intents.catalog.loader import Catalog
from intents.domain import FindingOutcome, JudgedHypothesis, Observation, Verdict

MOST: Final = 8
# Quotes with the same first characters count as the same.
_TELLING: Final = 120


def unexplained(observed: Observed, judged: Sequence[JudgedHypothesis], catalog: Catalog) -> tuple[Observation, ...]:
    """Return the trouble that no remaining hypothesis matched or found, and that follows from no confirmed one."""
    remaining = [one for one in judged if one.verdict is not Verdict.RULED_OUT]
    quotes = [match.quote for one in remaining for match in one.hypothesis.matches]
    quotes += [
        finding.quote for one in remaining for finding in one.findings if finding.outcome is FindingOutcome.SUPPORTS
    ]
    quoted = [" ".join(quote.split())[:_TELLING] for quote in quotes if quote]
    confirmed = [one for one in judged if one.verdict is Verdict.CONFIRMED]
    left = {
        Observation(subject=statement.subject, quote=statement.text)
        for statement in observed.troubles
        if not _is_quoted(statement.text, quoted) and not any(_follows(statement, one, catalog) for one in confirmed)
    }
    return tuple(sorted(left, key=lambda one: (one.subject, one.quote)))[:MOST]


def _follows(statement: Statement, cause: JudgedHypothesis, catalog: Catalog) -> bool:
    """Return whether a statement shows a consequence of the cause; of a pod, only if the cause was proven for it."""
    entry = catalog.get(cause.incident)
    shows = statement.shows
    if entry is None or not entry.explains or not (shows in entry.explains or shows is Consequence.UNREADY):
        return False
    pods = set(_pods(cause))
    pod = (statement.subject.namespace, statement.subject.name)
    return statement.subject.kind != "Pod" or not pods or pod in pods


def _pods(cause: JudgedHypothesis) -> Iterator[tuple[str, str]]:
    """Yield namespace and name of the pods that support it."""
    for finding in cause.findings:
        if finding.outcome is FindingOutcome.SUPPORTS and not finding.pasted:
            for row in finding.rows:
                subject = row.subject
                if subject.kind == "Pod":
                    yield subject.namespace, subject.name
                if pod := row.values.get("pod"):
                    yield str(row.values.get("namespace", subject.namespace)), str(pod)


def _is_quoted(text: str, quoted: Sequence[str]) -> bool:
    """Tell whether one text contains the other's beginning; quotes may be cut."""
    flat = " ".join(text.split())
    return any(quote in flat or flat[:_TELLING] in quote for quote in quoted)
