"""Which containers and pods are the operator's, by what a TidbCluster and a pod say."""

import pytest

from bot.kube.owners import LastWrite, last_written
from bot.kube.tidb_clusters import component_of, generated_containers, operator_image, reads_annotations


@pytest.mark.parametrize(
    ("component", "spec", "names"),
    [
        ("pd", {}, ("pd",)),
        ("tidb", {}, ("tidb", "slowlog")),
        ("tidb", {"separateSlowLog": False}, ("tidb",)),
        ("tikv", {}, ("tikv",)),
        ("tikv", {"separateRocksDBLog": True, "separateRaftLog": True}, ("tikv", "rocksdblog", "raftlog")),
        ("tiflash", {}, ("tiflash", "serverlog", "errorlog", "clusterlog")),
        ("discovery", {}, ("discovery",)),
    ],
)
def test_the_operators_own_containers_depend_on_what_is_asked_for(
    component: str, spec: dict, names: tuple[str, ...]
) -> None:
    assert generated_containers(component, spec) == names


@pytest.mark.parametrize(
    ("spec", "image"),
    [
        ({"version": "v7.5.1", "tikv": {"baseImage": "pingcap/tikv"}}, "pingcap/tikv:v7.5.1"),
        ({"version": "v7.5.1", "tikv": {"baseImage": "pingcap/tikv", "version": "v7.5.2"}}, "pingcap/tikv:v7.5.2"),
        ({"version": "v7.5.1", "tikv": {"image": "mirror/tikv:1"}}, "mirror/tikv:1"),
        ({"tikv": {"baseImage": "pingcap/tikv"}}, ""),
        ({"tikv": None}, ""),
    ],
)
def test_the_image_of_a_component_is_told_from_its_resource(spec: dict, image: str) -> None:
    assert operator_image("tikv", spec) == image


def pod(container: str, *, labels: dict | None = None, owner: str = "") -> dict:
    owners = [{"kind": "StatefulSet", "name": owner}] if owner else []
    return {
        "metadata": {"labels": labels or {}, "ownerReferences": owners},
        "spec": {"containers": [{"name": container}]},
    }


@pytest.mark.parametrize(
    ("told", "component"),
    [
        (pod("tikv", labels={"app.kubernetes.io/component": "tikv"}), "tikv"),
        (pod("pd", owner="demo-pd"), "pd"),
        (pod("tidb", owner="demo-tidb"), "tidb"),
        (pod("web", labels={"app.kubernetes.io/component": "tikv"}), ""),
        (pod("tikv"), ""),
        (pod("discovery", labels={"app.kubernetes.io/component": "discovery"}), ""),
        ({}, ""),
    ],
)
def test_a_pod_is_a_component_by_its_container_and_its_label_or_owner(told: dict, component: str) -> None:
    assert component_of(told) == component


def test_a_start_script_sees_annotations_only_through_the_downward_api() -> None:
    seen = {"downwardAPI": {"items": [{"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}]}}

    assert reads_annotations({"spec": {"volumes": [{"name": "data"}, {"name": "annotations", **seen}]}})
    assert not reads_annotations({"spec": {"volumes": [{"name": "data", "downwardAPI": {"items": []}}]}})
    assert not reads_annotations({})


def test_the_newest_manager_that_owns_a_field_wrote_it_last() -> None:
    def entry(manager: str, time: str, fields: dict) -> dict:
        return {"manager": manager, "time": time, "fieldsV1": {"f:spec": fields}}

    extra: dict = {"f:tikv": {"f:additionalContainers": {}}}
    obj = {
        "metadata": {
            "managedFields": [
                entry("tidb-controller-manager", "2026-03-02T05:00:00Z", {"f:tikv": {"f:replicas": {}}}),
                entry("kubectl-edit", "2026-03-02T04:00:00Z", extra),
                entry("helm", "2026-03-01T04:00:00Z", extra),
            ]
        }
    }

    written = last_written(obj, ("spec", "tikv", "additionalContainers"))

    assert written == LastWrite(manager="kubectl-edit", time="2026-03-02T04:00:00Z")
    assert last_written({"metadata": {"managedFields": [{"fieldsV1": None}]}}, ("spec",)) == LastWrite()
    assert last_written({}, ("spec",)) == LastWrite()
