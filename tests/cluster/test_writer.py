"""Writes are sent once, only to the intended object, and an unknown outcome stays unknown."""

from __future__ import annotations

import contextlib

import pytest

from bot.cluster.connection import Connection
from bot.cluster.errors import (
    BadRequest,
    ClusterError,
    Conflict,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    ServerError,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from bot.cluster.resources import Resource, well_known
from bot.cluster.writer import PatchType, Writer
from bot.playground.kubernetes import SimulatedCluster
from intents.domain import Gap, GapReason, Json, Permission

PODS = "/api/v1/namespaces/shop/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
TEMPLATE = {"metadata": {"labels": {"app": "front"}}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
DEPLOYMENT = {
    "kind": "Deployment",
    "metadata": {"name": "front", "namespace": "shop"},
    "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "front"}}, "template": TEMPLATE},
}


def resource(kind: str) -> Resource:
    found = well_known(kind)
    assert found is not None
    return found


POD, DEPLOY = resource("Pod"), resource("Deployment")


@pytest.fixture
def writer(connection: Connection) -> Writer:
    return Writer(connection)


@pytest.fixture
def deployment(cluster: SimulatedCluster) -> Json:
    cluster.load({"objects": [DEPLOYMENT]})
    return stored(cluster, "deployments", "front", group="apps")


def stored(cluster: SimulatedCluster, plural: str, name: str, *, group: str = "") -> Json:
    found = cluster.store.get(table=(group, plural), namespace="shop", name=name)
    assert found is not None
    return found


def metadata(cluster: SimulatedCluster, plural: str, name: str, *, group: str = "") -> Json:
    found: Json = stored(cluster, plural, name, group=group)["metadata"]
    return found


def sent(cluster: SimulatedCluster, method: str) -> int:
    return sum(request.method == method for request in cluster.requests)


async def label(writer: Writer, deployment: Json, *, value: str = "1", **guards: object) -> Json:
    guarded = {key: deployment["metadata"][key] for key in ("uid", "resourceVersion")}
    return await writer.patch(
        DEPLOY,
        "front",
        namespace="shop",
        patch={"metadata": {"labels": {"touched": value}}},
        **{"uid": guarded["uid"], "resource_version": guarded["resourceVersion"], **guards},
    )


# --- what is written ---


async def test_a_delete_takes_only_the_object_with_that_uid(cluster: SimulatedCluster, writer: Writer) -> None:
    with pytest.raises(Conflict, match=r"cannot delete Pod shop/web: .*the UID in the precondition"):
        await writer.delete(POD, "web", namespace="shop", uid="another")
    uid = metadata(cluster, "pods", "web")["uid"]

    await writer.delete(POD, "web", namespace="shop", uid=uid)

    assert cluster.store.get(table=("", "pods"), namespace="shop", name="web") is None


async def test_a_delete_takes_only_the_version_that_was_seen(cluster: SimulatedCluster, writer: Writer) -> None:
    uid = metadata(cluster, "pods", "web")["uid"]

    with pytest.raises(Conflict):
        await writer.delete(POD, "web", namespace="shop", uid=uid, resource_version="1")

    assert "deletionTimestamp" not in metadata(cluster, "pods", "web")


@pytest.mark.parametrize("patch_type", list(PatchType))
async def test_a_patch_is_refused_for_another_version_or_object(
    cluster: SimulatedCluster, writer: Writer, deployment: Json, patch_type: PatchType
) -> None:
    change = {"metadata": {"labels": {"touched": "1"}}}
    operations = [{"op": "add", "path": "/metadata/labels", "value": {"touched": "1"}}]
    patch = operations if patch_type is PatchType.JSON else change
    uid, version = deployment["metadata"]["uid"], deployment["metadata"]["resourceVersion"]

    with pytest.raises(Conflict):
        await writer.patch(
            DEPLOY, "front", namespace="shop", patch=patch, patch_type=patch_type, uid=uid, resource_version="1"
        )
    with pytest.raises(ClusterError):
        await writer.patch(
            DEPLOY, "front", namespace="shop", patch=patch, patch_type=patch_type, uid="other", resource_version=version
        )
    assert stored(cluster, "deployments", "front", group="apps") == deployment

    after = await writer.patch(
        DEPLOY, "front", namespace="shop", patch=patch, patch_type=patch_type, uid=uid, resource_version=version
    )
    assert after["metadata"]["labels"] == {"touched": "1"}
    assert stored(cluster, "deployments", "front", group="apps")["metadata"]["labels"] == {"touched": "1"}


async def test_a_write_names_its_field_manager(cluster: SimulatedCluster, writer: Writer, deployment: Json) -> None:
    await label(writer, deployment)

    assert cluster.requests[-1].query["fieldManager"] == "casebook"


async def test_a_dry_run_changes_nothing(cluster: SimulatedCluster, writer: Writer, deployment: Json) -> None:
    revision = cluster.store.revision
    uid = metadata(cluster, "pods", "web")["uid"]

    would_be = await label(writer, deployment, dry_run=True)
    gone = await writer.delete(POD, "web", namespace="shop", uid=uid, dry_run=True)
    made = await writer.create(
        resource("ConfigMap"), {"metadata": {"name": "new"}, "data": {}}, namespace="shop", dry_run=True
    )

    assert would_be["metadata"]["labels"] == {"touched": "1"}
    assert gone["metadata"]["deletionTimestamp"]
    assert made["metadata"]["name"] == "new"
    assert cluster.store.revision == revision


async def test_an_existing_object_is_not_created_again(cluster: SimulatedCluster, writer: Writer) -> None:
    obj = {"metadata": {"name": "new"}, "data": {"a": "1"}}
    await writer.create(resource("ConfigMap"), obj, namespace="shop")

    with pytest.raises(Conflict, match="already exists"):
        await writer.create(resource("ConfigMap"), obj | {"data": {"a": "2"}}, namespace="shop")
    assert stored(cluster, "configmaps", "new")["data"] == {"a": "1"}


async def test_a_name_that_would_be_another_path_is_not_sent(cluster: SimulatedCluster, writer: Writer) -> None:
    with pytest.raises(BadRequest):
        await writer.delete(POD, "../secrets/x", namespace="shop", uid="u")
    assert sent(cluster, "DELETE") == 0


# --- refusals: nothing was written, and the server's own words say why ---


async def test_a_refusal_by_role_names_the_verb(cluster: SimulatedCluster, writer: Writer) -> None:
    cluster.forbid(verb="delete", resource="pods")

    with pytest.raises(Forbidden) as refused:
        await writer.delete(POD, "web", namespace="shop", uid="u")

    assert str(refused.value) == "cannot delete pods in shop: needs delete on pods"


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (403, 'admission webhook "policy.acme.io" denied the request: restarts are frozen', Forbidden),
        (400, 'admission webhook "policy.acme.io" denied the request: restarts are frozen', BadRequest),
        (422, 'Deployment.apps "front" is invalid: spec.replicas: Invalid value: -1', BadRequest),
        (500, 'Internal error occurred: failed calling webhook "policy.acme.io": no endpoints available', ServerError),
        (429, "the server has received too many requests", Throttled),
    ],
)
async def test_a_refusal_carries_the_servers_message_and_is_not_repeated(
    cluster: SimulatedCluster, writer: Writer, deployment: Json, status: int, message: str, expected: type[ClusterError]
) -> None:
    body = {"kind": "Status", "status": "Failure", "message": message, "code": status}
    cluster.fail(path_prefix=DEPLOYMENTS, status=status, body=body)

    with pytest.raises(expected) as refused:
        await label(writer, deployment)

    assert message in refused.value.detail
    assert sent(cluster, "PATCH") == 1


async def test_a_missing_object_cannot_be_changed(writer: Writer) -> None:
    with pytest.raises(NotFound):
        await writer.delete(POD, "nobody", namespace="shop", uid="u")


async def test_expired_credentials_refuse_before_anything_is_written(
    cluster: SimulatedCluster, writer: Writer, deployment: Json
) -> None:
    cluster.token = "renewed meanwhile"

    with pytest.raises(Unauthorized):
        await label(writer, deployment)
    assert stored(cluster, "deployments", "front", group="apps") == deployment


# --- no answer: the outcome is unknown ---


@pytest.mark.parametrize("done", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("hang", [True, False], ids=["hangs", "reset"])
async def test_a_write_without_an_answer_is_sent_once_and_its_outcome_is_unknown(
    cluster: SimulatedCluster, connection: Connection, hang: bool, done: bool
) -> None:
    cluster.fail(path_prefix=PODS, method="DELETE", done=done, times=9, hang=hang, reset=not hang)
    uid = metadata(cluster, "pods", "web")["uid"]

    with pytest.raises(OutcomeUnknown, match="cannot delete Pod shop/web"):
        await Writer(connection, deadline=0.3).delete(POD, "web", namespace="shop", uid=uid)

    assert sent(cluster, "DELETE") == 1
    assert (cluster.store.get(table=("", "pods"), namespace="shop", name="web") is None) is done


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_failing_server_does_not_say_whether_it_wrote(
    cluster: SimulatedCluster, writer: Writer, deployment: Json, status: int
) -> None:
    cluster.fail(path_prefix=DEPLOYMENTS, status=status, done=True, times=9)

    with pytest.raises(OutcomeUnknown):
        await label(writer, deployment)

    assert sent(cluster, "PATCH") == 1
    assert metadata(cluster, "deployments", "front", group="apps")["labels"] == {"touched": "1"}


async def test_an_answer_that_is_not_the_object_leaves_the_outcome_unknown(
    cluster: SimulatedCluster, writer: Writer, deployment: Json
) -> None:
    cluster.fail(path_prefix=DEPLOYMENTS, status=200, body="<html>log in</html>")

    with pytest.raises(OutcomeUnknown):
        await label(writer, deployment)


async def test_a_dry_run_without_an_answer_is_known_to_have_changed_nothing(
    cluster: SimulatedCluster, writer: Writer, deployment: Json
) -> None:
    cluster.fail(path_prefix=DEPLOYMENTS, reset=True)
    with pytest.raises(Unreachable):
        await label(writer, deployment, dry_run=True)

    cluster.fail(path_prefix=DEPLOYMENTS, status=503)
    with pytest.raises(ServerError):
        await label(writer, deployment, dry_run=True)


async def test_a_write_that_was_never_sent_is_known_not_to_be_done(
    cluster: SimulatedCluster, connection: Connection, deployment: Json
) -> None:
    with pytest.raises(TimedOut):
        await label(Writer(connection, deadline=0), deployment)
    await cluster.stop()
    with contextlib.suppress(Unreachable):
        await connection.check()  # notices here that its idle connection is closed

    with pytest.raises(Unreachable):
        await label(Writer(connection), deployment)


# --- permissions ---


async def test_the_api_server_decides_what_casebook_may_do(cluster: SimulatedCluster, writer: Writer) -> None:
    cluster.forbid(verb="delete", resource="pods", namespace="bank")
    delete = Permission(verb="delete", resource="pods")

    assert await writer.may(delete, namespace="shop", name="web") is True
    assert await writer.may(delete, namespace="bank") is False


async def test_an_access_review_that_fails_is_a_gap(cluster: SimulatedCluster, writer: Writer) -> None:
    cluster.fail(path_prefix="/apis/authorization.k8s.io", status=503, times=99)

    may = await writer.may(Permission(verb="delete", resource="pods"), namespace="shop")

    assert isinstance(may, Gap)
    assert may.reason is GapReason.SERVER_ERROR
