"""The Jobs and CronJobs in question."""

from typing import Any

import pytest

from bot.kube.job_runs import RERUN_OF
from bot.playground.kubernetes import SimulatedCluster
from bot.probes.jobs import read as PROBE
from tests.probes.conftest import Read

REPORT = {"age": "20d", "containers": {"app": "report:7"}, "job": "report-29541600", "pods": ["report-29541600-x7x7x"]}
FAILED = {"Job/shop/report-29541600": {"exited": 1, "failures": 3, "ago": "20m"}}


def load(cluster: SimulatedCluster, scene: dict[str, Any], faults: dict[str, Any] | None = None) -> None:
    cluster.load({"scene": scene, "faults": faults or {}})


@pytest.mark.parametrize(
    "focus",
    [
        {"kind": "CronJob", "name": "report"},
        {"kind": "Job", "name": "report-29541600"},
        {"kind": "Pod", "name": "report-29541600-x7x7x"},
        {},
    ],
)
async def test_a_failed_job_is_found_from_its_cron_job_and_its_pod(
    cluster: SimulatedCluster, read: Read, focus: dict[str, str]
) -> None:
    load(cluster, {"CronJob/shop/report": REPORT}, FAILED)

    (row,) = (await read(PROBE, namespace="shop", **focus)).rows

    assert (row.values["failed"], row.values["recovered"]) == (True, False)
    assert (row.values["reason"], row.values["failures"]) == ("BackoffLimitExceeded", 3)
    assert row.values["pods"] == ("report-29541600-x7x7x",)


async def test_a_later_success_of_the_same_cron_job_is_a_recovery(cluster: SimulatedCluster, read: Read) -> None:
    later = {"age": "10m", "owner": "CronJob/report", "containers": {"app": "report:7"}}
    load(cluster, {"CronJob/shop/report": REPORT, "Job/shop/report-29541660": later}, FAILED)

    (row,) = (await read(PROBE, kind="Job", namespace="shop", name="report-29541600")).rows

    assert row.values["recovered"]


@pytest.mark.parametrize(
    ("rerun", "recovered_by"),
    [
        ({"annotations": {RERUN_OF: "import"}}, "import-rerun"),
        ({"annotations": {RERUN_OF: "import"}, "active": True}, ""),
        ({"annotations": {RERUN_OF: "import"}, "age": "3d"}, ""),
        ({"annotations": {RERUN_OF: "export"}}, ""),
        ({}, ""),
    ],
    ids=["completed", "runs", "of an older namesake", "of another", "no rerun"],
)
async def test_a_completed_rerun_is_a_recovery(
    cluster: SimulatedCluster, read: Read, rerun: dict[str, Any], recovered_by: str
) -> None:
    job = {"age": "2h", "containers": {"app": "import:7"}}
    scene = {"Job/shop/import": job, "Job/shop/import-rerun": job | {"age": "10m"} | rerun}
    load(cluster, scene, {"Job/shop/import": {"exited": 1, "ago": "90m"}})

    (row,) = (await read(PROBE, kind="Job", namespace="shop", name="import")).rows

    assert (row.values["recovered"], row.values["recovered_by"]) == (recovered_by != "", recovered_by)


@pytest.mark.parametrize("metadata", [
    {"labels": {"kueue.x-k8s.io/queue-name": "team"}},
    {"annotations": {"shop.example.com/note": "held on purpose"}},
])  # fmt: skip
async def test_a_job_that_is_held_on_purpose_is_not_suspended_by_somebody(
    cluster: SimulatedCluster, read: Read, metadata: dict[str, Any]
) -> None:
    held = {"active": True, "containers": {"app": "import:7"}, "spec": {"suspend": True}}
    load(cluster, {"Job/shop/a": held, "Job/shop/b": held | metadata})

    rows = {row.subject.name: row.values["suspended"] for row in (await read(PROBE, namespace="shop")).rows}

    assert rows == {"a": True, "b": False}


async def test_a_cron_job_that_keeps_its_schedule_is_well(cluster: SimulatedCluster, read: Read) -> None:
    load(cluster, {"CronJob/shop/report": REPORT | {"status": {"lastScheduleTime": "-1s"}}})

    (row,) = (await read(PROBE, args={"shows": "schedules"}, kind="CronJob", namespace="shop", name="report")).rows

    assert (row.values["suspended"], row.values["late"], row.values["blocked_by"]) == (False, False, "")


async def test_a_cron_job_made_suspended_has_never_run_on_purpose(cluster: SimulatedCluster, read: Read) -> None:
    cron = REPORT | {"spec": {"suspend": True}, "status": {"lastScheduleTime": None}}
    load(cluster, {"CronJob/shop/report": cron})

    (row,) = (await read(PROBE, args={"shows": "schedules"}, kind="CronJob", namespace="shop", name="report")).rows

    assert (row.values["suspended"], row.values["late"]) == (False, False)


async def test_a_cron_job_whose_time_passed_is_late(cluster: SimulatedCluster, read: Read) -> None:
    load(cluster, {"CronJob/shop/report": REPORT | {"schedule": "*/5 * * * *"}})

    (row,) = (await read(PROBE, args={"shows": "schedules"}, kind="Job", namespace="shop", name="report-29541600")).rows

    assert row.values["late"]
