"""Which ConfigMaps and Secrets are missing, and what the probe finds beside them."""

from typing import Any

import pytest

from bot.kube.config_references import Missing, missing_in
from bot.playground.kubernetes import SimulatedCluster
from bot.probes import config_references

POD = {"kind": "Pod", "namespace": "shop", "name": "api-0"}


def world(*, spec: dict, fault: dict, **others: Any) -> dict:
    scene = {"Pod/shop/api-0": {"age": "10m", "node": "worker-a", **spec}, "Node/worker-a": {}, **others}
    return {"scene": scene, "faults": {"Pod/shop/api-0": fault}}


def uses(*names: str) -> dict:
    return {"containers": {"api": {"image": "a", "envFrom": [{"configMapRef": {"name": each}} for each in names]}}}


async def test_a_missing_config_map_is_told_with_the_closest_name_and_its_other_users(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load(
        world(
            spec=uses("settings", "there"),
            fault={"waiting": "CreateContainerConfigError", "message": 'configmap "settings" not found'},
            **{
                "ConfigMap/shop/there": {"data": {"A": "1"}},
                "ConfigMap/shop/setting": {"data": {"A": "1"}},
                "Pod/shop/web-0": {"node": "worker-a", **uses("settings")},
            },
        )
    )

    reading = await read(config_references.read, args={"compare": True}, **POD)

    (row,) = reading.rows
    assert (row.values["kind"], row.values["name"], row.values["key"]) == ("ConfigMap", "settings", "")
    assert row.values["almost"] == "setting"
    assert (row.values["closest"], row.values["users"]) == ("setting", ("Pod/web-0",))
    assert row.values["problem"] == 'configmap "settings" not found'


async def test_a_secret_is_missing_only_if_the_kubelet_says_so(cluster: SimulatedCluster, read: Any) -> None:
    spec = {
        "containers": {"api": {"image": "a", "mounts": {"tls": "/tls"}}},
        "pod": {"volumes": [{"name": "tls", "secret": {"secretName": "api-tls"}}]},
    }
    told = 'MountVolume.SetUp failed for volume "tls" : secret "api-tls" not found'

    cluster.load(world(spec=spec, fault={"waiting": "ContainerCreating"}))
    assert (await read(config_references.read, **POD)).rows == ()

    cluster.load(world(spec=spec, fault={"mount_error": told}))
    assert [row.values["name"] for row in (await read(config_references.read, **POD)).rows] == ["api-tls"]


REFUSED = (
    'failed to create containerd task: OCI runtime create failed: error mounting "/var/lib/kubelet/pods/1/x" to rootfs '
    'at "/etc/api.yaml": mount src=/var/lib/kubelet/pods/1/x, dst=/etc/api.yaml, flags=MS_BIND: not a directory'
)


@pytest.mark.parametrize(
    ("volume", "told"),
    [
        ({"configMap": {"name": "settings"}}, ("ConfigMap", "api.yaml", "it has no key api.yaml", "api.yml")),
        (
            {"configMap": {"name": "settings", "items": [{"key": "api.yml", "path": "app.yaml"}]}},
            ("ConfigMap", "api.yaml", "it has no key api.yaml", "app.yaml"),
        ),
        (
            {"secret": {"secretName": "login"}},
            ("Secret", "api.yaml", 'error mounting to rootfs at "/etc/api.yaml": not a directory', ""),
        ),
        ({"configMap": {"name": "settings", "optional": True}}, None),
        ({"configMap": {"name": "settings", "items": [{"key": "api.yml", "path": "api.yaml"}]}}, None),
    ],
    ids=["no such key", "the volume takes other keys", "of a Secret", "optional", "the volume names it so"],
)
async def test_a_file_that_a_container_mounts_alone_and_that_is_not_there(
    cluster: SimulatedCluster, read: Any, volume: dict, told: tuple[str, ...] | None
) -> None:
    mounts = [{"name": "conf", "mountPath": "/etc/api.yaml", "subPath": "api.yaml"}]
    spec = {
        "containers": {"api": {"image": "a", "volumeMounts": mounts}},
        "pod": {"volumes": [{"name": "conf", **volume}]},
    }
    fault = {"exited": "StartError", "exit_message": REFUSED, "waiting": "CrashLoopBackOff"}
    cluster.load(world(spec=spec, fault=fault, **{"ConfigMap/shop/settings": {"data": {"api.yml": "a: 1"}}}))

    rows = (await read(config_references.read, args={"compare": True}, **POD)).rows

    keys = ("kind", "key", "problem", "almost")
    assert [tuple(row.values[key] for key in keys) for row in rows] == ([told] if told else [])


async def test_a_pod_whose_containers_run_is_not_asked_about(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(world(spec=uses("settings"), fault={}))

    reading = await read(config_references.read, **POD)

    assert (reading.rows, reading.looked_at) == ((), 1)


def test_the_kubelets_words_for_what_is_missing() -> None:
    mount = 'MountVolume.SetUp failed for volume "conf" : '

    assert missing_in('Error: secret "db" not found') == Missing(kind="Secret", name="db")
    assert missing_in("couldn't find key K in ConfigMap shop/env") == Missing(kind="ConfigMap", name="env", key="K")
    assert missing_in(mount + "references non-existent config key: app.yaml") == Missing(
        kind="ConfigMap", key="app.yaml", volume="conf"
    )
    assert missing_in(mount + "references non-existent secret key: tls.crt") == Missing(
        kind="Secret", key="tls.crt", volume="conf"
    )
    assert missing_in("back-off 5m0s restarting failed container") is None
