"""Test the Kubernetes Event that records a change on its object: once, valid, and never evidence of trouble itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.cli.rehearsal import stage, staged
from bot.cluster.connection import Connection
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine, diagnose
from bot.playground.kubernetes import SimulatedCluster
from bot.remedies.contract import About, Applied, Plan
from bot.remedies.records import PERMISSIONS, mark
from intents.domain import Focus, Gap, GapReason, ObjectRef, Permission, Text
from intents.request import DiagnoseObject

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
POD = ObjectRef(kind="Pod", namespace="till", name="web-0", uid="u-1")
NODE = ObjectRef(kind="Node", name="node-a", uid="u-2")
WORLD = {
    "objects": [
        {
            "kind": "Pod",
            "metadata": {"name": "web-0", "namespace": "till"},
            "spec": {"containers": [{"name": "app", "image": "app:1"}]},
        },
        {"kind": "Namespace", "metadata": {"name": "till"}},
    ]
}
CLUSTERS = {
    "kind": "CustomResourceDefinition",
    "apiVersion": "apiextensions.k8s.io/v1",
    "metadata": {"name": "tidbclusters.pingcap.com"},
    "spec": {
        "group": "pingcap.com",
        "scope": "Namespaced",
        "names": {"plural": "tidbclusters", "kind": "TidbCluster", "singular": "tidbcluster"},
        "versions": [{"name": "v1alpha1", "served": True, "storage": True}],
    },
}


def plan(target: ObjectRef = POD, **fields: Any) -> Plan:
    return Plan(
        **{
            "id": "plan-1",
            "request_id": "request-1",
            "incident": "image-pull-failed",
            "remedy": "retry-now",
            "action": "restart-pod",
            "cluster": "prod",
            "target": target,
            "about": About(focus=Focus()),
            "title": Text.same("restart"),
            "created": NOW,
            "expires": NOW,
            **fields,
        }
    )


async def marked(
    connection: Connection, of: Plan, *, says: str = "", who: str = "@ann", token: str = "t"
) -> Gap | None:
    applied = Applied(says=Text.same(says or f"{of.target} was deleted"), target=of.target, at=NOW)
    return await mark(connection, plan=of, applied=applied, who=who, token=token)


def events(cluster: SimulatedCluster, namespace: str = "till") -> list[dict[str, Any]]:
    return list(cluster.store.objects(table=("", "events"), namespace=namespace))


async def test_the_event_says_what_was_done_by_whom_on_which_object() -> None:
    cluster = stage(WORLD)
    async with staged(cluster) as connection:
        assert await marked(connection, plan()) is None
        [event] = events(cluster)

    assert event["involvedObject"] == {
        "kind": "Pod", "namespace": "till", "name": "web-0", "uid": "u-1", "apiVersion": "v1",
    }  # fmt: skip
    assert event["message"] == "Casebook: Pod till/web-0 was deleted by @ann (plan plan-1)"
    assert (event["type"], event["reason"], event["action"]) == ("Normal", "CasebookRestartPod", "restart-pod")
    assert (event["source"], event["reportingComponent"]) == ({"component": "casebook"}, "casebook")
    assert (event["firstTimestamp"], event["lastTimestamp"], event["count"]) == (*["2026-03-02T03:00:00Z"] * 2, 1)


async def test_a_step_that_runs_twice_leaves_one_event() -> None:
    cluster = stage(WORLD)
    async with staged(cluster) as connection:
        assert await marked(connection, plan()) is None
        assert await marked(connection, plan()) is None
        assert len(events(cluster)) == 1

        assert await marked(connection, plan(id="plan-2")) is None
        assert await marked(connection, plan(), token="another press") is None
        assert len(events(cluster)) == 3


async def test_what_lies_outside_namespaces_is_marked_in_default() -> None:
    cluster = stage(WORLD)
    async with staged(cluster) as connection:
        assert await marked(connection, plan(NODE, action="cordon")) is None
        [event] = [each for each in events(cluster, "default") if each["source"].get("component") == "casebook"]

    assert event["involvedObject"] == {"kind": "Node", "name": "node-a", "uid": "u-2", "apiVersion": "v1"}
    assert event["reason"] == "CasebookCordon"


async def test_an_undo_is_told_from_what_it_takes_back() -> None:
    cluster = stage(WORLD)
    async with staged(cluster) as connection:
        assert await marked(connection, plan(undoes="plan-0", action="scale")) is None

    assert [event["reason"] for event in events(cluster)] == ["CasebookUndoScale"]


@pytest.mark.parametrize(("world", "api_version"), [({"objects": [CLUSTERS]}, "pingcap.com/v1alpha1"), ({}, None)])
async def test_a_kind_of_its_own_is_named_by_its_group_where_it_is_served(world: dict, api_version: str | None) -> None:
    cluster = stage(WORLD, world)
    async with staged(cluster) as connection:
        assert await marked(connection, plan(replace(POD, kind="TidbCluster"))) is None

    assert [event["involvedObject"].get("apiVersion") for event in events(cluster)] == [api_version]


async def test_a_cluster_that_cannot_tell_its_kinds_still_gets_the_event() -> None:
    cluster = stage(WORLD, {"objects": [CLUSTERS]})
    async with staged(cluster) as connection:
        cluster.fail(path_prefix="/apis", status=404, times=9)
        assert await marked(connection, plan(replace(POD, kind="TidbCluster"))) is None

    assert [event["involvedObject"]["uid"] for event in events(cluster)] == ["u-1"]


async def test_a_missing_permission_is_a_gap_that_names_it() -> None:
    cluster = stage(WORLD)
    cluster.forbid(verb="create", resource="events")
    async with staged(cluster) as connection:
        gap = await marked(connection, plan())

    assert gap is not None
    assert (gap.reason, gap.permission) == (GapReason.FORBIDDEN, Permission(verb="create", resource="events"))
    assert gap.permission in PERMISSIONS
    assert "Pod till/web-0" in str(gap)
    assert events(cluster) == []


@pytest.mark.parametrize("namespace", ["gone-since", "no/name"])
async def test_an_event_that_the_server_does_not_take_is_a_gap(namespace: str) -> None:
    cluster = stage(WORLD)
    async with staged(cluster) as connection:
        assert isinstance(await marked(connection, plan(replace(POD, namespace=namespace))), Gap)


async def test_an_answer_that_is_lost_is_a_gap_and_the_event_written_once() -> None:
    cluster = stage(WORLD)
    async with staged(cluster) as connection:
        cluster.fail(path_prefix="/api/v1/namespaces/till/events", method="POST", reset=True, done=True)
        assert isinstance(await marked(connection, plan()), Gap)
        assert await marked(connection, plan()) is None

    assert len(events(cluster)) == 1


async def test_however_long_and_secret_the_words_the_event_is_within_bounds() -> None:
    cluster = stage(WORLD)
    async with staged(cluster) as connection:
        says = "镜像" * 300 + " token=xoxb-1234567890-planted"
        assert await marked(connection, plan(action="-".join(["very"] * 60)), says=says, who="安" * 300) is None
        assert await marked(connection, plan(id="p"), says="pulled with xoxb-1234567890-planted") is None
        long, secret = sorted(events(cluster), key=lambda event: -len(event["message"]))

    assert len(long["message"].encode()) <= 1024
    assert long["message"].startswith("Casebook: 镜像")
    assert long["message"].endswith("(plan plan-1)")
    assert len(long["reason"]) <= 128
    assert "planted" not in json.dumps([long, secret])


async def test_what_casebook_did_is_no_evidence_of_a_trouble(engine: Engine) -> None:
    error = "Error: container has runAsNonRoot and image will run as root"
    cluster = stage(WORLD)
    async with staged(cluster) as connection:
        uid = cluster.store.objects(table=("", "pods"), namespace="till")[0]["metadata"]["uid"]
        about = replace(POD, uid=uid)
        assert await marked(connection, plan(about), says=error) is None
        assert len(events(cluster)) == 1

        async with Snapshot(connection) as snapshot:
            assert await snapshot.events(about) == ()
            assert await snapshot.events_in("till") == ()
        asked = DiagnoseObject(kind="Pod", namespace="till", name="web-0")
        found = await diagnose(asked, engine=engine, connection=connection)

    assert "run-as-nonroot-root-image" not in [each.incident for each in found.hypotheses]
