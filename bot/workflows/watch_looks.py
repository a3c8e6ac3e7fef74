"""Look at a namespace for the watch: its overview, and a diagnosis of objects whose trouble only warnings show."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.diagnosing import TargetNotFound, diagnose
from bot.kube.access import NOTHING, Access
from bot.overviews.overview import overview
from bot.workflows.job_payloads import WatchJob
from bot.workflows.services import Services
from intents.domain import Diagnosis, JudgedHypothesis, ObjectRef, Verdict
from intents.overview import Impact, Overview, OverviewFinding
from intents.request import DiagnoseObject
from intents.subjects import unshared

_log: Final = structlog.get_logger(__name__)

# Nobody waits for it.
_DEADLINES: Final = 4
# An overview reads lists, in which these look well; each needs a diagnosis of its own.
_MOST_WARNED: Final = 5
# Kind, namespace and name.
Id = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLooks:
    """Reads what the policy lets a channel see."""

    services: Services

    async def look(self, payload: WatchJob, *, warned: Sequence[Id]) -> Overview | None:
        """Return what is wrong in the namespace of a job; None if it cannot be read.

        `warned` are the objects that only warnings show.
        """
        services, started, namespace = self.services, time.monotonic(), payload.namespace
        requester = await services.presser(payload)
        try:
            connection = await services.clusters.get(payload.cluster)
            access = requester.scope.access(connection.name) if requester.scope.text_only_reason is None else NOTHING
            found = await overview(
                namespace,
                engine=services.engine(),
                connection=connection,
                deadline=services.deadline * _DEADLINES,
                access=access,
            )
        except (ClusterError, TargetNotFound) as error:
            # The trouble that still lasts is looked at again.
            _log.warning("watch_look_failed", error=str(error))
            return None
        known = {about for finding in found.findings for about in objects_of(finding)}
        others = [each for each in warned if each not in known][:_MOST_WARNED]
        for each in others:
            found = await self._with_cause(found, each, connection, access)
        seconds = time.monotonic() - started
        services.metrics.overviewed(found, intent="watch", seconds=seconds)
        _log.info("watch_looked", namespace=namespace, calls=found.api_calls, seconds=round(seconds, 3))
        return found

    async def _with_cause(self, known: Overview, about: Id, connection: Connection, access: Access) -> Overview:
        """Return what is known with the leading cause of an object's trouble, if that is confirmed."""
        kind, namespace, name = about
        try:
            found = await diagnose(
                DiagnoseObject(kind=kind, namespace=namespace, name=name),
                engine=self.services.engine(),
                connection=connection,
                deadline=self.services.deadline,
                access=access,
            )
        except (ClusterError, TargetNotFound) as error:
            _log.info("watch_diagnosis_failed", error=str(error))
            return known
        first = next((each for each in found.hypotheses if not each.capability), None)
        findings = known.findings
        if first is not None and first.verdict is Verdict.CONFIRMED:
            findings = _with(findings, _finding(ObjectRef(kind=kind, namespace=namespace, name=name), first), found)
        return replace(known, findings=findings, api_calls=known.api_calls + found.api_calls)


def objects_of(finding: OverviewFinding) -> frozenset[Id]:
    """Return the objects of a finding: asked about, at fault, and those that suffer, owners in the place of pods."""
    about = (finding.asked, finding.at_fault)
    return finding.affected | {id_of(each.kind, each.namespace, each.name) for each in about}


def connected(findings: Iterable[OverviewFinding]) -> list[list[OverviewFinding]]:
    """Return the findings in groups: those of a group are connected by objects that suffer from both."""
    groups: list[tuple[set[Id], list[OverviewFinding]]] = []
    for finding in findings:
        about, joined = set(objects_of(finding)), [finding]
        apart = [group for group in groups if group[0].isdisjoint(about)]
        for objects, before in (group for group in groups if group not in apart):
            about |= objects
            joined = [*before, *joined]
        groups = [*apart, (about, joined)]
    return [group for _, group in groups]


def id_of(kind: str, namespace: str, name: str) -> Id:
    """Return what identifies an object without the group of its kind, which a finding does not have."""
    return kind.partition(".")[0], namespace, name


def _with(known: Sequence[OverviewFinding], new: OverviewFinding, found: Diagnosis) -> tuple[OverviewFinding, ...]:
    """Return the findings with one more; what edges connect with another of the same incident suffers from that."""
    near = unshared(found.connected)
    same = next((each for each in known if each.incident == new.incident and objects_of(each) & near), None)
    if same is None:
        return (*known, new)
    return tuple(replace(each, affected=each.affected | new.affected) if each is same else each for each in known)


def _finding(asked: ObjectRef, cause: JudgedHypothesis) -> OverviewFinding:
    return OverviewFinding(
        asked=asked,
        at_fault=cause.subject or asked,
        says=cause.summary if cause.summary.en else cause.title,
        verdict=cause.verdict,
        incident=cause.incident,
        title=cause.title,
        severity=cause.severity,
        impact=Impact(others=1, examples=(asked,)),
        affected=frozenset({asked.key}),
    )
