"""Test the simulated authorizer: denials, roles, and impersonated requests."""

from __future__ import annotations

from typing import Any

import pytest
from multidict import CIMultiDict

from bot.playground.kubernetes import WorldError

PODS = "/api/v1/namespaces/shop/pods"
WEB = "/apis/apps/v1/namespaces/shop/deployments/storefront"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
CASEBOOK = "system:serviceaccount:casebook:casebook"
READS = {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}
RESTARTS = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"]}
IMPERSONATES = {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": ["alice"]}


def acting(user: str, *groups: str) -> CIMultiDict[str]:
    return CIMultiDict([("Impersonate-User", user), *(("Impersonate-Group", group) for group in groups)])


async def patched(api, headers: CIMultiDict[str] | None = None):
    sent = CIMultiDict([*(headers or {}).items(), ("Content-Type", "application/merge-patch+json")])
    return await api.call("PATCH", WEB, {"metadata": {"labels": {"touched": "1"}}}, headers=sent)


async def may(api, headers: CIMultiDict[str] | None = None, /, **attributes: str) -> bool:
    answer = await api.call("POST", REVIEWS, {"spec": {"resourceAttributes": attributes}}, headers=headers)
    assert answer.status == 201, answer.body
    return answer.body["status"]["allowed"]


@pytest.fixture
def shop(api):
    api.cluster.load_neighbours()
    return api


# --- roles ---


async def test_a_role_allows_what_its_rules_cover_and_nothing_else(shop) -> None:
    shop.cluster.allow_only([READS, RESTARTS])

    assert (await shop.get(PODS)).status == 200
    assert (await shop.get(f"{PODS}/ledger-0/log")).status == 200
    assert (await patched(shop)).status == 200
    refused = await shop.call("DELETE", f"{PODS}/ledger-0")
    assert refused.status == 403
    assert refused.body["message"] == (
        f'pods "ledger-0" is forbidden: User "{CASEBOOK}" cannot delete resource "pods" in API group "" '
        'in the namespace "shop"'
    )
    for path in ("/api/v1/nodes", "/apis/apps/v1/statefulsets", "/api/v1/namespaces/shop/secrets"):
        assert (await shop.get(path)).status == 403, path
    assert (await shop.call("POST", f"{PODS}/ledger-0/eviction", {})).status == 403
    for path in ("/api", "/apis/apps/v1", "/version", "/readyz"):
        assert (await shop.get(path)).status == 200, path


async def test_reviews_answer_by_the_role(shop) -> None:
    shop.cluster.allow_only([READS, RESTARTS | {"resourceNames": ["storefront"]}])
    deployments = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": "shop"}

    assert await may(shop, verb="list", resource="pods")
    assert await may(shop, verb="get", resource="pods", subresource="log", namespace="shop")
    assert await may(shop, **deployments, name="storefront")
    assert not await may(shop, **deployments, name="other")
    assert not await may(shop, **deployments)
    assert not await may(shop, **deployments | {"group": ""}, name="storefront")
    assert not await may(shop, verb="*", resource="pods")


async def test_a_rules_review_lists_the_role(shop) -> None:
    shop.cluster.allow_only([READS])
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"

    answer = await shop.call("POST", path, {"spec": {"namespace": "shop"}})

    assert answer.body["status"]["resourceRules"][-1] == READS


@pytest.mark.parametrize(
    ("resources", "pod", "log"),
    [(["pods"], 200, 403), (["pods/log"], 403, 200), (["*"], 200, 200), (["*/log"], 403, 200), (["pods/*"], 403, 403)],
)
async def test_a_subresource_needs_a_rule_of_its_own(shop, resources: list[str], pod: int, log: int) -> None:
    shop.cluster.allow_only([{"apiGroups": ["*"], "resources": resources, "verbs": ["*"]}])

    assert (await shop.get(f"{PODS}/ledger-0")).status == pod
    assert (await shop.get(f"{PODS}/ledger-0/log")).status == log


async def test_bindings_add_up_and_one_in_a_namespace_ends_there(shop) -> None:
    shop.cluster.allow_only([READS])
    shop.cluster.allow_only([RESTARTS], namespace="bank")
    assert (await patched(shop)).status == 403

    shop.cluster.allow_only([RESTARTS | {"verbs": ["*"]}], namespace="shop")

    assert (await patched(shop)).status == 200
    assert (await shop.get("/apis/apps/v1/deployments")).status == 403
    assert (await shop.get(PODS)).status == 200


async def test_a_denial_holds_against_a_role(shop) -> None:
    shop.cluster.allow_only([READS])
    shop.cluster.forbid(resource="pods", verb="list")

    assert (await shop.get(PODS)).status == 403


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ({**READS, "resource": ["pods"]}, "unknown key 'resource'"),
        ({**READS, "verbs": "get"}, "verbs: expected a list of strings"),
        ({"resources": ["pods"], "verbs": ["get"]}, "apiGroups: expected at least one"),
    ],
)
async def test_what_no_role_may_say_is_refused(api, rule: dict[str, Any], wrong: str) -> None:
    with pytest.raises(WorldError, match=wrong):
        api.cluster.allow_only([rule])


async def test_rules_for_other_urls_may_stand_in_a_role(shop) -> None:
    shop.cluster.allow_only([READS, {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}])

    assert (await shop.get(PODS)).status == 200


# --- acting as somebody ---


async def test_a_request_is_judged_by_the_rights_of_whom_it_acts_as(shop) -> None:
    shop.cluster.forbid(verb="patch", resource="deployments", user="alice@example.com")

    refused = await patched(shop, acting("alice@example.com", "sre", "oncall"))

    assert refused.status == 403
    assert refused.body["message"] == (
        'deployments.apps "storefront" is forbidden: User "alice@example.com" cannot patch resource "deployments" '
        'in API group "apps" in the namespace "shop"'
    )
    assert (await patched(shop, acting("bob@example.com"))).status == 200
    assert (await patched(shop)).status == 200
    asked = [(each.acts_as, each.acting_groups) for each in shop.cluster.requests]
    assert asked == [("alice@example.com", ("sre", "oncall")), ("bob@example.com", ()), ("", ())]


async def test_a_group_is_refused_and_granted_as_a_user_is(shop) -> None:
    shop.cluster.allow_only([READS], user_group="interns")
    shop.cluster.forbid(verb="list", resource="pods", user_group="contractors")

    assert (await patched(shop, acting("eve", "interns"))).status == 403
    assert (await patched(shop, acting("eve", "sre"))).status == 200
    assert (await shop.call("GET", PODS, headers=acting("eve", "interns"))).status == 200
    assert (await shop.call("GET", PODS, headers=acting("eve", "interns", "contractors"))).status == 403


async def test_reviews_are_of_whom_a_request_acts_as(shop) -> None:
    shop.cluster.allow_only([READS], user="alice")
    wanted = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": "shop"}

    assert not await may(shop, acting("alice"), **wanted)
    assert await may(shop, acting("bob"), **wanted)
    assert await may(shop, **wanted)


async def test_acting_as_somebody_needs_the_verb_on_the_user_and_on_each_group(shop) -> None:
    shop.cluster.allow_only([READS, IMPERSONATES])

    assert (await patched(shop, acting("alice"))).status == 200
    assert (await patched(shop)).status == 403
    assert (await patched(shop, acting("bob"))).status == 403
    refused = await patched(shop, acting("alice", "sre"))
    assert (refused.status, refused.body["message"]) == (
        403,
        f'deployments.apps "storefront" is forbidden: User "{CASEBOOK}" cannot impersonate-on:user-info:patch '
        'resource "deployments" in API group "apps" in the namespace "shop"',
    )

    shop.cluster.allow_only([IMPERSONATES | {"resources": ["groups"], "resourceNames": ["sre"]}])

    assert (await patched(shop, acting("alice", "sre"))).status == 200
    assert (await patched(shop, acting("alice", "sre", "system:masters"))).status == 403


async def test_a_denial_in_a_namespace_does_not_reach_whom_one_may_act_as(shop) -> None:
    shop.cluster.forbid(namespace="bank")

    assert (await patched(shop, acting("alice"))).status == 200


# --- reviews of other subjects ---

SUBJECT_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
GROUP = "rbac.authorization.k8s.io"


async def test_a_subject_review_follows_roles_and_bindings(shop) -> None:
    named = {"name": "readers", "namespace": "shop"}
    shop.cluster.load(
        {
            "objects": [
                {"kind": "Role", "metadata": named, "rules": [READS]},
                {
                    "kind": "RoleBinding",
                    "metadata": named,
                    "subjects": [{"kind": "Group", "apiGroup": GROUP, "name": "auditors"}],
                    "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": "readers"},
                },
            ]
        }
    )

    async def status(**attributes: str) -> dict[str, Any]:
        spec = {"user": "jane", "groups": ["auditors"], "resourceAttributes": attributes}
        answer = await shop.call("POST", SUBJECT_REVIEWS, {"spec": spec})
        assert answer.status == 201, answer.body
        return answer.body["status"]

    allowed = await status(verb="list", resource="pods", namespace="shop")
    by = 'RoleBinding "readers/shop" of Role "readers" to Group "auditors"'
    assert allowed == {"allowed": True, "reason": f"RBAC: allowed by {by}"}
    assert await status(verb="delete", resource="pods", namespace="shop") == {"allowed": False}
    assert await status(verb="list", resource="pods") == {"allowed": False}


async def test_a_subject_review_without_a_subject_is_refused(shop) -> None:
    answer = await shop.call("POST", SUBJECT_REVIEWS, {"spec": {"resourceAttributes": {"verb": "get"}}})

    assert answer.status == 422
    assert "at least one of user or group must be specified" in answer.body["message"]
