"""Test which conditions of the Gateway API count as refusals, and what ReferenceGrants allow."""

from typing import Any

from bot.kube.ingresses import accepted_by, is_granted, refusals_of


def route(*conditions: dict[str, str]) -> dict[str, Any]:
    parent = {"parentRef": {"name": "public", "sectionName": "https"}, "conditions": list(conditions)}
    return {"kind": "HTTPRoute", "metadata": {"namespace": "shop", "name": "front"}, "status": {"parents": [parent]}}


def test_a_false_condition_of_a_parent_is_a_refusal() -> None:
    refused = route({"type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound"})

    assert [(each.place, each.reason) for each in refusals_of(refused)] == [("shop/public (https)", "BackendNotFound")]


def test_a_condition_that_waits_for_its_controller_is_none() -> None:
    assert list(refusals_of(route({"type": "Accepted", "status": "False", "reason": "Pending"}))) == []


def test_a_conflicted_listener_is_a_refusal() -> None:
    listener = {"name": "https", "conditions": [{"type": "Conflicted", "status": "True", "reason": "HostnameConflict"}]}
    gateway = {"kind": "Gateway", "status": {"listeners": [listener]}}

    assert [each.place for each in refusals_of(gateway)] == ["https"]


def test_a_route_without_a_status_is_not_accepted() -> None:
    assert not accepted_by(route())
    assert accepted_by(route({"type": "Accepted", "status": "True"}))


def test_a_grant_counts_in_the_namespace_of_the_service_only() -> None:
    spec = {"from": [{"kind": "HTTPRoute", "namespace": "shop"}], "to": [{"kind": "Service"}]}
    grants = [{"metadata": {"namespace": "data"}, "spec": spec}]

    assert is_granted(route(), ("data", "cart"), grants)
    assert not is_granted(route(), ("web", "cart"), grants)
    assert is_granted(route(), ("shop", "cart"), [])
