"""Answer "what is wrong in this namespace?" and "what is wrong in this cluster?": scan, group, diagnose, merge, rank.

One object of each group is diagnosed; what is proven for it is said of the others that show the same trouble. Nothing
is kept of objects that are well, and of a diagnosis only its finding.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, Forbidden, NotFound
from bot.cluster.snapshot import Snapshot
from bot.cluster.watching import PageReader
from bot.diagnosing.diagnosis import TargetNotFound
from bot.diagnosing.engine import Engine
from bot.diagnosing.fingerprints import fault_of
from bot.diagnosing.object_search import candidates
from bot.diagnosing.object_states import ObjectState, state_of
from bot.diagnosing.reads import Reads
from bot.graph.edges import GraphNode
from bot.kube.access import EVERYTHING, Access
from bot.kube.objects import grouped
from bot.kube.timestamps import parse_time
from bot.overviews.scan import Scan, Scanner
from bot.overviews.troubled_objects import Group, Identity, TroubledObject, groups_of, impact_of, reference, troubled
from intents.domain import Existence, Json, JudgedHypothesis, NamedObject, ObjectRef, Text, Verdict
from intents.named_objects import ObjectKey
from intents.overview import Overview, OverviewFinding
from intents.verdicts import supported

DEADLINE_S: Final = 30.0
# Diagnoses at once: each holds what it read.
_AT_ONCE: Final = 4
# Further groups are named, not looked into.
MOST_DIAGNOSED: Final = 40
# The part of the deadline after which no further list is read.
_SCANNING: Final = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewProgress:
    """How far an overview is: objects read while it scans, then causes looked into of how many."""

    objects: int
    causes: int = 0
    of_causes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """A group after its diagnosis; `fault` is equal for groups of one cause."""

    group: Group
    finding: OverviewFinding
    fault: str


async def overview(
    namespace: str,
    *,
    engine: Engine,
    connection: Connection,
    deadline: float = DEADLINE_S,
    progress: Callable[[OverviewProgress], None] | None = None,
    access: Access = EVERYTHING,
    diagnosed: int = MOST_DIAGNOSED,
) -> Overview:
    """Return everything that is unhealthy in a namespace, "" for the whole cluster, within `deadline` seconds.

    At most so many causes are `diagnosed`; of the others it tells what the lists show.

    Raises TargetNotFound for a namespace that does not exist, and ClusterError if nothing can be read.
    """
    ends = time.monotonic() + deadline
    work = _Overview(
        engine=engine,
        connection=connection,
        access=access,
        ends=ends,
        diagnosed=diagnosed,
        tell=progress or (lambda _progress: None),
    )
    return await work.of(namespace, deadline=deadline)


@dataclass(slots=True, kw_only=True)
class _Overview:
    engine: Engine
    connection: Connection
    access: Access
    ends: float
    tell: Callable[[OverviewProgress], None]
    diagnosed: int = MOST_DIAGNOSED
    calls: int = 0

    async def of(self, namespace: str, *, deadline: float) -> Overview:
        reader = PageReader(
            connection=self.connection, access=self.access, deadline=time.monotonic() + deadline * _SCANNING
        )
        read = 0

        def scanned(objects: int) -> None:
            nonlocal read
            read = objects
            self.tell(OverviewProgress(objects=objects))

        async with self._snapshot() as snapshot:
            itself = await self._namespace(snapshot, namespace) if namespace else {}
            scan = await Scanner(reader=reader, namespace=namespace, progress=scanned).scan(snapshot.custom_kinds())
            self.calls += snapshot.calls + reader.meter.calls
        unwell = troubled(itself, "Namespace", scan.now) if itself else None
        if unwell is not None:
            scan.add(unwell)
        groups = groups_of(scan.rows)
        if namespace and unwell is None:
            # Its quota may be used up though its own status is well.
            groups.append(_of_namespace(namespace, scan))
        looked = await self._look(groups, scan, objects=read)
        by_fault = grouped(looked, lambda each: each.fault)
        findings = [*map(_joined, by_fault.values()), *(_unread(group) for group in groups[self.diagnosed :])]
        return Overview(
            namespace=namespace,
            cluster=self.connection.name,
            observed_at=scan.now,
            findings=tuple(sorted(findings, key=_place)),
            looked_at={kind: number for kind, number in sorted(scan.counts.items()) if number},
            gaps=tuple(scan.gaps),
            api_calls=self.calls,
        )

    async def _namespace(self, snapshot: Snapshot, namespace: str) -> Json:
        """Return the namespace itself, {} if it may not be read; raise TargetNotFound for one that does not exist."""
        resource, target = await snapshot.resource("Namespace"), ObjectRef(kind="Namespace", name=namespace)
        try:
            return await snapshot.get(resource, namespace)
        except NotFound:
            named = await candidates(snapshot, resource, target)
            raise TargetNotFound(NamedObject(target=target, existence=Existence.MISSING, candidates=named)) from None
        except Forbidden:
            return {}  # its objects may be readable all the same

    async def _look(self, groups: Sequence[Group], scan: Scan, *, objects: int) -> list[_Looked]:
        seats, done = asyncio.Semaphore(_AT_ONCE), 0
        chosen = groups[: self.diagnosed]

        async def look(group: Group) -> _Looked | None:
            nonlocal done
            async with seats:
                found = await self._diagnosed(group, scan)
            done += 1
            self.tell(OverviewProgress(objects=objects, causes=done, of_causes=len(chosen)))
            return found

        return [each for each in await asyncio.gather(*map(look, chosen)) if each is not None]

    async def _diagnosed(self, group: Group, scan: Scan) -> _Looked | None:
        """Return what the first member's diagnosis finds; None if it is well after all."""
        row = group.members[0]
        resource = scan.resources[row.id.kind]
        async with self._snapshot(now=scan.now) as snapshot:
            reads = Reads(snapshot=snapshot, engine=self.engine)
            try:
                obj = scan.samples.pop(row.id, None) or await snapshot.get(
                    resource, row.id.name, namespace=row.id.namespace
                )
                state = await state_of(snapshot, resource, obj, reads=reads)
            except NotFound:
                return None
            except ClusterError:
                return _Looked(group=group, finding=_unread(group), fault=str(row.id)) if row.problem else None
            finally:
                self.calls += snapshot.calls
        return _finding(group, state)

    def _snapshot(self, *, now: datetime | None = None) -> Snapshot:
        # An object that the scan read is diagnosed without a read of its own: nothing else tells the cluster's time.
        return Snapshot(self.connection, deadline=max(self.ends - time.monotonic(), 0.1), access=self.access, now=now)


def _of_namespace(name: str, scan: Scan) -> Group:
    id_ = Identity("Namespace", "", name)
    row = TroubledObject(id=id_, problem="", likeness=id_, node=GraphNode(key=id_))
    scan.name_kind(id_.kind)
    return Group(members=(row,), affected=frozenset())


def _finding(group: Group, state: ObjectState) -> _Looked | None:
    row = group.members[0]
    first = next((one for one in state.hypotheses if one.verdict is not Verdict.RULED_OUT and not one.capability), None)
    unread = _unread(group)
    if first is not None and (supported(first) or not state.unexplained):
        fault = fault_of(first) or f"{first.incident}|{row.id}"
        return _Looked(group=group, finding=of_cause(unread, first), fault=fault)
    if (state.unexplained and row.problem) or row.proven:
        says = Text.same(row.problem if row.proven else state.unexplained[0].quote)
        return _Looked(group=group, finding=replace(unread, unread=False, says=says), fault=str(row.id))
    return None


def of_cause(unread: OverviewFinding, cause: JudgedHypothesis) -> OverviewFinding:
    """Return a finding with the cause of its trouble."""
    return replace(
        unread,
        unread=False,
        at_fault=cause.subject or unread.at_fault,
        says=cause.summary if cause.summary.en else cause.title,
        verdict=cause.verdict,
        incident=cause.incident,
        title=cause.title,
        severity=cause.severity,
    )


def _unread(group: Group) -> OverviewFinding:
    """Return what the list alone tells of a group."""
    row = group.members[0]
    asked = ObjectRef(kind=row.id.kind, namespace=row.id.namespace, name=row.id.name)
    since = min((each.since for each in group.members if each.since), default="")
    return OverviewFinding(
        asked=asked,
        at_fault=reference(row.id),
        says=Text.same(row.problem),
        impact=impact_of(group.affected),
        caused=impact_of(_caused([group])),
        affected=group.lasting,
        since=parse_time(since),
        unread=True,
        belongs_to=tuple(
            ObjectRef(kind=kind, namespace=namespace, name=name)
            for kind, namespace, name in sorted(frozenset.intersection(*(each.owners for each in group.members)))
        ),
    )


def _caused(groups: Sequence[Group]) -> frozenset[Identity]:
    """Return the objects whose trouble follows from that of others in these groups."""
    affected = frozenset[Identity]().union(*(group.affected for group in groups))
    return affected - {member.id for group in groups for member in group.members}


def _joined(alike: Sequence[_Looked]) -> OverviewFinding:
    """Join groups of one cause, which suffer from it together."""
    first, groups = alike[0].finding, [each.group for each in alike]
    return replace(
        first,
        impact=impact_of(frozenset[Identity]().union(*(group.affected for group in groups))),
        caused=impact_of(_caused(groups)),
        affected=frozenset[ObjectKey]().union(*(each.finding.affected for each in alike)),
        since=min((each.finding.since for each in alike if each.finding.since), default=None),
        belongs_to=tuple(
            owner for owner in first.belongs_to if all(owner in each.finding.belongs_to for each in alike)
        ),
    )


def _place(finding: OverviewFinding) -> tuple[object, ...]:
    return (-finding.impact.weight, finding.verdict is None, str(finding.at_fault))
