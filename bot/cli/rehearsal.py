"""Rehearse catalog cases: a simulated cluster in the case's state, a real connection, a real diagnosis.

`casebook lint` and the tests rehearse every case; nothing between the question and the HTTP call is replaced.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.diagnosing import Engine, diagnose
from bot.kube.objects import ref
from bot.playground.kubernetes import SimulatedCluster, WorldError, expanded
from bot.settings.prometheus import Source, Sources
from intents.catalog.cases import CaseError, ask_of, like_of, world_of
from intents.catalog.checks import examples_first, filled_signatures, unneeded_siblings
from intents.catalog.loader import Problem
from intents.catalog.schema import Case, Incident
from intents.domain import Diagnosis, ObjectRef, Verdict
from intents.request import DiagnoseObject, ExplainText, Request
from intents.symptoms import read_symptoms

# A fixed time, so that a rehearsal gives the same answer every day.
REHEARSAL_TIME: Final = datetime(2026, 3, 2, 3, 0, 0, tzinfo=UTC)
_MADE_BY_CONTROLLERS: Final = frozenset({"Pod", "PersistentVolume", "ServiceAccount"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The result of a case: the diagnosis, and the verdict on the case's incident (None if it was not raised)."""

    diagnosis: Diagnosis
    verdict: Verdict | None

    def findings_of(self, incident: Incident) -> str:
        """Return what each rule of the incident found, as the end of a sentence; "" if it was not raised."""
        found = (each for one in self.diagnosis.hypotheses if one.incident == incident.id for each in one.findings)
        told = "; ".join(f"{each.rule} {each.outcome}: {each.says.en}" for each in found)
        return f" ({told})" if told else ""


def request_of(incident: Incident, case: Case) -> Request:
    """Return the request of a case. Raise CaseError."""
    ask = ask_of(incident, case)
    if ask.text:
        return ExplainText(text=ask.text, namespace=ask.namespace)
    kind, *namespace, name = ask.object.split("/") if ask.object else ("Pod", *ask.pod.split("/"))
    return DiagnoseObject(kind=kind, namespace="".join(namespace), name=name)


def full_world_of(incident: Incident, case: Case) -> dict[str, Any]:
    """Return the cluster's state of a case with all objects that its scene and its faults stand for.

    Raises CaseError or WorldError for a case that cannot be staged.
    """
    return expanded(world_of(incident, case), now=REHEARSAL_TIME)


def stage(*worlds: Mapping[str, Any], clock: Callable[[], datetime] = lambda: REHEARSAL_TIME) -> SimulatedCluster:
    """Return a cluster in these states with healthy neighbours, at rehearsal time, not started. Raise WorldError."""
    cluster = SimulatedCluster(clock=clock)
    cluster.load_neighbours()
    for world in worlds:
        cluster.load(world)
    return cluster


@asynccontextmanager
async def reachable(cluster: SimulatedCluster) -> AsyncIterator[Path]:
    """Run a simulated cluster and yield the kubeconfig file for its user."""
    await cluster.start()
    try:
        with TemporaryDirectory(prefix="casebook-") as directory:
            path = Path(directory) / "kubeconfig"
            await asyncio.to_thread(path.write_text, json.dumps(cluster.kubeconfig()), encoding="utf-8")
            yield path
    finally:
        await cluster.stop()


@asynccontextmanager
async def staged(cluster: SimulatedCluster) -> AsyncIterator[Connection]:
    """Run a simulated cluster and yield a connection to it."""
    async with reachable(cluster) as kubeconfig:
        source = Source(url=cluster.prometheus.url) if cluster.prometheus.url else None
        async with connect(kubeconfig=kubeconfig, prometheus=Sources(usual=source)) as connection:
            yield connection


async def rehearse(engine: Engine, incident: Incident, case: Case) -> Rehearsal:
    """Rehearse a case with healthy neighbours. Raise CaseError or WorldError for a case that cannot be staged."""
    async with staged(stage(world_of(incident, case))) as connection:
        diagnosis = await diagnose(request_of(incident, case), engine=engine, connection=connection)
    verdict = next((one.verdict for one in diagnosis.hypotheses if one.incident == incident.id), None)
    return Rehearsal(diagnosis=diagnosis, verdict=verdict)


async def check_cases(engine: Engine, *, only: Collection[str] | None = None) -> tuple[Problem, ...]:
    """Rehearse every example and case, and return those with another result than their entry says.

    `only` names the incidents to rehearse; the others still compete for the examples.
    """
    problems: list[Problem] = []
    for incident in engine.catalog:
        if only is not None and incident.id not in only:
            continue
        source = engine.catalog.sources[incident.id]
        texts = (*incident.examples.match, *incident.examples.other)
        problems += (source.problem(path, says) for path, says in examples_first(incident, _first(engine, texts)))
        best = _first(engine, filled_signatures(incident)) if incident.yields_to else ()
        problems += (source.problem(path, says) for path, says in unneeded_siblings(incident, best))
        told: set[str] = set()
        for index, case in enumerate(incident.cases):
            try:
                rehearsal = await rehearse(engine, incident, case)
                strangers = only_in_twin(incident, case)
            except (CaseError, WorldError) as error:
                # A case that is like a wrong one is wrong as well.
                if str(error) not in told:
                    path = ("given", *error.path) if isinstance(error, WorldError) and error.path else ()
                    problems.append(source.problem(("cases", index, *path), str(error)))
                told.add(str(error))
                continue
            if rehearsal.verdict is not case.then:
                says = f"case {case.name!r} is judged {rehearsal.verdict or 'not at all'}, not {case.then}"
                problems.append(source.problem(("cases", index, "then"), says + rehearsal.findings_of(incident)))
            if strangers:
                says = f"the healthy twin and the case it is like have not the same objects: {', '.join(strangers)}"
                problems.append(source.problem(("cases", index, "given"), says))
    return tuple(sorted(problems))


def only_in_twin(incident: Incident, case: Case) -> list[str]:
    """Return what only one of a healthy twin and its broken case has; a rule could tell them apart by that alone.

    Controllers that are not held up make more pods and volumes.
    """
    if not case.healthy:
        return []
    healthy, broken = (_identities(incident, each) for each in (case, like_of(incident, case)))
    made = {each for each in healthy - broken if each.kind in _MADE_BY_CONTROLLERS}
    return sorted(map(str, (healthy ^ broken) - made))


def _identities(incident: Incident, case: Case) -> set[ObjectRef]:
    everything = stage(full_world_of(incident, case)).store.everything()
    # The name of a revision tells what is in it.
    return {ref(each, each["kind"]) for _, each in everything if each["kind"] not in ("ControllerRevision", "Event")}


def _first(engine: Engine, texts: Iterable[str]) -> list[str]:
    matched = (engine.matcher.match(read_symptoms(text)).hypotheses for text in texts)
    return [hypotheses[0].incident if hypotheses else "" for hypotheses in matched]
