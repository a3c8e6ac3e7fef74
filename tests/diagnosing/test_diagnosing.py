"""Diagnose requests over HTTP against a cluster that is slow, partly forbidden or broken."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.diagnosing import Engine, TargetNotFound, diagnose
from bot.playground.kubernetes import SimulatedCluster, expanded
from intents.catalog.cases import world_of
from intents.domain import Focus, GapReason, ObjectRef, Verdict
from intents.request import DiagnoseObject, ExplainText

REFUSED = "Error: container has runAsNonRoot and image will run as root"
BROKEN_POD = DiagnoseObject(kind="pod", namespace="ledger", name="db-tikv-0")


@pytest.fixture
async def cluster(engine: Engine) -> SimulatedCluster:
    """Return a cluster with healthy neighbours and a pod whose image may not run as root."""
    incident = engine.catalog.incidents["run-as-nonroot-root-image"]
    return stage(world_of(incident, incident.cases[0]))


@pytest.fixture
async def connection(cluster: SimulatedCluster) -> AsyncIterator[Connection]:
    async with staged(cluster) as opened:
        cluster.requests.clear()
        yield opened


async def test_pod_is_diagnosed_by_its_status_and_logs(engine: Engine, connection: Connection) -> None:
    diagnosis = await diagnose(BROKEN_POD, engine=engine, connection=connection)

    first = diagnosis.hypotheses[0]
    assert (first.incident, first.verdict) == ("run-as-nonroot-root-image", Verdict.CONFIRMED)
    assert first.subject is not None
    assert (first.subject.kind, first.subject.name) == ("Pod", "db-tikv-0")
    assert [(owner.kind, owner.name) for owner in diagnosis.owners] == [
        ("StatefulSet", "db-tikv"),
        ("TidbCluster", "db"),
    ]
    assert diagnosis.observed_at == REHEARSAL_TIME


async def test_workload_is_diagnosed_by_its_failing_pods(engine: Engine, connection: Connection) -> None:
    request = DiagnoseObject(kind="sts", namespace="ledger", name="db-tikv")
    diagnosis = await diagnose(request, engine=engine, connection=connection)

    assert diagnosis.focus == Focus(kind="StatefulSet", namespace="ledger", name="db-tikv")
    assert diagnosis.hypotheses[0].incident == "run-as-nonroot-root-image"
    assert diagnosis.hypotheses[0].verdict is Verdict.CONFIRMED


async def test_each_object_is_read_once(engine: Engine, cluster: SimulatedCluster, connection: Connection) -> None:
    diagnosis = await diagnose(BROKEN_POD, engine=engine, connection=connection)
    paths = [f"{request.path}?{request.query}" for request in cluster.requests]

    assert len(paths) == len(set(paths))
    assert diagnosis.api_calls == len(paths) <= 25


async def test_same_cluster_gives_the_same_diagnosis(engine: Engine, connection: Connection) -> None:
    first = await diagnose(BROKEN_POD, engine=engine, connection=connection)
    second = await diagnose(BROKEN_POD, engine=engine, connection=connection)

    assert repr(first) == repr(second)


async def test_deadline_returns_a_partial_answer(
    engine: Engine, cluster: SimulatedCluster, connection: Connection
) -> None:
    cluster.fail(path_prefix="/api/v1/pods", status=0, times=50, hang=True)
    started = time.monotonic()
    diagnosis = await diagnose(ExplainText(text=REFUSED), engine=engine, connection=connection, deadline=0.5)

    assert time.monotonic() - started < 5
    assert diagnosis.hypotheses[0].verdict in (Verdict.POSSIBLE, Verdict.LIKELY)
    assert {gap.reason for gap in diagnosis.gaps} == {GapReason.TIMED_OUT}


async def test_forbidden_read_names_the_permission_and_the_rest_continues(
    engine: Engine, cluster: SimulatedCluster, connection: Connection
) -> None:
    cluster.forbid(resource="events")
    diagnosis = await diagnose(BROKEN_POD, engine=engine, connection=connection)

    assert diagnosis.hypotheses[0].verdict is Verdict.CONFIRMED
    assert "needs list on events" in " ".join(map(str, diagnosis.gaps))


async def test_answer_without_a_cluster_uses_the_text_and_says_so(engine: Engine) -> None:
    diagnosis = await diagnose(ExplainText(text=REFUSED), engine=engine, connection=None)

    assert diagnosis.hypotheses[0].verdict is Verdict.POSSIBLE
    assert [gap.reason for gap in diagnosis.gaps] == [GapReason.NO_CLUSTER]
    assert diagnosis.api_calls == 0


async def test_chat_reads_nothing_from_the_cluster(
    engine: Engine, cluster: SimulatedCluster, connection: Connection
) -> None:
    request = ExplainText(text="lunch at twelve? the deploy went fine by the way")
    diagnosis = await diagnose(request, engine=engine, connection=connection)

    assert diagnosis.hypotheses == ()
    assert cluster.requests == []


@pytest.mark.parametrize(
    ("namespace", "name", "closest"),
    [
        ("ledger", "db-tikv-9", "Pod ledger/db-tikv-0"),
        ("legder", "db-tikv-0", "Pod ledger/db-tikv-0"),
        ("kube-system", "corednss", "Pod kube-system/coredns-"),
    ],
)
async def test_unknown_pod_gets_suggestions(
    engine: Engine, connection: Connection, namespace: str, name: str, closest: str
) -> None:
    with pytest.raises(TargetNotFound) as raised:
        await diagnose(DiagnoseObject(kind="pod", namespace=namespace, name=name), engine=engine, connection=connection)

    assert raised.value.named.target == ObjectRef(kind="Pod", namespace=namespace, name=name)
    assert str(raised.value.named.candidates[0]).startswith(closest)


@pytest.mark.parametrize(
    ("kind", "name", "named_by"),
    [
        ("storageclass", "gold", ["PersistentVolumeClaim shop/data-db-0"]),
        ("priorityclass", "urgent", ["StatefulSet shop/db"]),
        ("configmap", "shop/flags", ["StatefulSet shop/db"]),
        ("serviceaccount", "shop/nobody", []),
    ],
)
async def test_what_needs_a_missing_object_is_told(engine: Engine, kind: str, name: str, named_by: list[str]) -> None:
    container = {"image": "db:1", "envFrom": [{"configMapRef": {"name": "flags"}}]}
    scene = {
        "StatefulSet/shop/db": {
            "containers": {"db": container},
            "pod": {"priorityClassName": "urgent"},
            "claims": {"data": {"class": "gold", "mount": "/data"}},
            "pods": ["db-0"],
        }
    }
    faults = {"PersistentVolumeClaim/shop/data-db-0": {"pending": 'storageclass.storage.k8s.io "gold" not found'}}
    cluster = stage(expanded({"scene": scene, "faults": faults}, now=REHEARSAL_TIME))
    namespace, _, name = name.rpartition("/")
    request = DiagnoseObject(kind=kind, namespace=namespace, name=name)
    async with staged(cluster) as connection:
        with pytest.raises(TargetNotFound) as raised:
            await diagnose(request, engine=engine, connection=connection)

    assert [str(each) for each in raised.value.named.named_by] == named_by


@pytest.mark.parametrize(
    "request_", [DiagnoseObject(kind="pdo", name="x"), DiagnoseObject(kind="pod", namespace="a/b", name="../x")]
)
async def test_invalid_object_is_rejected_in_one_line(
    engine: Engine, connection: Connection, request_: DiagnoseObject
) -> None:
    with pytest.raises(ClusterError) as raised:
        await diagnose(request_, engine=engine, connection=connection)

    assert "\n" not in str(raised.value)


async def test_unexplained_problem_is_reported(engine: Engine) -> None:
    gate = 'the status of pod readiness gate "acme.io/registered" is not "True", but False'
    world: dict[str, Any] = {
        "scene": {"Pod/batch/sorter": {"containers": {"main": "sorter:1"}}},
        "faults": {
            "Pod/batch/sorter": {
                "conditions": {"Ready": {"status": "False", "reason": "ReadinessGatesNotReady", "message": gate}}
            }
        },
    }
    async with staged(stage(world)) as connection:
        request = DiagnoseObject(kind="pod", namespace="batch", name="sorter")
        diagnosis = await diagnose(request, engine=engine, connection=connection)

    assert diagnosis.hypotheses == ()
    assert any(gate in one.quote for one in diagnosis.unexplained)


async def test_two_containers_that_fail_are_both_told(engine: Engine) -> None:
    containers = {"app": (1, "FATAL: no settings"), "proxy": (3, "FATAL: bad token")}
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}
    statuses = [
        {
            "name": name, "image": f"{name}:1", "ready": False, "restartCount": 5, "state": waiting,
            "lastState": {"terminated": {"exitCode": code, "reason": "Error", "startedAt": "-5m", "finishedAt": "-4m"}},
        }
        for name, (code, _) in containers.items()
    ]  # fmt: skip
    pod = {
        "kind": "Pod",
        "metadata": {"name": "web-0", "namespace": "shop"},
        "spec": {"nodeName": "worker-a", "containers": [{"name": name, "image": f"{name}:1"} for name in containers]},
        "status": {"phase": "Running", "containerStatuses": statuses},
    }
    logs = [
        {"pod": "shop/web-0", "container": name, "previous": True, "text": line}
        for name, (_, line) in containers.items()
    ]
    world = expanded({"objects": [pod], "logs": logs}, now=REHEARSAL_TIME)

    async with staged(stage(world)) as opened:
        diagnosis = await diagnose(
            DiagnoseObject(kind="Pod", namespace="shop", name="web-0"), engine=engine, connection=opened
        )

    first = diagnosis.hypotheses[0]
    assert first.verdict is Verdict.CONFIRMED
    told = " ".join(finding.says.en for finding in first.cluster_support)
    assert all(f"ontainer {name} " in told for name in containers)
