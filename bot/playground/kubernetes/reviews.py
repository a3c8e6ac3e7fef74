"""Answer the reviews of access: what a user may do by the authorizer, or by the roles that the cluster stores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from bot.playground.kubernetes.grants import Address, Denial, Identity, Rule, account_of, parse_rules, rule_allows
from bot.playground.kubernetes.resources import WIRE, Json, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import invalid, invalid_value, not_implemented

_GROUP = "rbac.authorization.k8s.io"
_BY = 'RBAC: allowed by ClusterRoleBinding "casebook" of ClusterRole "casebook" to ServiceAccount "casebook/casebook"'
_ACCOUNT_UID = "0b9e4f0a-7d55-5b8e-9a53-0f6a3d0c6a11"
_RULES: Json = WIRE["rules"]


def review(body: Json, *, resource: Resource, who: Identity, state: State) -> Json:
    """Answer a review; a denied one carries no reason. Refusal 422 for an incomplete one, 501 for another kind."""
    spec = body.get("spec") or {}
    metadata: Json = {}
    match resource.kind:
        case "SelfSubjectAccessReview":
            status = _own_access(spec, who=who, state=state)
        case "SubjectAccessReview":
            status = _access_of(spec, state=state)
        case "SelfSubjectRulesReview":
            status, spec = _own_rules(spec, who=who, state=state), {}
        case "SelfSubjectReview":
            uid = {"uid": _ACCOUNT_UID} if account_of(who.user) else {}
            status = {"userInfo": {"username": who.user, "groups": list(who.groups)} | uid}
            metadata = {"creationTimestamp": state.stamp()}
        case _:
            raise not_implemented(f"does no {resource.plural}")
    head = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
    return head | ({} if resource.kind == "SelfSubjectReview" else {"spec": spec}) | {"status": status}


def _own_access(spec: Json, *, who: Identity, state: State) -> Json:
    attributes = spec.get("resourceAttributes")
    if attributes is None and spec.get("nonResourceAttributes") is None:
        message = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        wrong = invalid_value("spec.resourceAttributes", None, message)
        raise invalid(group="authorization.k8s.io", kind="SelfSubjectAccessReview", name="", causes=[wrong])
    allowed = attributes is None or state.access.allows(_address(attributes), who=who)
    return {"allowed": allowed} | ({"reason": _BY} if allowed else {})


def _access_of(spec: Json, *, state: State) -> Json:
    user, groups = spec.get("user", ""), spec.get("groups") or []
    if not user and not groups:
        wrong = invalid_value("spec.user", "", "at least one of user or group must be specified")
        raise invalid(group="authorization.k8s.io", kind="SubjectAccessReview", name="", causes=[wrong])
    address = _address(spec.get("resourceAttributes") or {})
    by = next(_grants(state, address, user=user, groups=groups), "")
    return {"allowed": bool(by)} | ({"reason": f"RBAC: allowed by {by}"} if by else {})


def _own_rules(spec: Json, *, who: Identity, state: State) -> Json:
    """Return the rules of a user; they are incomplete if there are denials, which rules cannot express."""
    denials, bound = state.access.denials, state.access.bound(who)
    reaching = [binding for binding in bound if binding.reaches(spec.get("namespace", ""))]
    granted = [*_RULES["basic"], *(rule for binding in reaching for rule in binding.rules)]
    everything = [] if Denial() in denials else [_RULES["everything"]]
    return {
        "resourceRules": granted if bound else everything,
        "nonResourceRules": [_RULES["documents"]],
        "incomplete": bool(denials),
    }


def _address(attributes: Json) -> Address:
    return Address(**{field.name: attributes.get(field.name, "") for field in fields(Address)})


def _grants(state: State, address: Address, *, user: str, groups: list[str]) -> Iterator[str]:
    """Yield the bindings that allow a request."""
    kinds = [("ClusterRoleBinding", "clusterrolebindings", "")]
    if address.namespace:
        kinds.append(("RoleBinding", "rolebindings", address.namespace))
    for kind, plural, namespace in kinds:
        for binding in state.objects((_GROUP, plural), namespace):
            named = next((each for each in binding.get("subjects") or () if _is(each, user=user, groups=groups)), None)
            if named and any(rule_allows(rule, address) for rule in _rules(state, binding)):
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
    role = state.get(table, named["name"], namespace="" if clusterwide else binding["metadata"].get("namespace", ""))
    return parse_rules((role or {}).get("rules") or ())
