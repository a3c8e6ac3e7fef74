"""Select the trouble of a diagnosed object that no hypothesis explains."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from bot.diagnosing.observation import Observed, Statement, Telling
from intents.catalog.fields import Consequence
from intents.catalog.loader import Catalog
from intents.domain import Finding, FindingOutcome, JudgedHypothesis, Observation, Verdict
from intents.ranking import recovery_of

_MOST: Final = 8
# Quotes with the same first characters count as the same.
_TELLING: Final = 120
_CONDITION: Final = re.compile(r"^\w+=\w+ ")


def unexplained(observed: Observed, judged: Sequence[JudgedHypothesis], catalog: Catalog) -> tuple[Observation, ...]:
    """Return the trouble that no remaining hypothesis matched or found, and that follows from no confirmed one.

    What an incident left behind that is over needs no explanation either.
    The most telling comes first: how containers ended, then events, then conditions.
    """
    remaining = [one for one in judged if one.verdict is not Verdict.RULED_OUT]
    quotes = [match.quote for one in remaining for match in one.hypothesis.matches]
    quotes += [
        finding.quote for one in remaining for finding in one.findings if finding.outcome is FindingOutcome.SUPPORTS
    ]
    ended = {one.incident: over for one in judged if (over := recovery_of(one))}
    # Other conditions of the object may say the same: Failed and FailureTarget of a Job.
    quotes += [_CONDITION.sub("", row.quote) for over in ended.values() for row in over.rows]
    quoted = [" ".join(quote.split())[:_TELLING] for quote in quotes if quote]
    confirmed = [
        (entry.explains, frozenset(_pods(one.cluster_support)))
        for one in judged
        if one.verdict is Verdict.CONFIRMED and (entry := catalog.get(one.incident)) and entry.explains
    ]
    past = [(entry.explains, frozenset(_pods((over,)))) for name, over in ended.items() if (entry := catalog.get(name))]
    left = [
        statement
        for statement in observed.troubles
        if not _is_quoted(statement.text, quoted)
        and not any(_follows(statement, explains, pods) for explains, pods in confirmed)
        and not any(_is_left(statement, explains, pods) for explains, pods in past)
    ]
    left.sort(key=lambda each: (each.rank, each.subject, each.text))
    told = (Observation(subject=each.subject, quote=each.text, times=each.times) for each in left)
    return tuple({(one.subject, one.quote): one for one in told}.values())[:_MOST]


def _follows(statement: Statement, explains: Collection[Consequence], pods: Collection[tuple[str, str]]) -> bool:
    """Return whether a statement shows a consequence of a cause; of a pod, only if the cause was proven for it.

    A pod that a cause affects is not ready either.
    """
    if not (statement.shows in explains or statement.shows is Consequence.UNREADY):
        return False
    pod = (statement.subject.namespace, statement.subject.name)
    return statement.subject.kind != "Pod" or not pods or pod in pods


def _is_left(statement: Statement, explains: Collection[Consequence], pods: Collection[tuple[str, str]]) -> bool:
    """Return whether a statement is how a container ended before it recovered; what happens still is none of that."""
    pod = (statement.subject.namespace, statement.subject.name)
    return statement.telling is Telling.CONTAINER and statement.shows in explains and pod in pods


def _pods(findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    """Yield namespace and name of the pods that these are about."""
    for finding in findings:
        for row in finding.rows:
            subject = row.subject
            if subject.kind == "Pod":
                yield subject.namespace, subject.name
            if pod := row.values.get("pod"):
                yield str(row.values.get("namespace", subject.namespace)), str(pod)


def untold(observations: Sequence[Observation], judged: Iterable[JudgedHypothesis]) -> tuple[Observation, ...]:
    """Return the observations that no finding quotes, whether it supports or refutes."""
    quoted = [" ".join(each.quote.split())[:_TELLING] for one in judged for each in one.findings if each.quote]
    return tuple(one for one in observations if not _is_quoted(one.quote, quoted))


def is_over(problem: str, judged: Iterable[JudgedHypothesis]) -> bool:
    """Tell whether a problem is what an incident left behind that is over."""
    quotes = [" ".join(row.quote.split()) for one in judged if (over := recovery_of(one)) for row in over.rows]
    return _is_quoted(problem, [quote for quote in quotes if quote])


def _is_quoted(text: str, quoted: Sequence[str]) -> bool:
    """Tell whether one text contains the other's beginning; quotes may be cut."""
    flat = " ".join(text.split())
    return any(quote in flat or flat[:_TELLING] in quote for quote in quoted)
