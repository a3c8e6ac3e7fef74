"""Changes, revisions and places: what the cluster keeps of them, by whom and when, and what it does not keep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from intents.domain import Language
from intents.talk.asks import Ask
from tests.asked.sheets_of import lines_of, sheet_of, told

CRASHED = "api-7d9f8b6c54-x2x4z"
HELM = {"meta.helm.sh/release-name": "till", "meta.helm.sh/release-namespace": "orders"}


def _written(manager: str, time: str, **fields: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": f"2026-03-02T{time}Z", "fieldsV1": fields}


def _config_map(name: str, *writes: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    made = {"name": name, "namespace": "orders", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**made, "managedFields": list(writes), **metadata},
        "data": {"mode": "fast"},
    }


DATA: dict[str, Any] = {"f:data": {"f:mode": {}}}
LEADER = {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}}
WORLD: dict[str, Any] = {
    "scene": {
        "Deployment/orders/api": {
            "age": "20d",
            "containers": {"api": {"image": "api:8", "envFrom": [{"configMapRef": {"name": "settings"}}]}},
            "labels": {"app": "api", "team": "payments"},
            "annotations": HELM,
            "pods": {CRASHED: {"node": "worker-b", "age": "40m"}, "api-7d9f8b6c54-b2b5b": {"node": "worker-a"}},
            "before": {"containers": {"api": "api:7"}, "pods": ["api-6b6d5c4f9-2xk8p"]},
            "rolled": "40m",
            "metadata": {
                "managedFields": [
                    _written("helm", "02:20:00", **{"f:spec": {"f:template": {}, "f:replicas": {}}}),
                    _written("kubectl", "02:45:00", **{"f:spec": {"f:replicas": {}}}),
                ]
            },
        },
        "Service/orders/api": {"ports": {"http": 80}, "age": "20d"},
        "StatefulSet/orders/db": {"age": "9d", "containers": {"db": "db:2"}, "claims": {"data": {"mount": "/data"}}},
        "Node/worker-z": {"zone": "c", "age": "2h"},
    },
    "faults": {
        f"Pod/orders/{CRASHED}": {"exited": 1, "waiting": "CrashLoopBackOff"},
        "Node/worker-c": {"cordoned": "kubectl-cordon", "since": "30m"},
    },
    "objects": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "orders", "labels": {"owner": "team-till"}}},
        _config_map("settings", _written("kubectl-edit", "02:00:00", **DATA)),
        _config_map("election", _written("elector", "02:59:59", **DATA), **LEADER),
    ],
}


async def test_changes_of_a_workload_say_what_when_and_by_whom() -> None:
    lines = lines_of(await sheet_of(WORLD, Ask.CHANGES, "Deployment/orders/api"))
    assert lines[0] == "Changes of Deployment orders/api, last 24h"
    assert lines[1] == "15m ago · was scaled to 2 · by kubectl"
    assert "40m ago · revision 2 · by helm" in lines
    assert any("image api:7 → api:8" in line for line in lines)
    assert "60m ago · ConfigMap orders/settings · was written · by kubectl-edit" in lines
    assert any("Helm (release orders/till) applies it" in line for line in lines)
    of_pod = await told(WORLD, Ask.CHANGES, f"Pod/orders/{CRASHED}")
    assert "Deployment orders/api · revision 2" in of_pod


async def test_a_window_leaves_out_what_was_before_it_and_nothing_is_not_silence() -> None:
    short = await told(WORLD, Ask.CHANGES, "Deployment/orders/api", since=timedelta(minutes=50))
    assert "last 50m" in short
    assert "ConfigMap orders/settings" not in short
    none = lines_of(await sheet_of(WORLD, Ask.CHANGES, "StatefulSet/orders/db", since=timedelta(hours=2)))
    assert none[1:3] == ["No change is known in that time.", "9d ago · The latest known change: was created"]


async def test_changes_of_a_namespace_and_of_the_cluster() -> None:
    sheet = await sheet_of(WORLD, Ask.CHANGES, "Namespace/orders")
    text = "\n".join(lines_of(sheet))
    assert "Deployment orders/api · revision 2 · by helm" in text
    assert "ConfigMap orders/settings" in text
    assert "election" not in text
    assert "kube-root-ca" not in text
    assert {one.about.name for one in sheet.rows if one.about} == {"api", "settings"}
    cluster = await told(WORLD, Ask.CHANGES, "Cluster/simulated")
    assert "Node worker-z · joined the cluster" in cluster
    assert "Node worker-c · was cordoned" in cluster
    assert "by kubectl-cordon" in cluster
    assert "orders/settings" not in cluster
    assert "worker-a" not in cluster


async def test_what_may_not_be_read_is_a_gap_of_the_changes() -> None:
    forbidden = {**WORLD, "forbidden": ["list configmaps", "list replicasets.apps"]}
    text = await told(forbidden, Ask.CHANGES, "Namespace/orders")
    assert "configmaps" in text
    assert "replicasets" in text
    assert "Deployment orders/api · its pod template changed · by helm" in text


async def test_revisions_tell_what_runs_what_ran_who_applies_it_and_whose_it_is() -> None:
    lines = lines_of(await sheet_of(WORLD, Ask.REVISIONS, f"Pod/orders/{CRASHED}"))
    assert "40m ago · revision 2 · runs now, 1 of 2 pods ready · api:8" in lines
    assert any(line.endswith("revision 1 · runs now, 1 of 1 pods ready · api:7") for line in lines)
    controlled = next(line for line in lines if line.startswith("Controlled by "))
    assert controlled.endswith("← Deployment orders/api")
    assert any("Applied by Helm (release orders/till)" in line for line in lines)
    assert lines[-2:] == ["Owner, by labels and annotations of Deployment orders/api", "team: payments"]
    service = lines_of(await sheet_of(WORLD, Ask.REVISIONS, "Service/orders/api"))
    assert service[1] == "No revisions are kept of a Service."
    assert service[-2:] == ["Owner, by labels and annotations of Namespace orders", "owner: team-till"]
    database = await told(WORLD, Ask.REVISIONS, "StatefulSet/orders/db")
    assert "revision 1 · runs now, 1 of 1 pods ready · db:2" in database


async def test_where_it_runs_and_what_runs_there() -> None:
    lines = lines_of(await sheet_of(WORLD, Ask.WHERE, "Deployment/orders/api"))
    assert lines[1].startswith("2 of 3 pods ready, on ")
    assert "worker-b, zone b, 0 of 1 ready, CrashLoopBackOff" in lines
    assert "worker-a, zone a" in "\n".join(lines)
    node = lines_of(await sheet_of(WORLD, Ask.WHERE, "Node/worker-b"))
    assert "zone b" in node[1]
    assert node[2] == "orders: 0 of 1 ready · api"
    claim = await told(WORLD, Ask.WHERE, "PersistentVolumeClaim/orders/data-db-0")
    assert "1 of 1 pods ready, all on one node" in claim
    cordoned = lines_of(await sheet_of(WORLD, Ask.WHERE, "Node/worker-c"), Language.ZH)
    assert "已禁止调度" in cordoned[1]
    blind = await told({**WORLD, "forbidden": ["list nodes"]}, Ask.WHERE, "Deployment/orders/api")
    assert "worker-b, 0 of 1 ready" in blind
    assert "nodes" in blind
