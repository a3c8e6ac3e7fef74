"""Every broken case in one cluster: each question still gets its own answer. This is the cluster of `casebook demo`."""

from __future__ import annotations

from bot.cli.rehearsal import full_world_of, request_of, stage, staged
from bot.diagnosing import Engine, diagnose
from intents.domain import Verdict
from tests.catalog.conftest import CATALOG
from tests.connections import RememberingConnection


async def test_every_incident_is_proven_among_all_the_others(engine: Engine) -> None:
    told: dict[str, Verdict | None] = {}
    shared = [incident for incident in CATALOG if not incident.cases[0].alone]
    worlds = (full_world_of(incident, incident.cases[0]) for incident in shared)
    async with staged(stage(*worlds)) as connection:
        known = RememberingConnection.to(connection)
        for incident in shared:
            request = request_of(incident, incident.cases[0])
            diagnosis = await diagnose(request, engine=engine, connection=known)
            verdicts = {one.incident: one.verdict for one in diagnosis.hypotheses}
            told[incident.id] = verdicts.get(incident.id)

    assert told == {incident.id: incident.cases[0].then for incident in shared}


def test_no_two_incidents_break_the_same_object() -> None:
    """Else the demo would show a mixture that no cluster can be in.

    Nodes are few, with their Leases, and may fail in several ways; a definition of a kind is the same for all.
    kube-proxy's DaemonSet counts the nodes that an incident adds; its pods are compared one by one.
    """
    may_be_shared = {"Node", "CustomResourceDefinition", "Lease"}
    owners: dict[str, str] = {}
    for incident in (each for each in CATALOG if not each.cases[0].alone):
        for obj in full_world_of(incident, incident.cases[0])["objects"]:
            name = f"{obj['kind']}/{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
            if obj["kind"] not in may_be_shared and name != "DaemonSet/kube-system/kube-proxy":
                assert owners.setdefault(name, incident.id) == incident.id, name
