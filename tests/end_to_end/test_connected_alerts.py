"""Alerts about objects that edges connect are one post with one diagnosis; others stay apart, in one namespace too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.end_to_end.test_alerts_webhook import TO_CHANNEL, TOKEN, alert, deliver, group, post_with, posts
from tests.end_to_end.workplace import Workplace, lines_of, workplace

CRASH = {"exited": 1, "restarts": 9, "waiting": "CrashLoopBackOff"}
UNREADY = {"ready": False, "since": "20m"}
LOST = 'secret "db-login" not found'
INGRESS = {
    "spec": {
        "ingressClassName": "nginx",
        "rules": [
            {
                "host": "shop.acme.io",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "web", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "10.9.9.9"}]}},
}


def deployment(name: str, *, node: str = "", pods: int = 1, **container: Any) -> dict[str, Any]:
    named = [f"{name}-7d9f8b6c54-{letter * 5}" for letter in "bcdfg"[:pods]]
    return {
        "containers": {name: {"image": f"{name}:1", **container}},
        "pods": dict.fromkeys(named, node) if node else named,
    }


def of(name: str, namespace: str, **labels: str) -> dict[str, Any]:
    home = {"namespace": namespace} if namespace else {}
    return {**alert(""), "labels": {"alertname": name, **home, **labels}}


def pods_of(workload: str, namespace: str, name: str, *, pods: int = 1) -> list[dict[str, Any]]:
    return [of(name, namespace, pod=f"{workload}-7d9f8b6c54-{letter * 5}") for letter in "bcdfg"[:pods]]


SHOP = {
    "scene": {"Ingress/shop/web": INGRESS, "Service/shop/web": {"ports": 80}, "Deployment/shop/web": deployment("web")},
    "faults": {"Deployment/shop/web": CRASH},
}
OF_SHOP = [
    of("KubePodCrashLooping", "shop", pod="web-7d9f8b6c54-bbbbb"),
    of("KubeDeploymentReplicasMismatch", "shop", deployment="web"),
    of("TargetDown", "shop", service="web", job="web"),
    of("IngressErrors", "shop", ingress="web"),
]
NODE = {
    "scene": {
        "Node/node-lost": {},
        "Deployment/shelf/a": deployment("a", node="node-lost", pods=3),
        "Deployment/rack/b": deployment("b", node="node-lost", pods=3),
        "Deployment/shelf/c": deployment("c", node="worker-b"),
    },
    "faults": {"Node/node-lost": {"unreachable": True}, "Deployment/shelf/c": CRASH},
}
OF_NODE = [
    of("KubeNodeNotReady", "", node="node-lost"),
    *pods_of("a", "shelf", "KubePodNotReady", pods=3),
    *pods_of("b", "rack", "KubePodNotReady", pods=3),
    of("KubeDeploymentReplicasMismatch", "rack", deployment="b"),
    *pods_of("c", "shelf", "KubePodCrashLooping"),
]
SECRET = {
    "scene": {
        f"Deployment/till/{name}": deployment(name, envFrom=[{"secretRef": {"name": "db-login"}}])
        for name in ("front", "middle", "back")
    },
    "faults": {
        f"Deployment/till/{name}": {"waiting": "CreateContainerConfigError", "message": LOST}
        for name in ("front", "middle", "back")
    },
}
OF_SECRET = [
    *(each for name in ("front", "middle", "back") for each in pods_of(name, "till", "KubePodNotReady")),
    of("KubeDeploymentReplicasMismatch", "till", deployment="back"),
]
# Both Deployments run one image, which is not at fault.
APART = {
    "scene": {f"Deployment/shop/{name}": deployment(name, image="base:1") for name in ("web", "cart")},
    "faults": {f"Deployment/shop/{name}": CRASH for name in ("web", "cart")},
}
OF_APART = [each for name in ("web", "cart") for each in pods_of(name, "shop", "KubePodCrashLooping")]
UNEXPLAINED = {
    "scene": {
        "Service/shop/mail": {"ports": 80},
        "Deployment/shop/mail": deployment("mail"),
        "Deployment/shop/other": deployment("other"),
    },
    "faults": {"Deployment/shop/mail": UNREADY, "Deployment/shop/other": UNREADY},
}
OF_UNEXPLAINED = [
    *pods_of("mail", "shop", "KubePodNotReady"),
    of("KubeDeploymentReplicasMismatch", "shop", deployment="mail"),
    of("TargetDown", "shop", service="mail", job="mail"),
    *pods_of("other", "shop", "KubePodNotReady"),
]
NUMBERS = {
    "an Ingress, its Service and the Deployment that crashes": (SHOP, OF_SHOP, [4]),
    "a node that is not ready beside an unrelated crash": (NODE, OF_NODE, [1, 8]),
    "three Deployments that lack one Secret": (SECRET, OF_SECRET, [4]),
    "two crashes in one namespace": (APART, OF_APART, [1, 1]),
    "a Service whose pods nothing explains, beside another such pod": (UNEXPLAINED, OF_UNEXPLAINED, [1, 3]),
}


async def numbers(at: Workplace, count: int) -> list[int]:
    """Return how many alerts fire in each of so many posts."""
    return sorted(int(lines_of(post)[0].split()[1]) for post in await posts(at, count))


@pytest.mark.parametrize(("world", "alerts", "expected"), NUMBERS.values(), ids=NUMBERS)
async def test_alerts_are_grouped_by_edges(
    tmp_path: Any, engine: Any, world: Mapping[str, Any], alerts: list[dict[str, Any]], expected: list[int]
) -> None:
    async with workplace(tmp_path, engine, world, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        await deliver(at, group(*alerts))

        assert await numbers(at, len(expected)) == expected


async def test_later_alert_about_a_connected_object_joins_the_post_and_explains_it(tmp_path, engine):
    async with workplace(tmp_path, engine, SHOP, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        for number, each in enumerate(reversed(OF_SHOP), start=1):
            await deliver(at, group(each))
            await post_with(at, f"{number} alert")

        (post,) = at.ours()
        assert "fails with exit code 1" in "\n".join(lines_of(post))


async def test_alerts_about_one_object_are_one_diagnosis(tmp_path, engine):
    async with workplace(tmp_path, engine, SHOP, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        (pod,) = pods_of("web", "shop", "KubePodCrashLooping")
        await deliver(at, group(pod))
        await posts(at, 1)
        once = len(at.cluster.requests)

    (tmp_path / "two").mkdir()
    async with workplace(tmp_path / "two", engine, SHOP, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        await deliver(at, group(pod, *pods_of("web", "shop", "KubePodNotReady")))
        assert await numbers(at, 1) == [2]
        assert len(at.cluster.requests) == once
