"""Authorize requests: a user may do everything but what denials or roles exclude."""

from __future__ import annotations

import json

from bot.playground.kubernetes.grants import ANONYMOUS, Address, Binding, Denial, Identity, account_of, identity
from bot.playground.kubernetes.resources import Registry
from bot.playground.kubernetes.status import Refusal, bad_request, forbidden, qualified

_REVIEWS = ("authorization.k8s.io", "authentication.k8s.io")


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
