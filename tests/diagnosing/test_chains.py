"""Test causal chains: causes rank above their effects, only within the same time window."""

import json
import re
from typing import Any

import pytest

from bot.cli.rehearsal import full_world_of, stage, staged
from bot.diagnosing import diagnose
from intents.catalog.cases import ask_of, world_of
from intents.domain import ChainRole, Diagnosis, JudgedHypothesis, Verdict
from intents.ranking import MOST_MOMENTS
from intents.request import DiagnoseObject, ExplainText, Request
from tests.builtin import builtin_catalog
from tests.engines import remembering_engine

CATALOG = builtin_catalog().catalog
INCIDENTS = CATALOG.incidents
SLOW_ETCD: dict[str, Any] = {
    "logs": [
        {
            "pod": "kube-system/etcd-control-1",
            "container": "etcd",
            "since": "-25m",
            "text": '{"level":"warn","ts":"2026-03-02T02:35:00.301Z","msg":"slow fdatasync","took":"1.9s"}',
        }
    ],
    "metrics": [
        {
            "name": "etcd_disk_backend_commit_duration_seconds",
            "labels": {"job": "kube-etcd", "instance": "10.20.0.11:2379"},
            "p99": [0.02, 0.03, 0.9, 1.1, 1.0],
        }
    ],
}


def first_case(incident: str) -> dict[str, Any]:
    entry = INCIDENTS[incident]
    return world_of(entry, entry.cases[0])


def paste_of(incident: str) -> ExplainText:
    entry = INCIDENTS[incident]
    ask = ask_of(entry, entry.cases[0])
    return ExplainText(text=ask.text, namespace=ask.namespace)


def with_names(world: dict[str, Any], **names: str) -> dict[str, Any]:
    """Return the world with words replaced; underscores stand for hyphens."""
    text = json.dumps(world)
    for old, new in names.items():
        text = re.sub(rf"\b{old.replace('_', '-')}\b", new, text)
    found: dict[str, Any] = json.loads(text)
    return found


def owned(world: dict[str, Any], by: str) -> dict[str, Any]:
    """Return the world with its Deployment owned by the TidbCluster of a name, and labelled as TiDB Operator does."""
    found: dict[str, Any] = json.loads(json.dumps(world))
    for name, workload in found["scene"].items():
        if name.startswith("Deployment/"):
            workload["owner"] = f"TidbCluster/{by}"
            workload["labels"] = {"app.kubernetes.io/name": "tidb-cluster", "app.kubernetes.io/instance": by}
    return found


def days_ago(world: dict[str, Any]) -> dict[str, Any]:
    """Return the world with the controllers' last exits and lease changes three days earlier."""
    found: dict[str, Any] = json.loads(json.dumps(world).replace('"1143s"', '"3d"').replace('"-1120s"', '"-3d"'))
    return found


async def answer(request: Request, *worlds: dict[str, Any]) -> Diagnosis:
    async with staged(stage(*worlds)) as connection:
        return await diagnose(request, engine=remembering_engine(), connection=connection)


def by_incident(diagnosis: Diagnosis) -> dict[str, JudgedHypothesis]:
    return {one.incident: one for one in diagnosis.hypotheses}


async def test_lost_election_is_the_effect_of_slow_etcd() -> None:
    diagnosis = await answer(paste_of("leader-election-lost"), first_case("leader-election-lost"), SLOW_ETCD)

    assert [(one.incident, str(one.verdict), one.effect_of) for one in diagnosis.hypotheses[:2]] == [
        ("etcd-slow-disk", "confirmed", ""),
        ("leader-election-lost", "confirmed", "etcd-slow-disk"),
    ]
    moments = [(moment.at.strftime("%H:%M:%S"), moment.part, moment.subject.name) for moment in diagnosis.timeline]
    assert moments == [
        ("02:19:00", ChainRole.CAUSE, "10.20.0.11:2379"),
        ("02:35:00", ChainRole.CAUSE, "etcd-control-1"),
        ("02:40:33", ChainRole.EFFECT, "shard-operator-6c9f7d5b84-x7k2p"),
    ]
    assert [moment.lasts for moment in diagnosis.timeline] == [True, False, False]


async def test_same_chain_is_found_for_the_pod() -> None:
    request = DiagnoseObject(kind="Pod", namespace="chain-ops", name="shard-operator-6c9f7d5b84-x7k2p")

    diagnosis = await answer(request, first_case("leader-election-lost"), SLOW_ETCD)

    assert by_incident(diagnosis)["leader-election-lost"].effect_of == "etcd-slow-disk"
    assert diagnosis.hypotheses[0].incident == "etcd-slow-disk"


async def test_slow_etcd_today_does_not_explain_an_exit_three_days_ago() -> None:
    diagnosis = await answer(asked_undated(), days_ago(first_case("leader-election-lost")), SLOW_ETCD)

    first = diagnosis.hypotheses[0]
    assert (first.incident, first.verdict, first.effect_of) == ("leader-election-lost", Verdict.CONFIRMED, "")
    assert "etcd-slow-disk" not in by_incident(diagnosis)
    assert diagnosis.timeline == ()


def asked_undated() -> ExplainText:
    return ExplainText(text="leader election lost, the operator keeps restarting", namespace="chain-ops")


async def test_lost_election_explains_tikv_without_pd() -> None:
    in_namespace = with_names(first_case("leader-election-lost"), chain_ops="billing-db")
    beside = owned(in_namespace, by="billing")
    request = paste_of("tikv-pd-deadline-exceeded")

    alone = await answer(request, first_case("tikv-pd-deadline-exceeded"))
    diagnosis = await answer(request, first_case("tikv-pd-deadline-exceeded"), beside, SLOW_ETCD)
    elsewhere = await answer(request, first_case("tikv-pd-deadline-exceeded"), first_case("leader-election-lost"))
    strange = await answer(request, first_case("tikv-pd-deadline-exceeded"), in_namespace)
    before = await answer(request, first_case("tikv-pd-deadline-exceeded"), days_ago(beside))

    assert [(one.incident, one.effect_of) for one in diagnosis.hypotheses[:3]] == [
        ("etcd-slow-disk", ""),
        ("leader-election-lost", "etcd-slow-disk"),
        ("tikv-pd-deadline-exceeded", "leader-election-lost"),
    ]
    assert {moment.incident for moment in diagnosis.timeline} == {one.incident for one in diagnosis.hypotheses[:3]}
    assert len(diagnosis.timeline) <= MOST_MOMENTS
    assert [moment.at for moment in diagnosis.timeline] == sorted(moment.at for moment in diagnosis.timeline)
    for other in (alone, elsewhere, strange, before):
        assert other.hypotheses[0].incident == "tikv-pd-deadline-exceeded"
        assert other.hypotheses[0].effect_of == ""
        assert "leader-election-lost" not in by_incident(other)


LOGGED_BY_TIKV = (
    '[2026/03/02 02:58:46.507 +00:00] [INFO] [util.rs:566] ["PD failed to respond"] [err="Grpc(RpcFailure(RpcStatus '
    '{ code: 4-DEADLINE_EXCEEDED, message: \\"Deadline Exceeded\\", details: [] }))"] [endpoints=http://billing-pd:2379]'
)


async def test_controller_of_another_cluster_is_no_cause() -> None:
    """The text names no namespace, so every controller of the cluster may be looked at."""
    request = ExplainText(text=LOGGED_BY_TIKV)
    tikv = first_case("tikv-pd-deadline-exceeded")

    elsewhere = await answer(request, tikv, first_case("leader-election-lost"))
    of_cluster = owned(with_names(first_case("leader-election-lost"), chain_ops="billing-db"), by="billing")
    beside = await answer(request, tikv, of_cluster)

    first = elsewhere.hypotheses[0]
    assert (first.incident, first.verdict, first.effect_of) == ("tikv-pd-deadline-exceeded", Verdict.CONFIRMED, "")
    assert "leader-election-lost" not in by_incident(elsewhere)
    assert "shard-operator" not in str(elsewhere)
    assert by_incident(beside)["tikv-pd-deadline-exceeded"].effect_of == "leader-election-lost"


async def test_better_proven_effect_leads_and_names_its_likely_cause() -> None:
    entry = INCIDENTS["leader-election-lost"]
    case = next(case for case in entry.cases if case.name == "three controllers exit in the same minutes")
    unseen = {"absent": without_etcd_pod()}
    world = full_world_of(entry, case)
    world["logs"] = [log for log in full_world_of(entry, entry.cases[0])["logs"] if log.get("previous")]

    diagnosis = await answer(paste_of("leader-election-lost"), world, unseen)

    assert [(one.incident, str(one.verdict), one.effect_of) for one in diagnosis.hypotheses[:2]] == [
        ("leader-election-lost", "confirmed", "etcd-slow-disk"),
        ("etcd-slow-disk", "likely", ""),
    ]
    # The cause is inferred from its effect.
    assert {moment.part for moment in diagnosis.timeline} == {ChainRole.EFFECT}


def without_etcd_pod() -> list[str]:
    """Return the pod of etcd that the cluster of this case does not have, as Kind/namespace/name."""
    entry = INCIDENTS["etcd-slow-disk"]
    case = next(case for case in entry.cases if case.name.startswith("etcd runs outside the cluster, and three"))
    found: list[str] = full_world_of(entry, case)["absent"]
    return found


@pytest.mark.parametrize("incident", ["run-as-nonroot-root-image", "pending-insufficient-resources"])
async def test_incident_of_a_single_object_has_no_chain(incident: str) -> None:
    assert (await answer(paste_of(incident), first_case(incident))).timeline == ()
