"""Answer SubjectAccessReviews from the roles and bindings that the cluster stores, as the RBAC authorizer does."""

from __future__ import annotations

from collections.abc import Iterator

from bot.playground.kubernetes.addresses import Address
from bot.playground.kubernetes.grants import Rule, parse_rules
from bot.playground.kubernetes.identity import account_of
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import cause, invalid

_GROUP = "rbac.authorization.k8s.io"


def review(body: Json, *, state: State) -> Json:
    """Answer a review of a user and their groups; a denied one carries no reason. Refusal 422 without a user."""
    spec = body.get("spec") or {}
    attributes = spec.get("resourceAttributes") or {}
    user, groups = spec.get("user", ""), spec.get("groups") or []
    if not user and not groups:
        message = "at least one of user or group must be specified"
        wrong = cause(reason="FieldValueInvalid", message=f'Invalid value: "": {message}', field="spec.user")
        raise invalid(group="authorization.k8s.io", kind="SubjectAccessReview", name="", causes=[wrong])
    address = Address(
        verb=attributes.get("verb", ""),
        group=attributes.get("group", ""),
        version=attributes.get("version", ""),
        resource=attributes.get("resource", ""),
        namespace=attributes.get("namespace", ""),
        name=attributes.get("name", ""),
        subresource=attributes.get("subresource", ""),
    )
    by = next(_grants(state, address, user=user, groups=groups), "")
    return {
        "kind": "SubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": spec,
        "status": {"allowed": bool(by)} | ({"reason": f"RBAC: allowed by {by}"} if by else {}),
    }


def _grants(state: State, address: Address, *, user: str, groups: list[str]) -> Iterator[str]:
    """Yield the bindings that allow a request."""
    kinds = [("ClusterRoleBinding", "clusterrolebindings", "")]
    if address.namespace:
        kinds.append(("RoleBinding", "rolebindings", address.namespace))
    for kind, plural, namespace in kinds:
        for binding in state.store.objects(table=(_GROUP, plural), namespace=namespace):
            named = next((each for each in binding.get("subjects") or () if _is(each, user=user, groups=groups)), None)
            if named and any(rule.allows(address) for rule in _rules(state, binding)):
                role, place = binding["roleRef"], f"/{namespace}" if namespace else ""
                name = f"{binding['metadata']['name']}{place}"
                yield f'{kind} "{name}" of {role["kind"]} "{role["name"]}" to {_described(named)}'


def _described(subject: Json) -> str:
    home = f"/{subject['namespace']}" if subject["kind"] == "ServiceAccount" else ""
    return f'{subject["kind"]} "{subject["name"]}{home}"'


def _is(subject: Json, *, user: str, groups: list[str]) -> bool:
    if subject["kind"] == "ServiceAccount":
        return account_of(user) == (subject.get("namespace"), subject["name"])
    return subject["name"] == user if subject["kind"] == "User" else subject["name"] in groups


def _rules(state: State, binding: Json) -> tuple[Rule, ...]:
    named = binding["roleRef"]
    clusterwide = named["kind"] == "ClusterRole"
    table = (_GROUP, "clusterroles" if clusterwide else "roles")
    namespace = "" if clusterwide else binding["metadata"].get("namespace", "")
    role = state.store.get(table=table, namespace=namespace, name=named["name"])
    return parse_rules((role or {}).get("rules") or ())
