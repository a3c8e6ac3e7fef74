"""Authorize requests: a user may do everything but what denials or the rules of ClusterRoles exclude."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from bot.playground.kubernetes.resources import Registry
from bot.playground.kubernetes.status import Refusal, bad_request, fixed, forbidden, qualified
from bot.playground.kubernetes.world_checks import WorldError, check_keys

USER = "system:serviceaccount:casebook:casebook"
ANONYMOUS = "system:anonymous"
_REVIEWS = ("authorization.k8s.io", "authentication.k8s.io")
_ACCOUNT = "system:serviceaccount:"
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NAMESPACE_SUBRESOURCES = ("status", "finalize")
_KEYS = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
# A rule of a ClusterRole as it is written, without empty lists.
Rule: TypeAlias = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user and all of their groups."""

    user: str
    groups: tuple[str, ...]


def account_of(user: str) -> tuple[str, str] | None:
    """Return the namespace and name of a service account's user, None for other users."""
    parts = user.removeprefix(_ACCOUNT).split(":")
    return (parts[0], parts[1]) if user.startswith(_ACCOUNT) and len(parts) == 2 and all(parts) else None


def identity(user: str, *, groups: tuple[str, ...] = ()) -> Identity:
    """Return a user with the groups that the API server adds."""
    if user == ANONYMOUS:
        added: tuple[str, ...] = ("system:unauthenticated",)
    elif (account := account_of(user)) is not None and not groups:
        added = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}", "system:authenticated")
    else:
        added = ("system:authenticated",)
    return Identity(user=user, groups=(*groups, *(each for each in added if each not in groups)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A resource request. `namespace` is "" at the cluster scope; `name` is "" for a collection."""

    verb: str
    group: str
    version: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def wanted(self) -> str:
        """Return the resource as RBAC rules name it, with the subresource if there is one."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def parse(*, method: str, parts: list[str], query: Mapping[str, str]) -> Address:
    """Parse the address of a resource request. Refusal 404 (text) for too many path parts or an unknown method."""
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    verb = _VERBS.get(method)
    if verb is None:
        raise fixed("page_not_found")
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and not (len(rest) == 3 and rest[2] in _NAMESPACE_SUBRESOURCES):
            rest = rest[2:]
        # RBAC checks a request for a namespace object as a request in that namespace.
    if len(rest) > 3 and rest[2] != "proxy":
        raise fixed("page_not_found")
    resource, name, subresource = (*rest, "", "")[:3]
    if not name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
        if verb == "list" and query.get("watch") in ("true", "1"):
            verb = "watch"
    return Address(
        verb=verb,
        group=group,
        version=version,
        resource=resource,
        namespace=namespace,
        name=name,
        subresource=subresource,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Requests to refuse; "*" matches anything. `resource` may name a subresource (`pods/log`), as RBAC rules do.

    A denial applies to everybody, to one `user`, or to all members of a `user_group`.
    """

    verb: str = "*"
    group: str = "*"
    resource: str = "*"
    namespace: str = "*"
    name: str = "*"
    user: str = "*"
    user_group: str = "*"

    def covers(self, address: Address, *, who: Identity, namespaced: bool) -> bool:
        # A list over all namespaces would include the denied namespace.
        everywhere = namespaced and not address.namespace
        asked = asdict(address) | {"resource": address.wanted, "user": who.user}
        return (
            all(getattr(self, key) in ("*", asked[key]) for key in ("verb", "group", "resource", "name", "user"))
            and (self.namespace in ("*", address.namespace) or everywhere)
            and self.user_group in ("*", *who.groups)
        )


def rule_allows(rule: Rule, address: Address) -> bool:
    """Return whether a rule grants a request; `pods/log` needs a rule for `pods/log`, `*/log` or `*`.

    Without `resourceNames` it covers objects of any name; with them, it covers no list and no create.
    """
    wanted = {"*", address.wanted} | ({f"*/{address.subresource}"} if address.subresource else set())
    return (
        not {"*", address.verb}.isdisjoint(rule["verbs"])
        and not {"*", address.group}.isdisjoint(rule["apiGroups"])
        and not wanted.isdisjoint(rule["resources"])
        and ("resourceNames" not in rule or address.name in rule["resourceNames"])
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Rules bound to a user or a group: a RoleBinding with a `namespace`, a ClusterRoleBinding without."""

    user: str = ""
    user_group: str = ""
    namespace: str = ""
    rules: tuple[Rule, ...]

    def names(self, who: Identity) -> bool:
        return who.user == self.user or self.user_group in who.groups

    def reaches(self, namespace: str) -> bool:
        return self.namespace in ("", namespace)

    def allows(self, address: Address) -> bool:
        return self.reaches(address.namespace) and any(rule_allows(rule, address) for rule in self.rules)


def parse_rules(written: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Parse the rules of a ClusterRole, without nonResourceURLs, which are open to all. WorldError if wrong."""
    rules = []
    for at, item in enumerate(written):
        place = ("rules", at)
        check_keys(item, path=place, known=_KEYS)
        words = {key: _words(item.get(key), path=(*place, key)) for key in _KEYS}
        if words.pop("nonResourceURLs"):
            continue
        for key in ("apiGroups", "resources", "verbs"):
            if not words[key]:
                raise WorldError("expected at least one, as the API server does", path=(*place, key))
        rules.append({key: value for key, value in words.items() if value})
    return tuple(rules)


def _words(value: Any, *, path: tuple[str | int, ...]) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise WorldError(f"expected a list of strings, got {value!r}", path=path)
    return list(value)


class Access:
    """The authorizer: allows everything except denials; a user with bound roles gets only what those grant.

    Reviews and discovery stay open, as the default roles of real clusters keep them.
    """

    def __init__(self, *, registry: Registry) -> None:
        self._registry = registry
        self.denials: list[Denial] = []
        self.bindings: list[Binding] = []

    def bound(self, who: Identity) -> list[Binding]:
        """Return the bindings that name a user or one of their groups."""
        return [binding for binding in self.bindings if binding.names(who)]

    def allows(self, address: Address, *, who: Identity) -> bool:
        """Return whether a user may make this request; the anonymous user may make none."""
        namespaced = self._namespaced(address)
        denied = any(denial.covers(address, who=who, namespaced=namespaced) for denial in self.denials)
        if who.user == ANONYMOUS or denied:
            return False
        bound = self.bound(who)
        return not bound or any(binding.allows(address) for binding in bound)

    def acting_as(self, who: Identity, *, user: str, groups: tuple[str, ...], address: Address) -> Identity:
        """Return the identity a request acts as. Refusal 400 for groups without a user, 403 if forbidden.

        It takes the verb `impersonate` on the user and each group. A server of 1.36 asks for the narrower grants of
        constrained impersonation first and names these in its refusal; here nobody has them.
        """
        if not user:
            if groups:
                listed = ", ".join(json.dumps(each) for each in groups)
                wanted = f'{{Name:"", UID:"", Groups:[]string{{{listed}}}, Extra:map[string][]string(nil)}}'
                raise bad_request(f"requested &user.DefaultInfo{wanted} without impersonating a user name")
            return who
        account = account_of(user)
        namespace, name = account or ("", user)
        kinds = [
            ("serviceaccounts" if account else "users", namespace, name),
            *(("groups", "", each) for each in groups),
        ]
        for resource, place, named in kinds:
            needed = Address(verb="impersonate", group="", version="v1", resource=resource, namespace=place, name=named)
            if self.allows(needed, who=who):
                continue
            if account and groups:
                raise _refused(needed, who=who)
            mode = "serviceaccount" if account else "user-info"
            raise _refused(address, who=who, verb=f"impersonate-on:{mode}:{address.verb}")
        return identity(user, groups=groups)

    def check(self, address: Address, *, who: Identity) -> None:
        """Raise Refusal 403 if the user may not make this request."""
        asks_about_itself = (
            address.group in _REVIEWS and address.verb == "create" and address.resource.startswith("self")
        )
        if not (asks_about_itself and who.user != ANONYMOUS) and not self.allows(address, who=who):
            raise _refused(address, who=who)

    def _namespaced(self, address: Address) -> bool:
        if address.verb == "impersonate" and not address.namespace:
            return False
        versions = [address.version] if address.version else self._registry.versions(address.group)
        for version in versions:
            found = self._registry.find(group=address.group, version=version, plural=address.resource)
            if found is not None:
                return found.namespaced
        return True


def _refused(address: Address, *, who: Identity, verb: str = "") -> Refusal:
    group, resource, name = address.group, address.resource, address.name
    where = f'in the namespace "{address.namespace}"' if address.namespace else "at the cluster scope"
    asked = f'cannot {verb or address.verb} resource "{address.wanted}" in API group "{group}" {where}'
    what = "{}" if name else qualified(group, resource)
    says = f'{what} is forbidden: User "{who.user}" {asked}'
    return forbidden(group=group, resource=resource, name=name, says=says)
