"""What Services say of the NLBs before them: who ends TLS, and what is negotiated."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.load_balancers import read as PROBE

A = "service.beta.kubernetes.io/aws-load-balancer-"

TLS = {"shows": "tls"}


def service(
    name: str = "gateway",
    *,
    type_: str = "nlb",
    kind: str = "LoadBalancer",
    host: str = "",
    spec: dict | None = None,
    **annotations: str,
) -> dict:
    written = {f"{A}{key.replace('_', '-')}": value for key, value in annotations.items()}
    if type_:
        written[f"{A}type"] = type_
    ports = [{"name": "https", "port": 443}]
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "edge", "annotations": written},
        "spec": {"type": kind, "selector": {"istio": "ingressgateway"}, "ports": ports} | (spec or {}),
        "status": {"loadBalancer": {"ingress": [{"hostname": host}] if host else []}},
    }


async def values(cluster: SimulatedCluster, read: Any, *objects: dict) -> dict[str, Any]:
    cluster.load({"objects": list(objects)})
    [row] = (await read(PROBE, args=TLS)).rows
    return dict(row.values)


async def test_an_nlb_that_ends_tls_and_negotiates_nothing(cluster: SimulatedCluster, read: Any) -> None:
    host = "a1-b2.elb.eu-west-1.amazonaws.com"
    row = await values(
        cluster, read, service(host=host, ssl_cert="arn:aws:acm:x", ssl_ports="443", backend_protocol="tcp")
    )

    assert (row["ends_tls"], row["tls_ports"], row["backend_protocol"]) == (True, "443", "tcp")
    assert (row["alpn"], row["http2"], row["manager"]) == ("", False, "cloud-provider")
    assert row["host"] == host


@pytest.mark.parametrize(("policy", "http2"), [
    ("HTTP2Preferred", True), ("HTTP2Optional", True), ("HTTP2Only", True), ("HTTP1Only", False), ("None", False),
])  # fmt: skip
async def test_which_policies_let_clients_have_http_2(
    cluster: SimulatedCluster, read: Any, policy: str, http2: bool
) -> None:
    row = await values(cluster, read, service(ssl_cert="arn", alpn_policy=policy))

    assert (row["alpn"], row["http2"]) == (policy, http2)


@pytest.mark.parametrize(("type_", "spec", "manager"), [
    ("nlb", {}, "cloud-provider"),
    ("external", {}, "aws-load-balancer-controller"),
    ("nlb-ip", {}, "aws-load-balancer-controller"),
    ("", {"loadBalancerClass": "service.k8s.aws/nlb"}, "aws-load-balancer-controller"),
])  # fmt: skip
async def test_who_manages_it(cluster: SimulatedCluster, read: Any, type_: str, spec: dict, manager: str) -> None:
    row = await values(cluster, read, service(type_=type_, spec=spec))

    assert (row["manager"], row["ends_tls"]) == (manager, False)


async def test_other_services_are_none(cluster: SimulatedCluster, read: Any) -> None:
    plain = service("plain", type_="", kind="ClusterIP")
    classic = service("classic", type_="", host="a1-b2.eu-west-1.elb.amazonaws.com")
    cluster.load({"objects": [plain, classic, service("inner", kind="ClusterIP")]})

    assert (await read(PROBE, args=TLS)).rows == ()


async def test_the_service_named_is_read_alone(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [service(), service("other")]})

    rows = (await read(PROBE, args=TLS, kind="Service", namespace="edge", name="other")).rows
    assert [row.values["service"] for row in rows] == ["other"]
    assert [row.values["service"] for row in (await read(PROBE, args=TLS, kind="Service", name="other")).rows] == [
        "other"
    ]
    assert (await read(PROBE, args=TLS, kind="Service", namespace="edge", name="gone")).missing == "Service edge/gone"
    assert (await read(PROBE, args=TLS, namespace="elsewhere")).rows == ()


async def test_services_that_may_not_be_read_are_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [service()]})
    cluster.forbid(verb="list", resource="services")

    reading = await read(PROBE, args=TLS)
    assert (reading.rows, len(reading.gaps)) == ((), 1)
