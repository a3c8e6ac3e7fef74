"""Names that the log of a failing container says do not resolve, and the Services they mean."""

from typing import Any

import pytest

from bot.kube.services import service_meant, unresolved_name
from bot.playground.kubernetes import SimulatedCluster
from bot.probes import log_errors

POD = {"kind": "Pod", "namespace": "shop", "name": "cart-0"}


def world(said: str) -> dict[str, Any]:
    return {
        "scene": {
            "Node/worker-a": {},
            "Pod/shop/cart-0": {"containers": {"cart": "cart:7"}},
            "Service/pricing/prices": {"ports": {"http": 80}},
            "Service/shop/orders": {"headless": True, "selector": {"app": "none"}},
        },
        "faults": {"Pod/shop/cart-0": {"exited": 1, "restarts": 4, "waiting": "CrashLoopBackOff", "previous": said}},
    }


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("dial tcp: lookup prices.shop.svc on 10.96.0.10:53: no such host", "prices.shop.svc"),
        ("Error: getaddrinfo ENOTFOUND redis.cache.svc.cluster.local", "redis.cache.svc.cluster.local"),
        ('could not translate host name "db" to address: Name or service not known', "db"),
        ("java.net.UnknownHostException: kafka-0.kafka", "kafka-0.kafka"),
        ('nginx: [emerg] host not found in upstream "api.shop" in /etc/nginx/nginx.conf:31', "api.shop"),
        ("dial tcp 10.96.4.20:5432: connect: connection refused", ""),
        ("lookup failed for user 7", ""),
    ],
)
def test_the_name_of_a_failed_lookup(line: str, name: str) -> None:
    assert unresolved_name(line) == name


def test_only_names_inside_the_cluster_mean_a_service() -> None:
    meant = service_meant("kafka-0.kafka.queue.svc.cluster.local")
    assert meant is not None
    assert (meant.service, meant.namespace, meant.sure) == ("kafka", "queue", True)
    two = service_meant("prices.shop")
    assert two is not None
    assert (two.service, two.namespace, two.sure) == ("prices", "shop", False)
    assert service_meant("api.example.com") is None


@pytest.mark.parametrize(
    ("name", "missing", "closest", "empty"),
    [
        ("prices", True, "pricing/prices", False),
        ("prices.shop.svc.cluster.local", True, "pricing/prices", False),
        ("prices.pricing", False, "", False),
        ("orders", False, "", True),
        ("api.example.com", False, "", False),
        ("example.com", False, "", False),
    ],
)
async def test_the_service_that_a_pod_asks_for(
    cluster: SimulatedCluster, read: Any, name: str, missing: bool, closest: str, empty: bool
) -> None:
    cluster.load(world(f"fatal: dial tcp: lookup {name} on 10.96.0.10:53: no such host"))

    (row,) = (await read(log_errors.read, args={"shows": "lookups"}, **POD)).rows

    assert (row.values["pod"], row.values["name"]) == ("cart-0", name)
    assert (row.values["missing"], row.values["closest"], row.values["without_endpoints"]) == (missing, closest, empty)


async def test_a_ready_pod_asks_for_no_name(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(world("") | {"faults": {}})

    reading = await read(log_errors.read, args={"shows": "lookups"}, **POD)

    assert (reading.rows, reading.gaps) == ((), ())
