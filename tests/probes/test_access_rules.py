"""Test the access-rules probe: the refused request, judged by a review or by roles and bindings."""

from __future__ import annotations

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.access_rules import read as PROBE
from intents.domain import Row

RBAC = "rbac.authorization.k8s.io"
DEPLOYER = "system:serviceaccount:ci:deployer"
PATCH = {"user": DEPLOYER, "verb": "patch", "resource": "deployments", "api_group": "apps", "namespace": "shop"}


def role(name: str, *verbs: str, namespace: str = "shop", **rule: list[str]) -> dict[str, Any]:
    rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": [*verbs]} | rule]
    return {
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}),
        "rules": rules,
    }


def binding(name: str, *, account: str = "ci/deployer", namespace: str = "shop", kind: str = "Role") -> dict[str, Any]:
    home, _, who = account.partition("/")
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}),
        "subjects": [{"kind": "ServiceAccount", "name": who, "namespace": home}],
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": name},
    }


ACCOUNT = {"kind": "ServiceAccount", "metadata": {"name": "deployer", "namespace": "ci"}}


async def row(cluster: SimulatedCluster, read: Any, *objects: dict[str, Any], **named: str) -> Row:
    cluster.load({"objects": [ACCOUNT, *objects]})
    (only,) = (await read(PROBE, named=PATCH | named)).rows
    return only


async def test_the_bound_role_that_lacks_the_verb_comes_closest(cluster: SimulatedCluster, read: Any) -> None:
    values = (
        await row(
            cluster, read, role("a", "get", "list"), binding("a"), role("b", "patch", resources=["x"]), binding("b")
        )
    ).values

    assert (values["allowed"], values["role"], values["lacks"]) == ("False", "a", "verb")
    assert values["role_verbs"] == ("get", "list")
    assert values["rule"] == '{apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"]}'


async def test_without_reviews_the_bindings_tell(cluster: SimulatedCluster, read: Any) -> None:
    cluster.forbid(verb="create", resource="subjectaccessreviews")

    refused = await row(cluster, read, role("a", "get"), binding("a"))
    assert refused.values["allowed"] == "False"

    granted = await row(cluster, read, role("a", "patch"), binding("a"))
    assert granted.values["allowed"] == "True"


async def test_a_review_tells_although_bindings_may_not_be_read(cluster: SimulatedCluster, read: Any) -> None:
    for resource in ("roles", "rolebindings", "clusterroles", "clusterrolebindings"):
        cluster.forbid(verb="list", resource=resource)

    found = await row(cluster, read, role("a", "patch"), binding("a"))

    assert (found.values["allowed"], found.values["bindings"]) == ("True", -1)


async def test_with_neither_nothing_is_known_and_the_gaps_are_told(cluster: SimulatedCluster, read: Any) -> None:
    for resource in ("subjectaccessreviews", "clusterrolebindings"):
        cluster.forbid(verb="*", resource=resource)
    cluster.load({"objects": [ACCOUNT, role("a", "get"), binding("a")]})

    reading = await read(PROBE, named=PATCH)

    assert reading.rows[0].values["allowed"] == ""
    assert len(reading.gaps) == 1


async def test_slips_in_bindings_are_found(cluster: SimulatedCluster, read: Any) -> None:
    namesake = await row(cluster, read, role("a", "patch"), binding("a", account="default/deployer"))
    assert (namesake.values["namesake"], namesake.values["bindings"]) == ("ServiceAccount default/deployer", 0)
    assert namesake.values["namesake_binding"] == "RoleBinding shop/a"
    assert namesake.values["granting"] == "Role a"

    lost = await row(cluster, read, binding("gone"))
    assert (lost.values["lost_binding"], lost.values["lost_role"]) == ("RoleBinding shop/gone", "Role gone")

    patch = role("b", "patch", namespace="ci")
    beside = await row(cluster, read, patch, binding("b", namespace="ci"))
    assert (beside.values["allowed"], beside.values["elsewhere"]) == ("False", ("ci",))
    assert beside.values["granting"] == "Role a"  # the role beside the account cannot be bound there


async def test_a_request_for_the_whole_cluster_that_one_namespace_allows(cluster: SimulatedCluster, read: Any) -> None:
    found = await row(cluster, read, role("a", "patch"), binding("a"), scope="cluster", namespace="")

    assert (found.values["allowed"], found.values["elsewhere"]) == ("False", ("shop",))


async def test_a_text_without_a_request_has_no_row_and_a_lost_account_is_told(
    cluster: SimulatedCluster, read: Any
) -> None:
    assert (await read(PROBE, named={"user": DEPLOYER})).rows == ()
    assert (await read(PROBE, named=PATCH)).missing == "ServiceAccount ci/deployer"
