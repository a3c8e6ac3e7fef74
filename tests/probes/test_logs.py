"""Test the logs probe: lines joined with the run that wrote them, of the right pods, and honest gaps."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import logs
from bot.probes.shared import log_lines
from intents.domain import GapReason


def pod(name: str, status: dict | None = None, **metadata: Any) -> dict:
    containers = [{"name": "app", "image": "registry.example.com/app:1"}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "pay"} | metadata,
        "spec": {"nodeName": "worker-a", "containers": containers},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app"} | (status or RUNNING)]},
    }


RUNNING: dict = {"ready": True, "restartCount": 0, "state": {"running": {"startedAt": "-3h"}}}
ENDED: dict = {"exitCode": 255, "reason": "Error", "startedAt": "-2h", "finishedAt": "-30m"}
RESTARTED: dict = {
    "ready": True,
    "restartCount": 1,
    "state": {"running": {"startedAt": "-29m"}},
    "lastState": {"terminated": ENDED},
}
BACKING_OFF: dict = {
    "ready": False,
    "restartCount": 7,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": ENDED},
}
BEFORE_AND_AFTER = [
    {"pod": "pay/api-0", "container": "app", "previous": True, "text": "started\nfatal: lost 7 of 9"},
    {"pod": "pay/api-0", "container": "app", "text": "fatal: lost 2 of 9, retrying\nidle"},
]


async def test_a_line_comes_with_how_the_run_that_wrote_it_ended(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("api-0", BACKING_OFF)], "logs": BEFORE_AND_AFTER[:1]})

    reading = await read(
        logs.read, kind="Pod", namespace="pay", name="api-0", args={"capture": "lost (?P<lost>[0-9]+)"}
    )

    (row,) = reading.rows
    assert row.quote == "fatal: lost 7 of 9"
    expected = {
        "lost": "7",
        "previous": True,
        "exit_code": 255,
        "crash_looping": True,
        "restarts": 7,
    }
    assert {key: row.values[key] for key in expected} == expected
    assert 1790 <= row.values["finished_s"] <= 1810
    assert row.reproduce == "kubectl -n pay logs api-0 -c app --previous"
    assert reading.gaps == ()


@pytest.mark.parametrize(
    ("which", "lost"), [({"previous": "yes"}, ["7"]), ({"previous": "no"}, ["2"]), ({"previous": "both"}, ["7", "2"])]
)
async def test_of_a_restarted_container_either_run_can_be_asked_for(
    cluster: SimulatedCluster, read: Any, which: dict, lost: list[str]
) -> None:
    cluster.load({"objects": [pod("api-0", RESTARTED)], "logs": BEFORE_AND_AFTER})
    args = {"capture": "lost (?P<lost>[0-9]+)"} | which

    rows = (await read(logs.read, kind="Pod", namespace="pay", name="api-0", args=args)).rows

    assert [row.values["lost"] for row in rows] == lost
    assert [row.values["previous"] for row in rows] == [number == "7" for number in lost]


async def test_the_newest_run_of_a_container_that_backs_off_is_the_one_that_ended(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [pod("api-0", BACKING_OFF)], "logs": BEFORE_AND_AFTER[:1]})
    args = {"capture": "lost", "previous": "no"}

    (row,) = (await read(logs.read, kind="Pod", namespace="pay", name="api-0", args=args)).rows

    assert row.values["previous"] is True


async def test_a_container_that_never_ended_has_no_earlier_log_and_that_is_no_gap(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [pod("api-0")]})
    args = {"capture": "lost", "previous": "yes"}

    reading = await read(logs.read, kind="Pod", namespace="pay", name="api-0", args=args)

    assert (reading.rows, reading.gaps) == ((), ())
    assert not [request for request in cluster.requests if request.path.endswith("/log")]


async def test_a_log_that_the_kubelet_no_longer_has_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("api-0", BACKING_OFF)]})
    gone = "unable to retrieve container logs for containerd://0f3c"
    cluster.fail(path_prefix="/api/v1/namespaces/pay/pods/api-0/log", status=200, body=gone)

    reading = await read(logs.read, kind="Pod", namespace="pay", name="api-0", args={"capture": "lost"})

    assert [gap.reason for gap in reading.gaps] == [GapReason.NOT_FOUND]


async def test_logs_that_may_not_be_read_are_one_gap_per_namespace(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("api-0", RESTARTED), pod("api-1", RESTARTED)]})
    cluster.forbid(resource="pods/log")

    reading = await read(logs.read, namespace="pay", args={"capture": "lost"})

    assert [str(gap) for gap in reading.gaps] == ["cannot read container logs in pay: needs get on pods/log"]


async def test_what_is_broken_is_read_first_and_what_was_left_out_is_said(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()  # their nodes serve the logs
    healthy = [pod(f"api-{number}") for number in range(9)]
    cluster.load(
        {
            "objects": [*healthy, pod("zz-broken", BACKING_OFF)],
            "logs": [{"pod": "pay/zz-broken", "container": "app", "previous": True, "text": "fatal: lost"}],
        }
    )

    reading = await read(logs.read, namespace="pay", args={"capture": "lost"})

    assert [row.values["pod"] for row in reading.rows] == ["zz-broken"]
    assert [gap.reason for gap in reading.gaps] == [GapReason.TRUNCATED]
    read_pods = {request.path for request in cluster.requests if request.path.endswith("/log")}
    assert len(read_pods) == logs.MOST_PODS


async def test_among_narrows_a_request_about_no_object_and_never_one_about_an_object(
    cluster: SimulatedCluster, read: Any
) -> None:
    other = {"pod": "pay/store-0", "container": "app", "text": "fatal: lost"}
    cluster.load({"objects": [pod("api-0"), pod("store-0")], "logs": [*BEFORE_AND_AFTER[1:], other]})
    args = {"capture": "lost", "among": "^store"}

    anywhere = await read(logs.read, namespace="pay", args=args)
    named = await read(logs.read, kind="Pod", namespace="pay", name="api-0", args=args)

    assert [row.values["pod"] for row in anywhere.rows] == ["store-0"]
    assert [row.values["pod"] for row in named.rows] == ["api-0"]


async def test_a_fixed_component_that_is_no_pod_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    """Its absence must not read as its health."""
    args = {"capture": "slow", "selector": "component=etcd", "namespace": "kube-system"}

    reading = await read(logs.read, kind="Pod", namespace="pay", name="api-0", args=args)

    assert [gap.reason for gap in reading.gaps] == [GapReason.NOT_FOUND]
    assert "component=etcd" in str(reading.gaps[0])


async def test_only_lines_of_the_asked_time_count(cluster: SimulatedCluster, read: Any) -> None:
    lines = {"pod": "pay/api-0", "container": "app", "since": "-2h", "text": "slow 1\nslow 2\nslow 3\nslow 4"}
    cluster.load({"objects": [pod("api-0")], "logs": [lines]})

    async def found(**args: Any) -> list[str]:
        reading = await read(logs.read, namespace="pay", args={"capture": "slow .", **args})
        return [row.values["line"] for row in reading.rows]

    assert await found() == ["slow 4", "slow 3", "slow 2", "slow 1"]
    assert await found(since_s=4000) == ["slow 4", "slow 3"]
    assert await found(newest_only=True) == ["slow 4"]


async def test_a_busy_log_without_a_match_in_its_end_does_not_prove_that_there_is_none(
    cluster: SimulatedCluster, read: Any
) -> None:
    text = "\n".join(f"line {number}" for number in range(log_lines.TAIL_LINES + 100))
    cluster.load(
        {"objects": [pod("api-0")], "logs": [{"pod": "pay/api-0", "container": "app", "since": "-30m", "text": text}]}
    )

    within = await read(logs.read, namespace="pay", args={"capture": "slow", "since_s": 3600})
    at_the_end = await read(logs.read, namespace="pay", args={"capture": "slow"})

    assert [gap.reason for gap in within.gaps] == [GapReason.TRUNCATED]
    assert at_the_end.gaps == ()


async def test_an_init_container_that_did_its_work_is_not_read(cluster: SimulatedCluster, read: Any) -> None:
    waiting = pod("api-0")
    waiting["spec"]["initContainers"] = [{"name": "migrate", "image": "a"}]
    done = {"exitCode": 0, "reason": "Completed", "startedAt": "-2h", "finishedAt": "-2h"}
    waiting["status"]["initContainerStatuses"] = [
        {"name": "migrate", "ready": True, "restartCount": 0, "state": {"terminated": done}}
    ]
    cluster.load({"objects": [waiting], "logs": [{"pod": "pay/api-0", "container": "migrate", "text": "lost nothing"}]})

    assert (await read(logs.read, namespace="pay", args={"capture": "lost"})).rows == ()


async def test_a_text_that_names_a_lease_is_about_the_pods_that_compete_for_it(
    cluster: SimulatedCluster, read: Any
) -> None:
    holder = pod("api-0", RESTARTED)
    lease = {
        "kind": "Lease",
        "metadata": {"name": "3f1c.example.com", "namespace": "pay"},
        "spec": {"holderIdentity": "api-0_6a1f", "leaseDurationSeconds": 15, "renewTime": "-2s"},
    }
    other = {"pod": "pay/other-0", "container": "app", "text": "fatal: lost 5 of 9"}
    cluster.load({"objects": [holder, pod("other-0"), lease], "logs": [*BEFORE_AND_AFTER, other]})
    args = {"capture": "lost (?P<lost>[0-9]+)", "previous": "yes"}

    by_kind = await read(logs.read, kind="Lease", namespace="pay", name="3f1c.example.com", args=args)
    by_word = await read(logs.read, namespace="pay", args=args, named={"lease": "3f1c.example.com"})
    gone = await read(logs.read, kind="Lease", namespace="pay", name="other", args=args)

    assert [row.values["lost"] for row in by_kind.rows] == ["7"]
    assert by_word.rows == by_kind.rows
    assert (gone.rows, gone.missing) == ((), "Lease pay/other")


async def test_the_pods_of_leader_elections_can_be_read_first(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    lease = {
        "kind": "Lease",
        "metadata": {"name": "3f1c.example.com", "namespace": "pay"},
        "spec": {"holderIdentity": "zz-leader_6a1f", "leaseDurationSeconds": 15, "renewTime": "-2s"},
    }
    said = {"pod": "pay/zz-leader", "container": "app", "previous": True, "text": "leader election lost"}
    worse = [pod(f"api-{number}", BACKING_OFF) for number in range(9)]
    cluster.load({"objects": [*worse, pod("zz-leader", RESTARTED), lease], "logs": [said]})
    args = {"capture": "leader election lost", "previous": "yes"}

    first = await read(logs.read, args=args | {"competing_first": True})
    by_trouble = await read(logs.read, args=args)

    assert [row.values["pod"] for row in first.rows] == ["zz-leader"]
    assert by_trouble.rows == ()


async def test_a_pattern_that_re2_refuses_is_a_gap_of_the_catalog(read: Any) -> None:
    reading = await read(logs.read, namespace="pay", args={"capture": "(?<=x)lost"})

    assert [gap.reason for gap in reading.gaps] == [GapReason.NOT_CONFIGURED]


@pytest.mark.parametrize("at", [0, 500, 4000, 7999])
def test_a_long_line_is_cut_to_the_part_around_the_match(at: int) -> None:
    line = "x" * at + "needle" + "y" * (8000 - at)

    cut = log_lines.excerpt(line, at)

    assert "needle" in cut
    assert len(cut) <= log_lines.LONGEST_LINE
    assert cut in line
