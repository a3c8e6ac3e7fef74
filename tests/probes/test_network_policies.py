"""Which NetworkPolicies stand between the pods of a request, and whether they block what it asks about."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import network_policies


def pod(name: str, ip: str, *, namespace: str = "orders", **labels: str) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"nodeName": "worker-a", "containers": [{"name": "main", "ports": [{"containerPort": 2379}]}]},
        "status": {"phase": "Running", "podIP": ip},
    }


def policy(name: str, selects: dict[str, str], **spec: Any) -> dict[str, Any]:
    given = {"podSelector": {"matchLabels": selects}, **spec}
    return {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "orders"}, "spec": given}


def allowing(**labels: str) -> list[dict[str, Any]]:
    return [{"from": [{"podSelector": {"matchLabels": labels}}], "ports": [{"port": 2379}]}]


SERVICE = {
    "kind": "Service",
    "metadata": {"name": "pd", "namespace": "orders"},
    "spec": {"clusterIP": "10.96.3.3", "selector": {"app": "pd"}, "ports": [{"port": 80, "targetPort": 2379}]},
}
PODS = [pod("tikv-0", "10.244.1.5", app="tikv"), pod("pd-0", "10.244.1.6", app="pd"), SERVICE]
TIKV = {"kind": "Pod", "namespace": "orders", "name": "tikv-0"}
TO_PD = {"address": "10.244.1.6:2379"}


def picture(reading: Any) -> list[tuple[object, ...]]:
    return [
        tuple(row.values[key] for key in ("policy", "pod", "direction", "blocks", "certain")) for row in reading.rows
    ]


async def test_a_policy_that_allows_only_others_blocks(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [*PODS, policy("pd-guard", {"app": "pd"}, ingress=allowing(app="tidb"))]})

    by_address = await read(network_policies.read, named=TO_PD, **TIKV)
    by_service = await read(network_policies.read, named={"service": "pd"}, **TIKV)
    by_cluster_ip = await read(network_policies.read, named={"address": "10.96.3.3:80"}, **TIKV)

    assert picture(by_address) == picture(by_service) == picture(by_cluster_ip)
    assert picture(by_address) == [("pd-guard", "pd-0", "ingress", True, True)]
    row = by_address.rows[0].values
    assert (row["peer"], row["port"], row["allows"]) == ("orders/tikv-0", "2379", "from pods app=tidb on 2379/TCP")
    assert by_cluster_ip.rows[0].values["port"] == "2379"


async def test_one_policy_that_allows_it_opens_the_way(cluster: SimulatedCluster, read: Any) -> None:
    shut = policy("shut", {}, policyTypes=["Ingress"])
    cluster.load({"objects": [*PODS, shut, policy("open", {"app": "pd"}, ingress=allowing(app="tikv"))]})

    reading = await read(network_policies.read, named=TO_PD, **TIKV)

    assert picture(reading) == [("open", "pd-0", "ingress", False, True), ("shut", "pd-0", "ingress", False, True)]


async def test_the_way_out_of_the_client_counts_too(cluster: SimulatedCluster, read: Any) -> None:
    only_dns = [{"ports": [{"port": 53, "protocol": "UDP"}]}]
    cluster.load({"objects": [*PODS, policy("dns-only", {"app": "tikv"}, policyTypes=["Egress"], egress=only_dns)]})

    to_pd = await read(network_policies.read, named=TO_PD, **TIKV)
    outside = await read(network_policies.read, named={"address": "192.0.2.7:443"}, **TIKV)
    dns = await read(network_policies.read, named={"address": "10.244.1.6:53"}, **TIKV)
    own = await read(network_policies.read, named={"address": "127.0.0.1:6379"}, **TIKV)

    assert picture(to_pd) == [("dns-only", "tikv-0", "egress", True, True)]
    assert picture(outside) == [("dns-only", "tikv-0", "egress", True, True)]
    assert outside.rows[0].values["peer"] == "192.0.2.7"
    assert picture(dns) == picture(own) == [("dns-only", "tikv-0", "egress", False, True)]


async def test_without_the_other_end_only_a_policy_that_allows_nothing_blocks_and_not_for_certain(
    cluster: SimulatedCluster, read: Any
) -> None:
    shut = policy("shut", {"app": "tikv"}, policyTypes=["Ingress"])
    some = policy("some", {"app": "tikv"}, policyTypes=["Egress"], egress=[{"ports": [{"port": 53}]}])
    cluster.load({"objects": [*PODS, shut, some]})

    reading = await read(network_policies.read, **TIKV)

    assert picture(reading) == [("shut", "tikv-0", "ingress", True, False), ("some", "tikv-0", "egress", False, False)]


async def test_of_a_service_the_way_into_its_pods_is_judged(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [*PODS, policy("shut", {"app": "pd"}, policyTypes=["Ingress"])]})

    reading = await read(network_policies.read, kind="Service", namespace="orders", name="pd")

    assert picture(reading) == [("shut", "pd-0", "ingress", True, True)]


async def test_namespaces_are_told_apart_by_their_labels(cluster: SimulatedCluster, read: Any) -> None:
    guard = policy("guard", {"app": "pd"}, ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}])
    shop = {"kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "a"}}}
    web = pod("web-0", "10.244.1.9", namespace="shop", app="web")
    cluster.load({"objects": [*PODS, guard, shop, web, {"kind": "Namespace", "metadata": {"name": "orders"}}]})

    mine = await read(network_policies.read, named=TO_PD, **TIKV)
    theirs = await read(network_policies.read, named=TO_PD, kind="Pod", namespace="shop", name="web-0")
    cluster.forbid(resource="namespaces")
    unknown = await read(network_policies.read, named=TO_PD, **TIKV)

    assert [row.values["blocks"] for row in (*mine.rows, *theirs.rows, *unknown.rows)] == [True, False, False]


async def test_malformed_policies_are_no_defect(cluster: SimulatedCluster, read: Any) -> None:
    odd = policy("odd", {"app": "pd"}, ingress=[{"from": [{"ipBlock": {"cidr": "all"}}], "ports": [{"endPort": "x"}]}])
    cluster.load({"objects": [*PODS, policy("shut", {"app": "pd"}), odd]})

    reading = await read(network_policies.read, named=TO_PD, **TIKV)

    assert picture(reading) == [("odd", "pd-0", "ingress", False, True), ("shut", "pd-0", "ingress", False, True)]


async def test_nobody_named_nothing_told(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [*PODS, policy("shut", {}, policyTypes=["Ingress", "Egress"])]})

    assert (await read(network_policies.read)).rows == ()
    assert (await read(network_policies.read, namespace="orders")).rows == ()


async def test_what_is_not_there_or_may_not_be_read_is_said(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": PODS})

    gone = await read(network_policies.read, kind="Pod", namespace="orders", name="gone")
    no_service = await read(network_policies.read, kind="Service", namespace="orders", name="gone")
    cluster.forbid(group="networking.k8s.io", resource="networkpolicies")
    blind = await read(network_policies.read, **TIKV)

    assert (gone.missing, no_service.missing) == ("Pod orders/gone", "Service orders/gone")
    assert [str(gap) for gap in blind.gaps] == [
        "cannot read networkpolicies in all namespaces: needs list on networking.k8s.io/networkpolicies"
    ]


async def test_bare_objects_are_no_defect(cluster: SimulatedCluster, read: Any) -> None:
    bare = {"kind": "NetworkPolicy", "metadata": {"name": "bare", "namespace": "orders"}}
    cluster.load({"objects": [*PODS, bare]})

    reading = await read(network_policies.read, named=TO_PD, **TIKV)

    assert picture(reading) == [("bare", "pd-0", "ingress", True, True)]
