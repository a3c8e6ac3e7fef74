"""Test the rows of a query, and queries without rows."""

from typing import Any

import pytest

from bot import prometheus
from bot.playground.kubernetes import SimulatedCluster
from bot.probes import promql
from bot.probes.shared import measurements
from intents.domain import GapReason, ObjectRef

COMMITS = (
    'histogram_quantile(0.99, sum(rate(etcd_disk_backend_commit_duration_seconds_bucket{job=~"$etcd_job"}'
    "[$__rate_interval])) by (instance, le))"
)
CHANGES = 'changes(etcd_server_leader_changes_seen_total{job=~"$etcd_job"}[1d])'
RESTARTS = "(sum(increase(kube_pod_container_status_restarts_total[1h])) by (container)) > 0"


def commits(**members: Any) -> dict:
    name = "etcd_disk_backend_commit_duration_seconds"
    return {
        "metrics": [
            {"name": name, "labels": {"job": "kube-etcd", "instance": instance}, "p99": p99}
            for instance, p99 in members.items()
        ]
    }


async def test_slow_members_stand_first_and_say_how_long_they_have_been(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(commits(slow=[0.03, 1.0, 1.0, 1.0], fast=0.03, worse=1.5))
    args = {"query": COMMITS, "labels": {"member": "instance"}, "window_s": 3600, "limit": 0.25}

    rows = (await read(promql.read, args=args)).rows

    assert [row.values["member"] for row in rows] == ["worse", "slow", "fast"]
    assert [row.values["last"] for row in rows] == [pytest.approx(each, rel=0.01) for each in (1.5, 1.0, 0.03)]
    assert [row.values["over_now"] for row in rows] == [True, True, False]
    assert [row.values["others_over"] for row in rows] == [1, 1, 2]
    assert rows[1].values["over_share"] == pytest.approx(0.93, abs=0.02)
    assert rows[1].values["min"] == pytest.approx(0.03, rel=0.01)
    assert rows[0].values["last_age_s"] == 0
    assert len(rows[0].points) == 61
    assert rows[0].subject == ObjectRef(kind="Instance", name="worse")


async def test_a_member_that_is_no_longer_scraped_says_since_when(cluster: SimulatedCluster, read: Any) -> None:
    world = commits(gone=1.0)
    world["metrics"][0]["until"] = "-20m"
    cluster.load(world)

    rows = (await read(promql.read, args={"query": COMMITS, "window_s": 3600})).rows

    assert rows[0].values["last_age_s"] == 16 * 60  # the window of its rate still reaches back to then


async def test_counters_are_asked_for_now(cluster: SimulatedCluster, read: Any) -> None:
    restarts = "kube_pod_container_status_restarts_total"
    cluster.load(
        {
            "metrics": [
                {"name": "etcd_server_leader_changes_seen_total", "labels": {"job": "etcd"}, "per_hour": 42},
                {"name": restarts, "labels": {"pod": "a-0", "container": "kyverno"}, "per_hour": 20},
                {"name": restarts, "labels": {"pod": "a-1", "container": "kyverno"}, "per_hour": 5},
                {"name": restarts, "labels": {"pod": "b-0", "container": "api"}, "per_hour": 0},
            ]
        }
    )

    assert [row.values["last"] for row in (await read(promql.read, args={"query": CHANGES})).rows] == [1008.0]
    found = await read(promql.read, args={"query": RESTARTS, "labels": {"what": "container"}, "none": True})
    assert [(row.values["what"], row.values["last"]) for row in found.rows] == [("kyverno", 25.0)]
    assert found.rows[0].points[0][0] == int(found.rows[0].points[0][0])


async def test_no_series_is_no_proof_unless_the_query_counts(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(commits(member=0.01))

    unknown = await read(promql.read, args={"query": CHANGES})
    counted = await read(promql.read, args={"query": RESTARTS, "none": True})

    assert "does not scrape" in str(unknown.not_applicable)
    assert unknown.rows == () == unknown.gaps
    assert counted.rows == () == counted.gaps
    assert not counted.not_applicable


async def test_without_prometheus_it_is_a_quiet_gap(read: Any) -> None:
    reading = await read(promql.read, args={"query": COMMITS})

    assert [(gap.reason, gap.quiet) for gap in reading.gaps] == [(GapReason.NOT_CONFIGURED, True)]


async def test_a_refusal_and_a_mistake_are_told(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(commits(member=0.01))

    mistaken = await read(promql.read, args={"query": "sum(rate(up[5m])"})
    cluster.prometheus.forbidden = True
    refused = await read(promql.read, args={"query": COMMITS})

    assert [(gap.reason, gap.quiet) for gap in (*mistaken.gaps, *refused.gaps)] == [
        (GapReason.SERVER_ERROR, False),
        (GapReason.FORBIDDEN, False),
    ]
    assert "parse error" in mistaken.gaps[0].detail


async def test_more_series_than_are_read_are_told(
    cluster: SimulatedCluster, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus, "MOST_SERIES", 2)
    monkeypatch.setattr(measurements, "MOST_SERIES", 2)
    cluster.load(commits(a=0.01, b=0.01, c=0.01))

    reading = await read(promql.read, args={"query": COMMITS})

    assert len(reading.rows) == 2
    assert [gap.reason for gap in reading.gaps] == [GapReason.TRUNCATED]


async def test_a_pod_or_a_node_is_named_where_the_labels_say_it(cluster: SimulatedCluster, read: Any) -> None:
    name = "kube_pod_container_status_restarts_total"
    labels = [{"namespace": "pay", "pod": "api-0"}, {"node": "worker-a"}]
    cluster.load({"metrics": [{"name": name, "labels": each, "per_hour": 6} for each in labels]})

    rows = (await read(promql.read, args={"query": f"increase({name}[1h])"})).rows

    assert [row.subject for row in rows] == [
        ObjectRef(kind="Pod", namespace="pay", name="api-0"),
        ObjectRef(kind="Node", name="worker-a"),
    ]


async def test_a_quotient_of_gauges_scraped_of_late(cluster: SimulatedCluster, read: Any) -> None:
    def gauge(name: str, instance: str, value: int, **more: Any) -> dict[str, Any]:
        return {"name": name, "labels": {"job": "etcd", "instance": instance}, "value": value} | more

    cluster.load({
        "metrics": [
            gauge("size", "a", 30),
            gauge("quota", "a", 40),
            gauge("size", "b", 10, until="-20m"),
            gauge("quota", "b", 40),
        ]
    })  # fmt: skip

    args = {"query": 'size{job="etcd"} / quota{job="etcd"}', "labels": {"member": "instance"}}
    rows = (await read(promql.read, args=args)).rows

    assert [(row.values["member"], row.values["last"]) for row in rows] == [("a", 0.75)]
