"""Roles and bindings as the RBAC authorizer reads them: which rule allows a request, and what comes closest. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.kube.objects import namespace_of
from intents.domain import Json

_ACCOUNT: Final = re.compile(r"system:serviceaccount:([a-z0-9.-]+):([a-z0-9.-]+)")
_EVERYBODY: Final = "system:authenticated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A user as the API server knows it; `groups` are complete only if `groups_known`."""

    user: str
    namespace: str = ""
    name: str = ""
    groups: frozenset[str] = frozenset()

    @property
    def is_account(self) -> bool:
        """Tell whether it is a ServiceAccount."""
        return bool(self.namespace)

    @property
    def groups_known(self) -> bool:
        """Tell whether all of its groups follow from its name: those of other users come with their credentials."""
        return self.is_account or self.user == "system:anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """A request as the authorizer judges it; `namespace` is "" for one at the cluster scope."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def path(self) -> str:
        """Return the resource as a rule names it: pods/log."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    @property
    def rule(self) -> str:
        """Return the rule that allows exactly this, as one line of YAML."""
        return f'{{apiGroups: ["{self.group}"], resources: ["{self.path}"], verbs: ["{self.verb}"]}}'


def subject_of(user: str) -> Subject:
    """Return the subject of a user name, with the groups that the API server gives to everybody of its sort."""
    if found := _ACCOUNT.fullmatch(user):
        namespace, name = found.groups()
        groups = {"system:serviceaccounts", f"system:serviceaccounts:{namespace}", _EVERYBODY}
        return Subject(user=user, namespace=namespace, name=name, groups=frozenset(groups))
    if user == "system:anonymous":
        return Subject(user=user, groups=frozenset({"system:unauthenticated"}))
    return Subject(user=user, groups=frozenset({_EVERYBODY}))


def binds(binding: Json, subject: Subject) -> bool:
    """Tell whether a RoleBinding or ClusterRoleBinding names a subject or one of its known groups."""
    return any(_is(each, subject, home=namespace_of(binding)) for each in binding.get("subjects") or ())


def binds_namesake(binding: Json, subject: Subject) -> str:
    """Return the namespace of the ServiceAccount of the same name that a binding names instead, "" if it names none."""
    others = [
        str(each.get("namespace") or "")
        for each in binding.get("subjects") or ()
        if each.get("kind") == "ServiceAccount" and each.get("name") == subject.name
    ]
    return next((each for each in others if each and each != subject.namespace), "")


def _is(named: Mapping[str, Any], subject: Subject, *, home: str) -> bool:
    kind, name = named.get("kind"), named.get("name")
    if kind == "ServiceAccount":
        return subject.is_account and (named.get("namespace") or home, name) == (subject.namespace, subject.name)
    return name == subject.user if kind == "User" else kind == "Group" and name in subject.groups


def allows(rules: Iterable[Mapping[str, Any]], request: AccessRequest) -> bool:
    """Tell whether one of the rules of a role allows a request."""
    return any(
        _has(rule.get("verbs"), request.verb) and _has(rule.get("apiGroups"), request.group) and _covers(rule, request)
        for rule in rules
    )


def _covers(rule: Mapping[str, Any], request: AccessRequest) -> bool:
    resources = set(rule.get("resources") or ())
    wanted = {"*", request.path} | ({f"*/{request.subresource}"} if request.subresource else set())
    names = rule.get("resourceNames")
    return bool(resources & wanted) and (not names or request.name in names)


def _has(written: Iterable[Any] | None, wanted: str) -> bool:
    return any(each in ("*", wanted) for each in written or ())


def shortfall(rules: Iterable[Mapping[str, Any]], request: AccessRequest) -> str:
    """Return the one part of a request that keeps a rule from allowing it: verb, resource, group, name; "" if several.

    The part that is changed most often to repair a role comes first.
    """
    written = list(rules)
    any_verb = [{**rule, "verbs": ["*"]} for rule in written]
    if allows(any_verb, request):
        return "verb" if not allows(written, request) else ""
    if allows([{**rule, "resourceNames": []} for rule in written], request):
        return "name"
    if request.subresource and allows(any_verb, replace(request, subresource="")):
        return "subresource"
    if allows([{**rule, "apiGroups": ["*"]} for rule in written], request):
        return "group"
    return "resource" if any(_has(rule.get("apiGroups"), request.group) for rule in written) else ""


def verbs_on(rules: Iterable[Mapping[str, Any]], request: AccessRequest) -> tuple[str, ...]:
    """Return the verbs that rules allow on the resource of a request, in their order."""
    found = (
        str(verb)
        for rule in rules
        if _has(rule.get("apiGroups"), request.group) and _covers(rule, request)
        for verb in rule.get("verbs") or ()
    )
    return tuple(dict.fromkeys(found))
