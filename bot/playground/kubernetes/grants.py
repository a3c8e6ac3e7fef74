"""Define who makes a request and what it asks for, and match both to denials and to the rules of ClusterRoles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.status import fixed
from bot.playground.kubernetes.world_checks import WorldError, check_keys

USER = "system:serviceaccount:casebook:casebook"
ANONYMOUS = "system:anonymous"
_ACCOUNT = "system:serviceaccount:"
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NAMESPACE_SUBRESOURCES = ("status", "finalize")
_KEYS = ("apiGroups", "resources", "verbs", "resourceNames", "nonResourceURLs")


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


def is_resource_path(parts: list[str]) -> bool:
    """Return whether the path lies below a group version; discovery documents and health checks do not."""
    return (parts[:1] == ["api"] and len(parts) > 2) or (parts[:1] == ["apis"] and len(parts) > 3)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Without `names` it covers objects of any name; with `names`, it covers no list and no create."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...]

    def allows(self, address: Address) -> bool:
        """Return whether the rule grants a request; `pods/log` needs a rule for `pods/log`, `*/log` or `*`."""
        wanted = {"*", address.wanted} | ({f"*/{address.subresource}"} if address.subresource else set())
        return (
            not {"*", address.verb}.isdisjoint(self.verbs)
            and not {"*", address.group}.isdisjoint(self.groups)
            and not wanted.isdisjoint(self.resources)
            and (not self.names or address.name in self.names)
        )

    def as_json(self) -> Json:
        shown: Json = {"verbs": self.verbs, "apiGroups": self.groups, "resources": self.resources}
        if self.names:
            shown["resourceNames"] = self.names
        return {key: list(words) for key, words in shown.items()}


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
        return self.reaches(address.namespace) and any(rule.allows(address) for rule in self.rules)


def parse_rules(written: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Parse the rules of a ClusterRole, without nonResourceURLs, which are open to all. WorldError if wrong."""
    rules = []
    for at, item in enumerate(written):
        place = ("rules", at)
        check_keys(item, path=place, known=_KEYS)
        words = {key: _words(item.get(key), path=(*place, key)) for key in _KEYS}
        if words["nonResourceURLs"]:
            continue
        for key in ("apiGroups", "resources", "verbs"):
            if not words[key]:
                raise WorldError("expected at least one, as the API server does", path=(*place, key))
        rules.append(
            Rule(
                groups=words["apiGroups"],
                resources=words["resources"],
                verbs=words["verbs"],
                names=words["resourceNames"],
            )
        )
    return tuple(rules)


def _words(value: Any, *, path: tuple[str | int, ...]) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise WorldError(f"expected a list of strings, got {value!r}", path=path)
    return tuple(value)
