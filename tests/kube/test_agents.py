"""Test which nodes a DaemonSet selects, and how its bad nodes differ from its good ones."""

from typing import Any

import pytest

from bot.kube.agents import differences, traits, wants

CORDONED = {"spec": {"unschedulable": True}}
NOT_READY = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}


def daemonset(**template: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": template}}}


def tainted(key: str, effect: str = "NoSchedule") -> dict[str, Any]:
    return {"spec": {"taints": [{"key": key, "effect": effect}]}}


@pytest.mark.parametrize(
    ("node", "template", "expected"),
    [
        ({}, {}, True),
        (CORDONED, {}, True),
        (NOT_READY, {}, True),
        (tainted("node.kubernetes.io/disk-pressure"), {}, True),
        (tainted("node-role.kubernetes.io/control-plane"), {}, False),
        (tainted("node-role.kubernetes.io/control-plane"), {"tolerations": [{"operator": "Exists"}]}, True),
        (tainted("node.kubernetes.io/network-unavailable"), {}, False),
        (tainted("node.kubernetes.io/network-unavailable"), {"hostNetwork": True}, True),
        ({}, {"nodeSelector": {"kubernetes.io/os": "linux"}}, False),
    ],
)
def test_a_daemonset_wants_the_nodes_its_controller_would_use(
    node: dict[str, Any], template: dict[str, Any], expected: bool
) -> None:
    assert wants(daemonset(**template), node) is expected


def test_only_what_all_bad_nodes_share_and_no_good_one_has_is_a_difference() -> None:
    old = {"kernel": "5.4.0", "zone": "a", "kubelet": "v1.36.2"}
    new = {"kernel": "6.8.0", "zone": "a", "kubelet": "v1.36.2"}

    assert differences([old, {**old, "zone": "b"}], [new]) == ("kernel 5.4.0",)
    assert differences([old, {**old, "kernel": "5.5.0"}], [new]) == ()
    assert differences([old], []) == differences([], [new]) == ()
    assert differences([{"zone": "c"}], [{"zone": "a"}, {"zone": "b"}]) == ()
    assert differences([{"zone": "c"}], [{"zone": "a"}, {"zone": "a"}]) == ("zone c",)


def test_a_node_that_says_nothing_has_no_traits() -> None:
    assert set(traits({}).values()) == set(traits({"metadata": None, "status": None}).values()) == {""}
