"""Roles and bindings as the RBAC authorizer reads them: which rule allows a request, and what comes closest. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.kube.objects import namespace_of
from intents.domain import Json
from intents.spelling import misspelt

_ACCOUNT: Final = re.compile(r"system:serviceaccount:([a-z0-9.-]+):([a-z0-9.-]+)")
_EVERYBODY: Final = "system:authenticated"
# What the API server says of a request that no role allows; programs log it with or without escaped quotes.
_REFUSED: Final = re.compile(
    r'(?:[\w.-]+ \\?"(?P<name>[^"\\]*)\\?" is forbidden: )?User \\?"(?P<user>[^"\\]+)\\?" cannot (?P<verb>[a-z]+) '
    r'resource \\?"(?P<resource>[a-z./-]+)\\?"(?: in API group \\?"(?P<group>[\w.-]*)\\?")?'
    r'(?: in the namespace \\?"(?P<namespace>[a-z0-9-]+)\\?")?'
)


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


def request_of(*, verb: str, group: str, resource: str, namespace: str = "", name: str = "") -> AccessRequest:
    """Return a request by the words of a refusal, in which a resource may have its subresource and group."""
    plain, _, subresource = resource.partition("/")
    return AccessRequest(
        verb=verb,
        group=group,
        resource=plain.removesuffix(f".{group}") if group else plain,
        subresource=subresource,
        namespace=namespace,
        name=name,
    )


def refused_in(message: str) -> tuple[str, AccessRequest] | None:
    """Return the user and the request that the API server refused for want of a permission; None in other messages."""
    found = _REFUSED.search(message)
    if found is None:
        return None
    said = {word: value or "" for word, value in found.groupdict().items()}
    return said.pop("user"), request_of(**said)


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


def misspelt_in(binding: Json, subject: Subject) -> frozenset[str]:
    """Return the names, almost that of this ServiceAccount, of accounts of its namespace that a binding names."""
    home = namespace_of(binding)
    return frozenset(
        name
        for each in binding.get("subjects") or ()
        if each.get("kind") == "ServiceAccount" and (each.get("namespace") or home) == subject.namespace
        if (name := str(each.get("name") or "")) != subject.name and misspelt(name, (subject.name,))
    )


def namesake_of(binding: Json, subject: Subject, *, unknown: Container[str] = ()) -> str:
    """Return the subject of a binding that was most likely written for this ServiceAccount and is another; "" for none.

    It has its name, and another namespace or kind; or its namespace, and a name of `unknown`, of no account there.
    """
    home = namespace_of(binding)
    written = {subject.name, f"{subject.namespace}:{subject.name}", f"{subject.namespace}/{subject.name}"}
    for each in binding.get("subjects") or ():
        kind, name = str(each.get("kind") or ""), str(each.get("name") or "")
        namespace = each.get("namespace") or home
        meant = name == subject.name or (namespace == subject.namespace and name in unknown)
        if kind == "ServiceAccount" and meant and not _is(each, subject, home=home):
            return f"{kind} {namespace}/{name}"
        if kind in ("User", "Group") and name in written:
            return f"{kind} {name}"
    return ""


def _is(named: Mapping[str, Any], subject: Subject, *, home: str) -> bool:
    kind, name = named.get("kind"), named.get("name")
    if kind == "ServiceAccount":
        return subject.is_account and (named.get("namespace") or home, name) == (subject.namespace, subject.name)
    return name == subject.user if kind == "User" else kind == "Group" and name in subject.groups


def allows(rules: Iterable[Mapping[str, Any]], request: AccessRequest) -> bool:
    """Tell whether one of the rules of a role allows a request."""
    return any(
        means(rule.get("verbs"), request.verb)
        and means(rule.get("apiGroups"), request.group)
        and _covers(rule, request)
        for rule in rules
    )


def _covers(rule: Mapping[str, Any], request: AccessRequest) -> bool:
    resources = set(rule.get("resources") or ())
    wanted = {"*", request.path} | ({f"*/{request.subresource}"} if request.subresource else set())
    names = rule.get("resourceNames")
    return bool(resources & wanted) and (not names or request.name in names)


def means(written: Iterable[Any] | None, wanted: str) -> bool:
    """Tell whether a list of a rule has a word, or the `*` that means every word."""
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
    return "resource" if any(means(rule.get("apiGroups"), request.group) for rule in written) else ""


def verbs_on(rules: Iterable[Mapping[str, Any]], request: AccessRequest) -> tuple[str, ...]:
    """Return the verbs that rules allow on the resource of a request, in their order."""
    found = (
        str(verb)
        for rule in rules
        if means(rule.get("apiGroups"), request.group) and _covers(rule, request)
        for verb in rule.get("verbs") or ()
    )
    return tuple(dict.fromkeys(found))
