"""Which nodes admit a pod: taints, cordon, readiness, selectors and node affinity as the scheduler reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.placement import Taint, constraints_beyond, refusal, tolerates

NO_GPU = Taint(key="gpu", value="none", effect="NoSchedule")


def node(
    *, taints: list[dict] | None = None, labels: dict | None = None, cordoned: bool = False, ready: str = "True"
) -> dict:
    return {
        "metadata": {"name": "n1", "labels": labels or {}},
        "spec": {"taints": taints or [], "unschedulable": cordoned},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def pod(**spec: object) -> dict:
    return {"spec": spec}


def affine(*terms: dict) -> dict:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return pod(affinity={"nodeAffinity": required})


@pytest.mark.parametrize(
    ("toleration", "covered"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "value": "none"}, True),
        ({"key": "gpu", "operator": "Equal", "value": "none", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "value": "some"}, False),
        ({"key": "gpu"}, False),
        ({"key": "cpu", "operator": "Exists"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_a_toleration_covers_by_key_value_and_effect(toleration: dict, covered: bool) -> None:
    assert tolerates([toleration], NO_GPU) is covered


def test_a_taint_that_only_prefers_keeps_nobody_off() -> None:
    assert refusal(pod(), node(taints=[{"key": "slow", "effect": "PreferNoSchedule"}])) == ""
    assert refusal(pod(), node(taints=[{"key": "slow", "effect": "NoExecute"}])) == "taint slow:NoExecute"


def test_a_cordoned_node_or_one_that_is_not_ready_admits_only_who_tolerates_it() -> None:
    everything = pod(tolerations=[{"operator": "Exists"}])
    assert refusal(pod(), node(cordoned=True)) == "cordoned"
    assert refusal(pod(), node(ready="False")) == "not ready"
    assert refusal(pod(), node(ready="Unknown")) == "not ready"
    assert refusal(everything, node(cordoned=True, ready="False")) == ""


@pytest.mark.parametrize(
    ("requirement", "holds"),
    [
        ({"key": "zone", "operator": "In", "values": ["a", "b"]}, True),
        ({"key": "zone", "operator": "NotIn", "values": ["a"]}, False),
        ({"key": "absent", "operator": "NotIn", "values": ["a"]}, True),
        ({"key": "zone", "operator": "Exists"}, True),
        ({"key": "absent", "operator": "DoesNotExist"}, True),
        ({"key": "cores", "operator": "Gt", "values": ["7"]}, True),
        ({"key": "cores", "operator": "Lt", "values": ["8"]}, False),
        ({"key": "zone", "operator": "Gt", "values": ["1"]}, False),
        ({"key": "zone", "operator": "Near", "values": ["a"]}, False),
    ],
)
def test_node_affinity_reads_labels(requirement: dict, holds: bool) -> None:
    labels = {"zone": "a", "cores": "8"}
    assert (refusal(affine({"matchExpressions": [requirement]}), node(labels=labels)) == "") is holds


def test_terms_are_alternatives_and_an_empty_one_selects_nothing() -> None:
    elsewhere = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}]}
    by_name = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
    assert refusal(affine(elsewhere, by_name), node()) == ""
    assert refusal(affine(elsewhere, {}), node()) == "node selector or affinity"
    assert refusal(affine(), node()) == "node selector or affinity"


def test_a_node_selector_must_hold_as_a_whole() -> None:
    wanted = pod(nodeSelector={"zone": "a", "disk": "ssd"})
    assert refusal(wanted, node(labels={"zone": "a"})) == "node selector or affinity"
    assert refusal(wanted, node(labels={"zone": "a", "disk": "ssd", "more": "x"})) == ""


def test_what_is_not_judged_is_named() -> None:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]}
    found = constraints_beyond(pod(
        affinity={"podAntiAffinity": required},
        topologySpreadConstraints=[{"whenUnsatisfiable": "ScheduleAnyway"}],
        containers=[{"ports": [{"containerPort": 80, "hostPort": 80}]}],
        volumes=[{"persistentVolumeClaim": {"claimName": "data"}}, {"emptyDir": {}}],
    ))  # fmt: skip
    assert found == ("pod anti-affinity", "host ports", "volumes")


KEYS = st.sampled_from(["a", "b"])
TAINTS = st.lists(st.fixed_dictionaries({"key": KEYS, "value": KEYS, "effect": st.just("NoSchedule")}), max_size=3)
TOLERATIONS = st.lists(
    st.fixed_dictionaries({"key": KEYS, "operator": st.sampled_from(["Exists", "Equal"]), "value": KEYS}), max_size=3
)


@given(TAINTS, TOLERATIONS, TOLERATIONS)
def test_more_tolerations_never_keep_a_pod_off(taints: list[dict], some: list[dict], more: list[dict]) -> None:
    tainted = node(taints=taints)
    if refusal(pod(tolerations=some), tainted) == "":
        assert refusal(pod(tolerations=[*some, *more]), tainted) == ""
