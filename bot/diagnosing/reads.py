"""Run probes for hypotheses: each distinct read once, all concurrently; a failing one never stops another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import structlog

from bot.cluster.snapshot import Snapshot
from bot.common.tracing import SpanName, span
from bot.diagnosing.engine import Engine
from bot.graph.cluster_graph import ClusterGraph
from bot.probes.contract import Look
from intents.catalog.schema import Incident, Read
from intents.domain import Focus, Gap, GapReason, Hypothesis, JudgedHypothesis, ProbeResult
from intents.remedies import fill
from intents.verdicts import uncalled, values_for

_log: Final = structlog.get_logger(__name__)

_NO_CLUSTER: Final = ProbeResult(
    gaps=(Gap(what="the cluster", reason=GapReason.NO_CLUSTER, detail="no cluster is configured or reachable"),)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of a diagnosis: how many reads are done, and the judged hypotheses in order.

    `scanned` counts the objects that an overview has read from lists.
    """

    done: int
    total: int
    scanned: int = 0
    found: tuple[JudgedHypothesis, ...] = ()


class Reads:
    """The reads of one diagnosis.

    Without a snapshot every read is a gap: the answer then comes from the text alone.
    """

    def __init__(
        self,
        *,
        snapshot: Snapshot | None,
        engine: Engine,
        progress: Callable[[Progress], None] | None = None,
        alert: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Begin without reads; `alert` are the labels of the alert that is asked about.

        They are kept if the cluster has a Prometheus that can judge it.
        """
        self.alert = alert if snapshot and snapshot.has_metrics else MappingProxyType({})
        self._snapshot = snapshot
        self.engine = engine
        self._progress = progress
        self._tasks: dict[str, asyncio.Task[ProbeResult]] = {}
        self._done = 0
        self._found: list[JudgedHypothesis] = []
        self._graph: ClusterGraph | None = None

    def graph(self) -> ClusterGraph | None:
        """Return the edges among what was read so far, None without a cluster."""
        if self._snapshot is not None:
            self._graph = ClusterGraph(self._snapshot.objects(), self._graph)
        return self._graph

    async def for_hypothesis(
        self, incident: Incident, hypothesis: Hypothesis, focus: Focus
    ) -> Mapping[str, ProbeResult]:
        """Return a ProbeResult for each read of the incident. Turn refusals of the cluster into gaps; raise none."""
        if self._snapshot is None:
            return dict.fromkeys(incident.reads, _NO_CLUSTER)
        snapshot, meaning = self._snapshot, self.engine.meaning
        values = values_for(incident, hypothesis, focus=focus, now=None)
        names = {name: value for name, value in sorted(hypothesis.named.items()) if value}

        async def made(chosen: Iterable[tuple[str, Read]]) -> dict[str, ProbeResult]:
            tasks = {
                name: self._task(
                    read.probe,
                    Look(
                        snapshot=snapshot,
                        focus=focus,
                        args=fill(read.args, values),
                        named=names,
                        meaning=meaning,
                        alert=self.alert,
                    ),
                )
                for name, read in chosen
            }
            return {name: await task for name, task in tasks.items()}

        first = await made((name, read) for name, read in incident.reads.items() if not read.after)
        skipped = dict.fromkeys(uncalled(incident, hypothesis, first, focus=focus), ProbeResult(skipped=True))
        wanted = ((name, read) for name, read in incident.reads.items() if name not in {*first, *skipped})
        return {**skipped, **first, **await made(wanted)}

    def gaps_for(self, reported: Iterable[JudgedHypothesis]) -> tuple[Gap, ...]:
        """Return what could not be read, each once, sorted by wording.

        A source that does not exist counts only for the reported hypotheses: to others it says nothing.
        """
        gaps = {gap for task in self._tasks.values() if task.done() for gap in task.result().gaps}
        told = {gap for one in reported for finding in one.findings for gap in finding.gaps}
        kept = (gap for gap in gaps if gap.reason is not GapReason.NOT_FOUND or gap in told)
        return tuple(sorted(kept, key=str)) if self._snapshot else _NO_CLUSTER.gaps

    def report(self, judged: JudgedHypothesis) -> None:
        """Report a judged hypothesis to the progress listener at once."""
        self._found.append(judged)
        self._report_progress()

    def _task(self, probe_name: str, look: Look) -> asyncio.Task[ProbeResult]:
        key = json.dumps([probe_name, look.args, str(look.focus), look.focus.container, look.focus.node, look.named])
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._run(probe_name, look))
            self._report_progress()
        return self._tasks[key]

    async def _run(self, probe_name: str, look: Look) -> ProbeResult:
        try:
            with span(SpanName.PROBE, probe=probe_name) as part:
                result = await self.engine.probes[probe_name].run(look)
                part.set(gaps=len(result.gaps))
                return result
        except Exception:  # noqa: BLE001
            # A bug in one probe becomes a gap and a logged traceback; the other probes' evidence still counts.
            _log.exception("probe_failed", probe=probe_name, focus=str(look.focus))
            detail = "the probe failed; see the log"
            return ProbeResult(gaps=(Gap(what=probe_name, reason=GapReason.SERVER_ERROR, detail=detail),))
        finally:
            self._done += 1
            self._report_progress()

    def _report_progress(self) -> None:
        if self._progress:
            self._progress(Progress(done=self._done, total=len(self._tasks), found=tuple(self._found)))
