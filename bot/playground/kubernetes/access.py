"""Authorize requests and answer access reviews: a user may do everything but what denials or roles exclude."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bot.playground.kubernetes.addresses import Address
from bot.playground.kubernetes.grants import Binding
from bot.playground.kubernetes.identity import ANONYMOUS, Identity, account_of, identity
from bot.playground.kubernetes.resources import Json, Registry
from bot.playground.kubernetes.status import Refusal, bad_request, cause, forbidden, invalid

_REVIEWS = ("authorization.k8s.io", "authentication.k8s.io")
# The default role system:basic-user grants these to every authenticated user.
_BASIC = (
    {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
    {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
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
        wanted = f"{address.resource}/{address.subresource}" if address.subresource else address.resource
        everywhere = namespaced and not address.namespace
        return (
            self.verb in ("*", address.verb)
            and self.group in ("*", address.group)
            and self.resource in ("*", wanted)
            # A list over all namespaces would include the denied namespace.
            and (self.namespace in ("*", address.namespace) or everywhere)
            and self.name in ("*", address.name)
            and self.user in ("*", who.user)
            and self.user_group in ("*", *who.groups)
        )


class Access:
    """The authorizer: allows everything except denials; a user with bound roles gets only what those grant.

    Reviews and discovery stay open, as the default roles of real clusters keep them.
    """

    def __init__(self, *, registry: Registry) -> None:
        self._registry = registry
        self._denials: list[Denial] = []
        self._bindings: list[Binding] = []

    def forbid(self, denial: Denial) -> None:
        self._denials.append(denial)

    def bind(self, binding: Binding) -> None:
        self._bindings.append(binding)

    def unbind(self) -> None:
        """Remove every binding."""
        self._bindings.clear()

    def allows(self, address: Address, *, who: Identity) -> bool:
        """Return whether a user may make this request; the anonymous user may make none."""
        namespaced = self._namespaced(address)
        if who.user == ANONYMOUS or any(
            denial.covers(address, who=who, namespaced=namespaced) for denial in self._denials
        ):
            return False
        bound = self._bound(who)
        return not bound or any(binding.allows(address) for binding in bound)

    def acting_as(self, who: Identity, *, user: str, groups: tuple[str, ...], address: Address) -> Identity:
        """Return the identity a request acts as. Refusal 400 for groups without a user, 403 if forbidden.

        It takes the verb `impersonate` on the user and each group. A server of 1.36 asks for the narrower grants of
        constrained impersonation first and names these in its refusal; here nobody has them.
        """
        if not user:
            if groups:
                listed = ", ".join(json.dumps(each) for each in groups)
                wanted = (
                    f'&user.DefaultInfo{{Name:"", UID:"", Groups:[]string{{{listed}}}, Extra:map[string][]string(nil)}}'
                )
                raise bad_request(f"requested {wanted} without impersonating a user name")
            return who
        account = account_of(user)
        place = account or ("", user)
        first = Address(
            verb="impersonate",
            group="",
            version="v1",
            resource="serviceaccounts" if account else "users",
            namespace=place[0],
            name=place[1],
        )
        others = (
            Address(verb="impersonate", group="", version="v1", resource="groups", name=group) for group in groups
        )
        for needed in (first, *others):
            if self.allows(needed, who=who):
                continue
            if account and groups:
                raise _refused(needed, who=who)
            mode = "serviceaccount" if account else "user-info"
            raise _refused(address, who=who, verb=f"impersonate-on:{mode}:{address.verb}")
        return identity(user, groups=groups)

    def check(self, address: Address, *, who: Identity) -> None:
        """Raise Refusal 403 if the user may not make this request."""
        if (
            who.user != ANONYMOUS
            and address.group in _REVIEWS
            and address.verb == "create"
            and address.resource.startswith("self")
        ):
            return
        if not self.allows(address, who=who):
            raise _refused(address, who=who)

    def review(self, body: Json, *, who: Identity) -> Json:
        """Answer a SelfSubjectAccessReview; a denied one carries no reason."""
        spec = body.get("spec") or {}
        attributes = spec.get("resourceAttributes")
        if attributes is None and spec.get("nonResourceAttributes") is None:
            message = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
            wrong = cause(
                reason="FieldValueInvalid", message=f"Invalid value: null: {message}", field="spec.resourceAttributes"
            )
            raise invalid(group="authorization.k8s.io", kind="SelfSubjectAccessReview", name="", causes=[wrong])
        allowed = attributes is None or self.allows(
            Address(
                verb=attributes.get("verb", ""),
                group=attributes.get("group", ""),
                version=attributes.get("version", ""),
                resource=attributes.get("resource", ""),
                namespace=attributes.get("namespace", ""),
                name=attributes.get("name", ""),
                subresource=attributes.get("subresource", ""),
            ),
            who=who,
        )
        status: Json = {"allowed": allowed}
        if allowed:
            status["reason"] = (
                'RBAC: allowed by ClusterRoleBinding "casebook" of ClusterRole "casebook" '
                'to ServiceAccount "casebook/casebook"'
            )
        return {
            "kind": "SelfSubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": spec,
            "status": status,
        }

    def rules_review(self, body: Json, *, who: Identity) -> Json:
        """Answer a SelfSubjectRulesReview; it is incomplete if there are denials, which rules cannot express."""
        everything = [] if Denial() in self._denials else [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        namespace = (body.get("spec") or {}).get("namespace", "")
        bound = self._bound(who)
        reaching = [binding for binding in bound if binding.reaches(namespace)]
        granted = [*_BASIC, *(rule.as_json() for binding in reaching for rule in binding.rules)]
        documents = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version", "/version/"]
        return {
            "kind": "SelfSubjectRulesReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": {},
            "status": {
                "resourceRules": granted if bound else everything,
                "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": documents}],
                "incomplete": bool(self._denials),
            },
        }

    def _bound(self, who: Identity) -> list[Binding]:
        return [binding for binding in self._bindings if binding.names(who)]

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
    return forbidden(
        user=who.user,
        verb=verb or address.verb,
        group=address.group,
        resource=address.resource,
        subresource=address.subresource,
        namespace=address.namespace,
        name=address.name,
    )


def who_am_i(who: Identity, *, created: str) -> Json:
    """Answer a SelfSubjectReview."""
    info: Json = {"username": who.user, "groups": list(who.groups)}
    if account_of(who.user):
        info["uid"] = "0b9e4f0a-7d55-5b8e-9a53-0f6a3d0c6a11"
    return {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": created},
        "status": {"userInfo": info},
    }
