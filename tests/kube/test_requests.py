"""Effective requests of pods, against a model that lets the containers run one after another."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.quantities import amounts, lacking, minus, most, plus, pod_requests


def container(cpu: str | None = None, memory: str | None = None, **more: object) -> dict:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": "c", "resources": {"requests": requests}} | more


def requests_of(**spec: object) -> dict[str, int]:
    return pod_requests({"spec": spec})


def test_containers_add_up_and_the_pod_takes_one_place() -> None:
    found = requests_of(containers=[container("500m", "1Gi"), container("1", "512Mi")])
    assert found == {"cpu": 1500, "memory": 1536 * 2**20, "pods": 1}


def test_the_largest_init_container_counts_when_it_is_more_than_the_containers() -> None:
    found = requests_of(
        containers=[container("500m", "1Gi")], initContainers=[container("2", "128Mi"), container("1", "256Mi")]
    )
    assert (found["cpu"], found["memory"]) == (2000, 2**30)


def test_a_sidecar_runs_beside_what_starts_after_it() -> None:
    sidecar = container("300m", restartPolicy="Always")
    before = requests_of(containers=[container("100m")], initContainers=[container("1"), sidecar])
    after = requests_of(containers=[container("100m")], initContainers=[sidecar, container("1")])
    assert (before["cpu"], after["cpu"]) == (1000, 1300)


def test_overhead_comes_on_top_and_requests_of_the_pod_replace_the_sum() -> None:
    found = requests_of(
        containers=[container("4", "4Gi")],
        resources={"requests": {"cpu": "1", "memory": "1Gi"}},
        overhead={"cpu": "250m"},
    )
    assert (found["cpu"], found["memory"]) == (1250, 2**30)


def test_a_limit_without_a_request_is_the_request() -> None:
    found = requests_of(
        containers=[{"resources": {"limits": {"nvidia.com/gpu": "2", "cpu": "1"}, "requests": {"cpu": "100m"}}}]
    )
    assert (found["cpu"], found["nvidia.com/gpu"]) == (100, 2)


def test_a_container_that_is_being_made_smaller_still_holds_what_it_has() -> None:
    pod = {
        "spec": {"containers": [container("1")]},
        "status": {"containerStatuses": [{"name": "c", "resources": {"requests": {"cpu": "3"}}}]},
    }
    assert pod_requests(pod)["cpu"] == 3000


def test_a_pod_without_requests_takes_only_its_place() -> None:
    assert requests_of(containers=[{}]) == {"pods": 1}
    assert pod_requests({}) == {"pods": 1}


def test_what_is_not_asked_for_is_never_lacking() -> None:
    free = amounts({"cpu": "-1", "memory": "1Gi"}) | {"pods": 0}
    assert lacking(free, {"memory": 2**30, "cpu": 0}) == ()
    assert lacking(free, {"cpu": 1, "pods": 1, "nvidia.com/gpu": 1}) == ("cpu", "nvidia.com/gpu", "pods")


def test_a_value_that_is_no_quantity_is_named() -> None:
    with pytest.raises(ValueError, match="lots"):
        amounts({"cpu": "lots"})


SIZES = st.integers(min_value=0, max_value=4000)
PODS = st.tuples(
    st.lists(SIZES, max_size=4), st.lists(st.tuples(SIZES, st.booleans()), max_size=5), st.integers(0, 500)
)


def pod_of(containers: list[int], init: list[tuple[int, bool]], overhead: int) -> dict:
    return {
        "spec": {
            "containers": [container(f"{size}m") for size in containers],
            "initContainers": [
                container(f"{size}m", **({"restartPolicy": "Always"} if sidecar else {})) for size, sidecar in init
            ],
            "overhead": {"cpu": f"{overhead}m"},
        }
    }


@given(PODS)
def test_a_pod_needs_what_it_uses_at_its_busiest_moment(parts: tuple[list[int], list[tuple[int, bool]], int]) -> None:
    containers, init, overhead = parts
    moments, sidecars = [0], 0
    for size, sidecar in init:
        moments.append(sidecars + size)
        sidecars += size if sidecar else 0
    moments.append(sum(containers) + sidecars)

    assert pod_requests(pod_of(containers, init, overhead)).get("cpu", 0) == max(moments) + overhead


@given(PODS, SIZES)
def test_one_more_container_adds_exactly_its_own_while_the_containers_run(
    parts: tuple[list[int], list[tuple[int, bool]], int], size: int
) -> None:
    containers, init, overhead = parts
    pod = pod_of(containers, init, overhead)
    before = copy.deepcopy(pod)
    more = pod_requests(pod_of([*containers, size], init, overhead)).get("cpu", 0)
    less = pod_requests(pod).get("cpu", 0)
    assert less <= more <= less + size
    assert pod == before, "reading must not change the pod"


@given(st.dictionaries(st.sampled_from("abc"), SIZES), st.dictionaries(st.sampled_from("abc"), SIZES))
def test_amounts_behave_as_numbers_do(left: dict[str, int], right: dict[str, int]) -> None:
    assert plus(left, right) == plus(right, left)
    assert all(minus(plus(left, right), right).get(name, 0) == left.get(name, 0) for name in "abc")
    assert all(most(left, right)[name] >= left.get(name, 0) for name in most(left, right))


def test_cpu_of_quotas_is_counted_in_thousandths() -> None:
    assert amounts({"limits.cpu": "1500m", "cpu": "2", "requests.memory": "1Gi"}) == {
        "limits.cpu": 1500,
        "cpu": 2000,
        "requests.memory": 1 << 30,
    }
