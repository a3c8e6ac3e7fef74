"""Test the load-balancers probe: the Services that MySQL clients connect to."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.load_balancers import read as PROBE

IDLE = "service.beta.kubernetes.io/aws-load-balancer-connection-idle-timeout"


def service(
    name: str = "demo-tidb", *, port: int = 4000, host: str = "", type_: str = "LoadBalancer", **metadata: Any
) -> dict[str, Any]:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "db", **metadata},
        "spec": {
            "type": type_,
            "selector": {"app.kubernetes.io/component": "tidb"} if port == 4000 else {"app": name},
            "ports": [{"port": port}],
        },
        "status": {"loadBalancer": {"ingress": [{"hostname": host}] if host else []}},
    }


def server(name: str, *, keepalive: str = "", **annotations: str) -> dict[str, Any]:
    sysctls = [{"name": "net.ipv4.tcp_keepalive_time", "value": keepalive}] if keepalive else []
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "db",
            "labels": {"app.kubernetes.io/component": "tidb"},
            "annotations": annotations,
        },
        "spec": {"containers": [{"name": "tidb", "image": "tidb"}], "securityContext": {"sysctls": sysctls}},
    }


def node(provider: str) -> dict[str, Any]:
    return {"kind": "Node", "metadata": {"name": "worker-a"}, "spec": {"providerID": provider}}


CLASSIC = "a1b2-42.eu-central-1.elb.amazonaws.com"
NETWORK = "demo-9.elb.eu-central-1.amazonaws.com"


async def test_a_classic_elb_closes_after_its_default_and_counts_no_probes(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [service(host=CLASSIC), server("demo-tidb-0", keepalive="30")]})

    (row,) = (await read(PROBE)).rows
    assert (row.values["kind"], row.values["idle_s"], row.values["explicit"]) == ("aws-elb", 60, False)
    assert (row.values["keepalive_s"], row.values["covered"]) == (30, False)
    assert (row.values["tidb"], row.values["port"], row.values["pod"]) == (True, 4000, "demo-tidb-0")


async def test_the_annotation_counts(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [service(host=CLASSIC, annotations={IDLE: "900"})]})

    (row,) = (await read(PROBE)).rows
    assert (row.values["idle_s"], row.values["explicit"], row.values["covered"]) == (900, True, False)
    assert row.quote.endswith(f"{IDLE}: 900")


async def test_all_pods_must_send_probes_in_time(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        service(host=NETWORK), server("demo-tidb-0", keepalive="300"), server("demo-tidb-1", keepalive="300"),
    ]})  # fmt: skip
    (row,) = (await read(PROBE)).rows
    assert (row.values["kind"], row.values["idle_s"], row.values["covered"]) == ("aws-nlb", 350, True)

    cluster.load({"objects": [server("demo-tidb-1", keepalive="nonsense")]})
    (row,) = (await read(PROBE)).rows
    assert (row.values["keepalive_s"], row.values["covered"]) == (7200, False)


async def test_the_nodes_tell_the_cloud_where_the_service_does_not(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [service(), node("azure:///subscriptions/1/vm")]})
    (row,) = (await read(PROBE)).rows
    assert (row.values["kind"], row.values["idle_s"]) == ("azure", 240)

    cluster.forbid(verb="list", resource="nodes")
    reading = await read(PROBE)
    assert (reading.rows[0].values["kind"], reading.rows[0].values["idle_s"]) == ("", 0)
    assert [str(gap.permission) for gap in reading.gaps] == ["list on nodes"]


async def test_only_load_balancers_before_mysql_are_meant(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [
        service(host=CLASSIC), service("web", port=443, host=CLASSIC), service("inner", type_="ClusterIP"),
        service("legacy", port=3306, host=CLASSIC),
    ]})  # fmt: skip

    assert [row.values["service"] for row in (await read(PROBE)).rows] == ["demo-tidb", "legacy"]
    assert [row.values["service"] for row in (await read(PROBE, namespace="other")).rows] == []
    named = await read(PROBE, kind="Service", namespace="db", name="legacy")
    assert [row.values["service"] for row in named.rows] == ["legacy"]
    assert (await read(PROBE, kind="Service", namespace="db", name="gone")).missing == "Service db/gone"


async def test_without_the_services_nothing_is_claimed(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [service(host=CLASSIC)]})
    cluster.forbid(verb="list", resource="services")

    reading = await read(PROBE)
    assert (reading.rows, [str(gap.permission) for gap in reading.gaps]) == ((), ["list on services"])


async def test_without_the_pods_no_probe_is_taken_for_granted(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [service(host=NETWORK), server("demo-tidb-0", keepalive="30")]})
    cluster.forbid(verb="list", resource="pods")

    reading = await read(PROBE)
    values = reading.rows[0].values
    assert (values["covered"], values["pod"], values["keepalive_s"]) == (False, "", -1)
    assert [str(gap.permission) for gap in reading.gaps] == ["list on pods"]
