"""Which Services a request means, and what the services probe finds behind them."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import services

LABELS = {"app": "gate"}


def service(name: str = "gate", **spec: Any) -> dict[str, Any]:
    given = {
        "type": "NodePort",
        "clusterIP": "10.96.9.9",
        "selector": LABELS,
        "externalTrafficPolicy": "Local",
        "internalTrafficPolicy": "Cluster",
        "ports": [{"name": "web", "port": 80, "targetPort": "web", "nodePort": 30080}],
    }
    return {"kind": "Service", "metadata": {"name": name, "namespace": "edge"}, "spec": given | spec}


def endpoint(address: str, node: str, *, ready: bool = True) -> dict[str, Any]:
    return {"addresses": [address], "nodeName": node, "conditions": {"ready": ready}}


def endpoints(*items: dict[str, Any], service: str = "gate") -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": service}
    metadata = {"name": f"{service}-abcde", "namespace": "edge", "labels": labels}
    return {"kind": "EndpointSlice", "metadata": metadata, "addressType": "IPv4", "endpoints": list(items), "ports": []}


def pod(name: str, node: str, *, ready: bool = True, port: str = "web") -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "edge", "labels": LABELS},
        "spec": {"nodeName": node, "containers": [{"name": "gate", "ports": [{"name": port, "containerPort": 8080}]}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


EDGE = [
    service(),
    endpoints(endpoint("10.244.11.7", "worker-a"), endpoint("10.244.12.7", "worker-b", ready=False)),
    pod("gate-0", "worker-a"),
    pod("gate-1", "worker-b", ready=False),
]


async def test_a_service_is_joined_with_what_stands_behind_it(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    cluster.load({"objects": EDGE})

    (row,) = (await read(services.read, kind="Service", namespace="edge", name="gate")).rows

    expected = {
        "matched": True,
        "type": "NodePort",
        "external_policy": "Local",
        "ports": ("web 80→web/TCP (node 30080)",),
        "node_ports": ("30080",),
        "selector": "app=gate",
        "pods": 2,
        "ready_pods": 1,
        "unready_pods": ("gate-1",),
        "ready_endpoints": 1,
        "unanswered_ports": (),
        "nodes_with": ("worker-a",),
        "nodes_without": ("worker-b", "worker-c"),
        "owner": "",
    }
    assert {key: row.values[key] for key in expected} == expected


async def test_however_the_text_names_it_the_same_service_is_meant(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    cluster.load({"objects": EDGE})

    async def meant(named: dict[str, str] | None = None, **focus: str) -> list[str]:
        reading = await read(services.read, named=named, **focus)
        return [f"{row.values['name']}" for row in reading.rows if row.values["matched"]]

    assert await meant({"service": "gate"}) == ["gate"]
    assert await meant({"address": "10.96.9.9:80"}) == ["gate"]
    assert await meant({"host": "10.96.9.9"}) == ["gate"]
    assert await meant({"address": "10.0.0.12:30080"}) == ["gate"]
    assert await meant({"port": "30080"}) == ["gate"]
    assert await meant(kind="Pod", namespace="edge", name="gate-0") == ["gate"]
    assert await meant(namespace="edge") == ["gate"]
    assert await meant() == []


async def test_with_nothing_named_all_services_are_looked_at(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()

    rows = (await read(services.read)).rows

    assert [row.values["name"] for row in rows] == ["kubernetes", "kube-dns", "metrics-server", "ledger", "storefront"]


async def test_a_control_plane_is_an_entrance_only_where_the_text_names_it(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load_neighbours()
    cluster.load({"objects": EDGE})

    (row,) = (await read(services.read, named={"address": "10.0.0.10:30080"})).rows

    assert row.values["named_node"] == "control-1"
    assert row.values["nodes_without"] == ("control-1", "worker-b", "worker-c")


async def test_endpoints_that_do_not_say_their_node_leave_no_node_out(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    cluster.load({"objects": [service(), endpoints({"addresses": ["192.0.2.7"]})]})

    (row,) = (await read(services.read, named={"service": "gate"})).rows

    assert (row.values["ready_endpoints"], row.values["nodes_with"], row.values["nodes_without"]) == (1, (), ())


async def test_a_service_of_a_tidb_cluster_says_so_and_its_ports_are_compared(
    cluster: SimulatedCluster, read: Any
) -> None:
    owned = service()
    owned["metadata"]["ownerReferences"] = [
        {"apiVersion": "pingcap.com/v1alpha1", "kind": "TidbCluster", "name": "orders", "uid": "1", "controller": True}
    ]
    cluster.load(
        {
            "objects": [
                {
                    "kind": "TidbCluster",
                    "apiVersion": "pingcap.com/v1alpha1",
                    "metadata": {"name": "orders", "namespace": "edge"},
                },
                owned,
                pod("gate-0", "worker-a", port="http"),
            ]
        }
    )

    (row,) = (await read(services.read, named={"service": "gate"})).rows

    assert (row.values["owner_kind"], row.values["owner"]) == ("TidbCluster", "orders")
    assert row.values["unanswered_ports"] == ("targetPort web: no container has a port of that name",)


async def test_what_is_not_there_or_may_not_be_read_is_said(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    cluster.load({"objects": EDGE})

    gone = await read(services.read, kind="Service", namespace="edge", name="gone")
    cluster.forbid(group="discovery.k8s.io", resource="endpointslices")
    part = await read(services.read, kind="Service", namespace="edge", name="gate")
    cluster.forbid(resource="services")
    blind = await read(services.read, kind="Service", namespace="edge", name="gate")

    assert (gone.rows, gone.missing) == ((), "Service edge/gone")
    assert [str(gap.permission) for gap in part.gaps] == ["list on discovery.k8s.io/endpointslices"]
    assert [str(gap.permission) for gap in blind.gaps] == ["list on services"]


async def test_a_bare_service_is_no_defect(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [{"kind": "Service", "metadata": {"name": "bare", "namespace": "edge"}}]})

    (row,) = (await read(services.read, kind="Service", namespace="edge", name="bare")).rows

    assert (row.values["type"], row.values["pods"], row.values["ready_endpoints"]) == ("ClusterIP", -1, 0)
