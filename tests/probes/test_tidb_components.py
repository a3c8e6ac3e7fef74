"""Test the tidb-components probe: a TidbCluster's pods, Services and members."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.tidb_components import read as PROBE
from intents.domain import ProbeResult, Value
from tests.probes.definitions import TIDB_CLUSTERS


def tidb_cluster(name: str, *, namespace: str = "db", status: Any = None, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "pingcap.com/v1alpha1",
        "kind": "TidbCluster",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": "-1h"},
        "spec": spec or {"pd": {"replicas": 3}, "tikv": {"replicas": 1}},
        "status": status or {},
    }


def pod(
    name: str, *, component: str = "pd", cluster: str = "demo", ready: bool = True, ip: str = "", namespace: str = "db"
) -> dict[str, Any]:
    state = {"running": {"startedAt": "-20m"}} if ready else {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": "-30m",
            "labels": {"app.kubernetes.io/component": component, "app.kubernetes.io/instance": cluster},
        },
        "spec": {"nodeName": "worker-a", "containers": [{"name": component, "image": component}]},
        "status": {
            "phase": "Running",
            **({"podIP": ip} if ip else {}),
            "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": "-20m"}],
            "containerStatuses": [
                {
                    "name": component,
                    "ready": ready,
                    "restartCount": 0 if ready else 4,
                    "state": state,
                    "lastState": {}
                    if ready
                    else {"terminated": {"exitCode": 1, "startedAt": "-120s", "finishedAt": "-90s"}},
                }
            ],
        },
    }


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "db"},
        "spec": {"clusterIP": "10.96.0.7", "ports": [{"port": 2379}]} | spec,
    }


def endpoints(of: str, *addresses: str, ready: bool = True) -> dict[str, Any]:
    return {
        "kind": "EndpointSlice",
        "metadata": {"name": f"{of}-x", "namespace": "db", "labels": {"kubernetes.io/service-name": of}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": ready}} for address in addresses],
    }


def of(reading: ProbeResult, component: str, cluster: str = "demo") -> dict[str, Value]:
    found = [row for row in reading.rows if (row.values["component"], row.values["cluster"]) == (component, cluster)]
    assert len(found) == 1
    return dict(found[0].values)


async def test_a_row_tells_what_is_asked_for_and_what_runs(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        TIDB_CLUSTERS, tidb_cluster("demo"),
        pod("demo-pd-0", ip="10.0.0.1"), pod("demo-pd-1", ready=False, ip="10.0.0.2"),
        service("demo-pd"), endpoints("demo-pd", "10.0.0.1"),
    ]})  # fmt: skip

    reading = await read(PROBE)
    pd = of(reading, "pd")

    assert [row.values["component"] for row in reading.rows] == ["discovery", "pd", "tikv"]
    assert (pd["desired"], pd["pods"], pd["ready_pods"]) == (3, 2, 1)
    assert (pd["unready_pods"], pd["unready"]) == (("demo-pd-1",), "demo-pd-1 (CrashLoopBackOff)")
    assert (pd["pod"], pd["unready_pod"], pd["crash_looping"]) == ("demo-pd-1", "demo-pd-1", True)
    assert (pd["last_restart_s"], pd["last_restart_pod"], pd["last_exit_code"]) == (90, "demo-pd-1", 1)
    assert (pd["ready_endpoints"], pd["endpoints_match"]) == (1, True)
    assert pd["without_tikv"] is True
    assert of(reading, "discovery")["service_exists"] is False


async def test_endpoints_that_are_no_pods_and_pods_that_are_no_endpoints_are_named(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [
        TIDB_CLUSTERS, tidb_cluster("demo"), pod("demo-pd-0", ip="10.0.0.1"), service("demo-pd"),
        endpoints("demo-pd", "10.0.0.9"),
    ]})  # fmt: skip

    pd = of(await read(PROBE), "pd")

    assert (pd["endpoints_match"], pd["stray_endpoints"], pd["lacking_endpoints"]) == (
        False, ("10.0.0.9",), ("10.0.0.1",),
    )  # fmt: skip


async def test_a_headless_service_publishes_pods_that_are_not_ready(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        TIDB_CLUSTERS, tidb_cluster("demo"), pod("demo-tikv-0", component="tikv", ready=False, ip="10.0.0.4"),
        service("demo-tikv-peer", clusterIP="None", publishNotReadyAddresses=True),
        endpoints("demo-tikv-peer", "10.0.0.4"),
    ]})  # fmt: skip

    assert of(await read(PROBE), "tikv")["endpoints_match"] is True


async def test_the_operators_word_on_members_and_replacements_counts(cluster: SimulatedCluster, read: Any) -> None:
    members = {"demo-pd-0": {"health": True}, "demo-pd-1": {"health": False}, "demo-pd-2": None}
    status = {"pd": {"members": members, "failureMembers": {"demo-pd-1": {}}}, "tikv": {"statefulSet": {"replicas": 1}}}
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster("demo", status=status), pod("demo-pd-0")]})

    reading = await read(PROBE)
    pd = of(reading, "pd")
    assert (pd["desired"], pd["healthy_members"], pd["unhealthy_members"]) == (4, 1, ("demo-pd-1", "demo-pd-2"))
    assert pd["without_tikv"] is False


async def test_members_that_the_operator_has_lost_sight_of_are_not_told(cluster: SimulatedCluster, read: Any) -> None:
    status = {"pd": {"synced": False, "members": {"demo-pd-0": {"health": True}}}}
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster("demo", status=status)]})

    assert of(await read(PROBE), "pd")["healthy_members"] == 0


async def test_the_cluster_meant_is_told_by_what_the_text_names(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        TIDB_CLUSTERS, tidb_cluster("demo"), tidb_cluster("demo-2"), tidb_cluster("other", namespace="else"),
    ]})  # fmt: skip

    async def clusters(**about: Any) -> set[object]:
        return {row.values["cluster"] for row in (await read(PROBE, **about)).rows}

    assert await clusters() == {"demo", "demo-2", "other"}
    assert await clusters(kind="Pod", namespace="db", name="demo-2-pd-0") == {"demo-2"}
    assert await clusters(kind="TidbCluster", namespace="db", name="demo") == {"demo"}
    assert await clusters(named={"service": "demo-pd"}) == {"demo"}
    assert await clusters(named={"service": "other-pd.else.svc"}) == {"other"}
    # A name that belongs to none of them says nothing about which is meant.
    assert await clusters(namespace="db", named={"service": "kube-dns"}) == {"demo", "demo-2"}


async def test_an_object_of_no_cluster_is_another_story(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster("demo")]})

    unrelated = await read(PROBE, kind="Pod", namespace="db", name="demo-api-6c9f7d5b84-x7k2p")
    assert (unrelated.rows, unrelated.missing) == ((), "")
    assert unrelated.not_applicable == "Pod db/demo-api-6c9f7d5b84-x7k2p belongs to no TidbCluster"
    gone = await read(PROBE, kind="TidbCluster", namespace="db", name="gone")
    assert gone.missing == "TidbCluster db/gone"


async def test_without_the_operator_it_does_not_apply(cluster: SimulatedCluster, read: Any) -> None:
    assert (await read(PROBE)).not_applicable == "this cluster does not serve tidbclusters.pingcap.com"


async def test_without_the_pods_nothing_is_told_of_components(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster("demo"), pod("demo-pd-0")]})
    cluster.forbid(verb="list", resource="pods")

    reading = await read(PROBE)

    assert reading.rows == ()
    assert [str(gap.permission) for gap in reading.gaps] == ["list on pods"]


async def test_services_that_may_not_be_read_are_not_called_missing(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster("demo"), pod("demo-pd-0", ip="10.0.0.1")]})
    cluster.forbid(verb="list", resource="services")
    cluster.forbid(verb="list", group="discovery.k8s.io", resource="endpointslices")

    reading = await read(PROBE)
    pd = of(reading, "pd")

    assert (pd["service_exists"], pd["ready_endpoints"], pd["endpoints_match"]) == (True, -1, True)
    assert {str(gap.permission) for gap in reading.gaps} == {
        "list on services", "list on discovery.k8s.io/endpointslices",
    }  # fmt: skip


async def test_a_cluster_that_may_not_be_listed_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [TIDB_CLUSTERS, tidb_cluster("demo")]})
    cluster.forbid(verb="list", group="pingcap.com", resource="tidbclusters")

    reading = await read(PROBE)
    assert (reading.rows, [str(gap.permission) for gap in reading.gaps]) == ((), ["list on pingcap.com/tidbclusters"])


async def test_half_made_objects_are_borne(cluster: SimulatedCluster, read: Any) -> None:
    labels = {"app.kubernetes.io/component": "pd", "app.kubernetes.io/instance": "demo"}
    bare = {
        "kind": "Pod",
        "metadata": {"name": "demo-pd-0", "namespace": "db", "labels": labels},
        "spec": {"containers": [{"name": "pd"}]},
    }
    cluster.load({"objects": [
        TIDB_CLUSTERS, tidb_cluster("demo", pd={"replicas": "three"}, status={"pd": "new", "tikv": None}), bare,
    ]})  # fmt: skip

    pd = of(await read(PROBE), "pd")
    assert (pd["pods"], pd["ready_pods"], pd["desired"], pd["unready"]) == (1, 0, 0, "demo-pd-0 (Unknown)")
