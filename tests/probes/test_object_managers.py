"""The object in question: the tool that applies it, and the field managers that write it."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.object_managers import read as PROBE

OF_WEB = {"kind": "Deployment", "namespace": "shop", "name": "web"}
FIELDS = {"operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1"}


def web(metadata: dict[str, Any]) -> dict[str, Any]:
    return {"scene": {"Deployment/shop/web": {"containers": {"app": "web:7"}, "age": "3d", "metadata": metadata}}}


async def test_the_helm_release_and_the_writers(cluster: SimulatedCluster, read: Any) -> None:
    writers = [
        FIELDS | {"manager": "helm", "time": "-2d"},
        FIELDS | {"manager": "kube-controller-manager", "time": "-5s", "subresource": "status"},
        FIELDS | {"manager": "kubectl-edit", "time": "-2m"},
    ]
    annotations = {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}
    cluster.load(web({"managedFields": writers, "annotations": annotations}))

    [row] = (await read(PROBE, **OF_WEB)).rows

    assert (row.values["applied_by"], row.values["release"]) == ("Helm (release shop/web)", "web")
    assert (row.values["managers"], row.values["recent"]) == (("kubectl-edit", "helm"), ("kubectl-edit",))
    assert (row.values["last_manager"], row.values["last_s"], row.values["age_s"]) == ("kubectl-edit", 120, 3 * 86400)


async def test_an_object_that_nobody_is_known_to_write(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(web({"managedFields": []}))
    [row] = (await read(PROBE, kind="Deployment", name="web")).rows  # its namespace is not known
    assert (row.values["namespace"], row.values["applied_by"], row.values["release"]) == ("shop", "", "")
    assert (row.values["managers"], row.values["last_manager"], row.values["last_s"]) == ((), "", -1)


async def test_an_object_that_does_not_exist(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({})
    assert (await read(PROBE, **OF_WEB)).missing == "Deployment shop/web"
    assert (await read(PROBE, kind="Service", name="web")).missing == "Service web"


async def test_without_an_object_nothing_is_read(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({})
    found = await read(PROBE, namespace="shop")
    assert (found.rows, found.missing, found.gaps) == ((), "", ())


async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(web({}) | {"forbidden": ["get deployments.apps"]})
    [gap] = (await read(PROBE, **OF_WEB)).gaps
    assert "deployments" in gap.what or "Deployment" in gap.what
