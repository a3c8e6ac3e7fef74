"""Check that the chart's roles equal those of `casebook rbac`: read-only by default, writes by action and namespace."""

from __future__ import annotations

from typing import Any

import pytest

from bot.remedies.action import actions
from tests.deploy.chart_files import MANIFESTS
from tests.deploy.rendering import VARIANTS, Manifest, Values, kind, rendered
from tests.roles import manifests as printed

ROLES = ("ClusterRole", "Role")


def granted(listed: Any) -> dict[tuple[str, str], set[tuple[str, str, str]]]:
    """Map (kind, namespace) of each role and name to every verb, group and resource that it grants."""
    found: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
    for each in listed:
        if each["kind"] in ROLES:
            place = f"{each['metadata'].get('namespace', '')}/{each['metadata']['name']}"
            assert (each["kind"], place) not in found
            found[each["kind"], place] = {
                (verb, group, resource)
                for rule in each["rules"]
                for verb in rule["verbs"]
                for group in rule["apiGroups"]
                for resource in rule["resources"]
            }
    return found


def remediation(*names: str, **where: Any) -> Values:
    return {"remediation": {"actions": list(names), **where}}


def test_the_read_role_equals_what_casebook_prints() -> None:
    (expected,) = [each for each in printed("read") if each["kind"] == "ClusterRole"]
    role = kind(rendered({}), "ClusterRole")

    assert role["rules"] == expected["rules"]
    assert role["metadata"]["name"] == expected["metadata"]["name"]


@pytest.mark.parametrize("variant", ["socket", "http", "replicas"])
def test_by_default_there_is_one_role_that_only_reads(variant: str) -> None:
    ((_, rules),) = granted(rendered(VARIANTS[variant])).items()

    assert {verb for verb, _, _ in rules} == {"get", "list"}
    assert not {resource for _, _, resource in rules} & {"secrets", "nodes/proxy", "pods/exec"}


@pytest.mark.parametrize("name", actions())
def test_an_action_gets_the_role_that_casebook_prints(name: str) -> None:
    namespaces = ("act", "--actions", name, "--namespaces", "shop,bank")

    for given, argv in [
        (remediation(name, namespaces=["shop", "bank"]), namespaces),
        (remediation(name, everyNamespace=True), namespaces[:3]),
    ]:
        found = granted(rendered(given))
        del found["ClusterRole", "/casebook-read"]
        assert found == granted(printed(*argv))


def test_several_actions_get_the_role_that_casebook_prints() -> None:
    argv = ("act", "--actions", "restart-pod,rollout-restart,cordon", "--namespaces", "shop,bank")

    found = granted(rendered(VARIANTS["buttons"]))

    assert {key: rules for key, rules in found.items() if "-act" in key[1]} == granted(printed(*argv))
    every = granted(rendered(remediation(*actions(), everyNamespace=True)))
    assert every["ClusterRole", "/casebook-act"] == granted(printed("act"))["ClusterRole", "/casebook-act"]


def test_the_default_namespace_gets_one_event_role_even_if_listed() -> None:
    found = granted(rendered(remediation("cordon", namespaces=["default"])))

    assert sorted(found) == [
        ("ClusterRole", "/casebook-act"),
        ("ClusterRole", "/casebook-read"),
        ("Role", "default/casebook-act"),
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_role_is_bound_to_the_pods_account_in_its_namespace(variant: str) -> None:
    manifests = rendered(VARIANTS[variant])

    def places(suffix: str) -> dict[tuple[str, str], Manifest]:
        return {
            (each["metadata"].get("namespace", ""), each["metadata"]["name"]): each
            for each in manifests
            if each["kind"] in {f"{role}{suffix}" for role in ROLES}
        }

    roles, bindings = places(""), places("Binding")
    assert roles.keys() == bindings.keys()
    for place, binding in bindings.items():
        assert binding["roleRef"] == {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": roles[place]["kind"],
            "name": place[1],
        }
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "casebook", "namespace": "casebook"}]
    pod = kind(manifests, "StatefulSet")["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == kind(manifests, "ServiceAccount")["metadata"]["name"] == "casebook"


def test_the_manifests_say_what_needs_each_rule() -> None:
    assert "  # configmaps: autoscaler-node-not-removed, " in (MANIFESTS / "socket.yaml").read_text("utf-8")


def test_role_creation_can_be_switched_off() -> None:
    assert granted(rendered({"rbac": {"create": False}, **remediation("drain", everyNamespace=True)})) == {}
