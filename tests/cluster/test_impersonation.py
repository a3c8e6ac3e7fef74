"""Impersonated writes: whose permissions decide, and who is named in a refusal."""

from __future__ import annotations

import pytest

from bot.cluster.connection import Connection
from bot.cluster.errors import BadRequest, Forbidden, ForbiddenAs
from bot.cluster.resources import Resource, well_known
from bot.cluster.writer import Writer
from bot.kube.access import ActsAs
from bot.playground.kubernetes import SimulatedCluster
from intents.domain import Gap, Json, Permission

ALICE = ActsAs("alice@example.com", ("sre", "team:shop"))
PODS = "/api/v1/namespaces/shop/pods"
PATCH_PODS = Permission(verb="patch", resource="pods")


def resource(kind: str) -> Resource:
    found = well_known(kind)
    assert found is not None
    return found


POD = resource("Pod")


@pytest.fixture
def web(cluster: SimulatedCluster) -> Json:
    found = cluster.store.get(table=("", "pods"), namespace="shop", name="web")
    assert found is not None
    return found


async def label(writer: Writer, web: Json, *, dry_run: bool = False) -> Json:
    return await writer.patch(
        POD,
        "web",
        namespace="shop",
        patch={"metadata": {"labels": {"touched": "1"}}},
        uid=web["metadata"]["uid"],
        resource_version=web["metadata"]["resourceVersion"],
        dry_run=dry_run,
    )


async def test_every_request_of_an_impersonating_writer_carries_the_user(
    cluster: SimulatedCluster, connection: Connection, web: Json
) -> None:
    writer = Writer(connection, acting_as=ALICE)
    cart = cluster.store.get(table=("", "pods"), namespace="shop", name="cart")
    assert cart is not None

    assert await writer.may(PATCH_PODS, namespace="shop") is True
    await label(writer, web, dry_run=True)
    await label(writer, web)
    await writer.create(resource("ConfigMap"), {"metadata": {"name": "new"}}, namespace="shop")
    await writer.evict("web", namespace="shop", uid=web["metadata"]["uid"])
    await writer.delete(POD, "cart", namespace="shop", uid=cart["metadata"]["uid"])
    await Writer(connection).may(PATCH_PODS, namespace="shop")

    asked = [(each.acts_as, each.acting_groups) for each in cluster.requests]
    assert asked == [("alice@example.com", ("sre", "team:shop"))] * 6 + [("", ())]
    assert {each.status for each in cluster.requests} == {200, 201}


async def test_the_permissions_of_the_impersonated_user_decide(
    cluster: SimulatedCluster, connection: Connection
) -> None:
    cluster.forbid(verb="patch", resource="pods", user_group="sre")

    assert await Writer(connection, acting_as=ALICE).may(PATCH_PODS, namespace="shop") is False
    assert await Writer(connection, acting_as=ActsAs("bob")).may(PATCH_PODS, namespace="shop") is True
    assert await Writer(connection).may(PATCH_PODS, namespace="shop") is True


async def test_a_refusal_names_the_impersonated_user_and_suggests_no_grant_to_casebook(
    cluster: SimulatedCluster, connection: Connection, web: Json
) -> None:
    cluster.forbid(verb="patch", resource="pods", user="alice@example.com")
    cluster.forbid(verb="delete", resource="nodes", user="alice@example.com")
    writer = Writer(connection, acting_as=ALICE)

    with pytest.raises(ForbiddenAs) as refused:
        await label(writer, web)
    with pytest.raises(ForbiddenAs) as everywhere:
        await writer.delete(resource("Node"), "worker-a", uid="u")

    assert str(refused.value) == "cannot change pods in shop: alice@example.com may not patch pods in shop"
    assert refused.value.detail_zh == "alice@example.com 无权在 shop 中 patch pods"
    assert refused.value.permission is None
    assert everywhere.value.detail == "alice@example.com may not delete nodes"
    assert everywhere.value.detail_zh == "alice@example.com 无权 delete nodes"


async def test_a_refusal_of_the_user_includes_the_authorizers_reason(
    cluster: SimulatedCluster, connection: Connection, web: Json
) -> None:
    message = (
        'pods "web" is forbidden: User "alice@example.com" cannot patch resource "pods" in API group "" in the '
        'namespace "shop": requires one of ["container.pods.update"] permission(s).'
    )
    cluster.fail(path_prefix=PODS, status=403, body={"kind": "Status", "message": message})

    with pytest.raises(ForbiddenAs, match=r'patch pods in shop: requires one of \["container\.pods\.update"\]'):
        await label(Writer(connection, acting_as=ALICE), web)


async def test_a_refusal_without_a_message_also_concerns_the_user(
    cluster: SimulatedCluster, connection: Connection, web: Json
) -> None:
    cluster.fail(path_prefix=PODS, status=403, body={"kind": "Status"})

    with pytest.raises(ForbiddenAs, match=r"alice@example\.com may not patch pods"):
        await label(Writer(connection, acting_as=ALICE), web)


@pytest.mark.parametrize(
    "message",
    [
        'admission webhook "policy.acme.io" denied the request: User "x" cannot patch resource "pods" in API group ""',
        'pods "web" is forbidden: exceeded quota: cap, requested: pods=1',
        "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'freeze' denied request: replicas cannot grow now",
    ],
)
async def test_a_refusal_by_a_webhook_or_quota_is_not_a_missing_permission_of_the_user(
    cluster: SimulatedCluster, connection: Connection, web: Json, message: str
) -> None:
    cluster.fail(path_prefix=PODS, times=2, status=403, body={"kind": "Status", "message": message})

    for writer in (Writer(connection, acting_as=ALICE), Writer(connection)):
        with pytest.raises(Forbidden) as refused:
            await label(writer, web)
        assert not isinstance(refused.value, ForbiddenAs)
        assert (refused.value.permission, refused.value.detail) == (None, message)


async def test_a_missing_impersonate_grant_names_the_verb_casebook_needs(
    cluster: SimulatedCluster, connection: Connection, web: Json
) -> None:
    """A 1.36 server looks for narrower grants first and names these."""
    cluster.forbid(verb="impersonate")
    writer = Writer(connection, acting_as=ALICE)

    with pytest.raises(Forbidden) as refused:
        await label(writer, web)
    with pytest.raises(Forbidden) as alone:
        await label(Writer(connection, acting_as=ActsAs("bob")), web)
    asked = await writer.may(PATCH_PODS, namespace="shop")

    assert str(refused.value) == "cannot act as alice@example.com: needs impersonate on users and groups"
    assert "cannot impersonate-on:user-info:patch" in refused.value.detail
    assert not isinstance(refused.value, ForbiddenAs)
    assert str(alone.value) == "cannot act as bob: needs impersonate on users"
    assert isinstance(asked, Gap)
    assert str(asked) == ("cannot read whether alice@example.com may patch pods: needs impersonate on users and groups")


@pytest.mark.parametrize(
    ("named", "resource", "says"),
    [
        ("alice@example.com", "users", "cannot act as alice@example.com: needs impersonate on users"),
        ("sre", "groups", "cannot act as group sre: needs impersonate on groups"),
    ],
)
async def test_a_server_that_names_the_verb_is_quoted(
    cluster: SimulatedCluster, connection: Connection, web: Json, named: str, resource: str, says: str
) -> None:
    """Servers before 1.36 word it this way."""
    message = (
        f'{resource} "{named}" is forbidden: User "system:serviceaccount:casebook:casebook" cannot impersonate '
        f'resource "{resource}" in API group "" at the cluster scope'
    )
    cluster.fail(path_prefix=PODS, status=403, body={"kind": "Status", "message": message})

    with pytest.raises(Forbidden) as refused:
        await label(Writer(connection, acting_as=ALICE), web)

    assert str(refused.value) == says
    assert refused.value.permission == Permission(verb="impersonate", resource=resource)


@pytest.mark.parametrize(
    "wrong",
    [
        ActsAs("alice\r\nImpersonate-Group: system:masters"),
        ActsAs("alice\x00"),
        ActsAs(" alice"),
        ActsAs("alice "),
        ActsAs(""),
        ActsAs("алиса@example.com"),
        ActsAs("alice@example.com", ("sre", "sre\nImpersonate-User: root")),
        ActsAs("alice@example.com", ("",)),
    ],
)
async def test_a_user_name_that_does_not_fit_a_header_is_never_sent(
    cluster: SimulatedCluster, connection: Connection, web: Json, wrong: ActsAs
) -> None:
    writer = Writer(connection, acting_as=wrong)

    with pytest.raises(
        BadRequest, match=r"cannot change Pod shop/web: .* cannot be sent as the name of a (user|group)"
    ):
        await label(writer, web)
    asked = await writer.may(PATCH_PODS, namespace="shop")

    assert isinstance(asked, Gap)
    assert cluster.requests == []


async def test_a_name_with_blanks_and_signs_inside_arrives_as_it_is(
    cluster: SimulatedCluster, connection: Connection
) -> None:
    odd = ActsAs("okta:Alice O'Neil <a@b>", ("a, b", "a;b", "%41"))

    assert await Writer(connection, acting_as=odd).may(PATCH_PODS, namespace="shop") is True

    assert (cluster.requests[-1].acts_as, cluster.requests[-1].acting_groups) == (odd.user, odd.groups)
