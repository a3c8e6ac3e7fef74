"""Test which labels of nodes may be added by hand, and which one is closest to a label that no node has."""

import pytest

from bot.kube.agents import closest_label, is_fixed_label
from bot.kube.placement import Requirement, asked_labels, unmet_labels

NODES = [{"disktype": "ssd", "pool": "general"}, {"disktype": "nvme-ssd", "accelerator": "a100"}]


def asked(key: str, *values: str) -> list[Requirement]:
    return [Requirement(key=key, operator="In", values=values)]


@pytest.mark.parametrize(
    ("key", "value", "closest"),
    [
        ("disktype", "nvme", "disktype=nvme-ssd"),
        ("disktpye", "ssd", "disktype=ssd"),
        ("gpu-type", "a100", "accelerator=a100"),
        ("disktype", "ssd", ""),
        ("team", "payments", ""),
    ],
)
def test_the_closest_label_has_the_same_key_or_nearly_the_same_words_or_the_same_value(
    key: str, value: str, closest: str
) -> None:
    assert closest_label(asked(key, value), NODES) == closest


@pytest.mark.parametrize(
    ("key", "fixed"),
    [("disktype", False), ("example.com/team", False), ("notkubernetes.io/a", False), ("kubernetes.io/os", True)],
)
def test_labels_of_kubernetes_and_of_clouds_are_fixed(key: str, fixed: bool) -> None:
    assert is_fixed_label(key) is fixed


def test_of_alternative_terms_the_one_that_lacks_least_is_said() -> None:
    def term(*keys: str) -> dict:
        return {"matchExpressions": [{"key": key, "operator": "Exists"} for key in keys]}

    terms = [term("a", "b"), term("pool", "c")]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    pod = {"spec": {"nodeSelector": {"disktype": "nvme"}, "affinity": {"nodeAffinity": required}}}
    node = {"metadata": {"name": "n", "labels": NODES[0]}}

    assert [str(each) for each in unmet_labels(pod, node)] == ["disktype=nvme", "c exists"]
    assert len(asked_labels(pod)) == 5
