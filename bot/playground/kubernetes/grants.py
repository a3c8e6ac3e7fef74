"""Match requests to the rules of ClusterRoles, as the RBAC authorizer does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.playground.kubernetes.addresses import Address
from bot.playground.kubernetes.identity import Identity
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.world_checks import WorldError, check_keys

_KEYS = ("apiGroups", "resources", "verbs", "resourceNames", "nonResourceURLs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Without `names` it covers objects of any name; with `names`, it covers no list and no create."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...]

    def allows(self, address: Address) -> bool:
        """Return whether the rule grants a request; `pods/log` needs a rule for `pods/log`, `*/log` or `*`."""
        sub = address.subresource
        wanted = {"*", f"{address.resource}/{sub}", f"*/{sub}"} if sub else {"*", address.resource}
        return (
            any(verb in ("*", address.verb) for verb in self.verbs)
            and any(group in ("*", address.group) for group in self.groups)
            and any(resource in wanted for resource in self.resources)
            and (not self.names or address.name in self.names)
        )

    def as_json(self) -> Json:
        shown: Json = {
            "verbs": list(self.verbs),
            "apiGroups": list(self.groups),
            "resources": list(self.resources),
        }
        return shown | ({"resourceNames": list(self.names)} if self.names else {})


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
        where = f"rules[{at}]"
        check_keys(item, where=where, known=_KEYS)
        lists = {key: _words(item.get(key), where=f"{where}.{key}") for key in _KEYS}
        if lists["nonResourceURLs"]:
            continue
        for key in ("apiGroups", "resources", "verbs"):
            if not lists[key]:
                raise WorldError(f"{where}.{key}: expected at least one, as the API server does")
        rules.append(
            Rule(
                groups=lists["apiGroups"],
                resources=lists["resources"],
                verbs=lists["verbs"],
                names=lists["resourceNames"],
            )
        )
    return tuple(rules)


def _words(value: Any, *, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise WorldError(f"{where}: expected a list of strings, got {value!r}")
    return tuple(value)
