"""Who may do what: denials laid over an otherwise all-powerful user, and the reviews that report them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.playground.kubernetes.addressing import Address
from bot.playground.kubernetes.resources import Json, Registry
from bot.playground.kubernetes.status import cause, forbidden, invalid

USER = "system:serviceaccount:casebook:casebook"
ANONYMOUS = "system:anonymous"
_REVIEWS = ("authorization.k8s.io", "authentication.k8s.io")


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What is refused; "*" stands for anything. `resource` may name a subresource (`pods/log`), as RBAC rules do."""

    verb: str = "*"
    group: str = "*"
    resource: str = "*"
    namespace: str = "*"
    name: str = "*"

    def covers(self, address: Address, *, namespaced: bool) -> bool:
        wanted = f"{address.resource}/{address.subresource}" if address.subresource else address.resource
        everywhere = namespaced and not address.namespace
        return (
            self.verb in ("*", address.verb)
            and self.group in ("*", address.group)
            and self.resource in ("*", wanted)
            # Who may not read one namespace may not list them all.
            and (self.namespace in ("*", address.namespace) or everywhere)
            and self.name in ("*", address.name)
        )


class Access:
    """The authorizer: everything is allowed but what a denial covers.

    Reviews and discovery stay open, as the default roles of real clusters keep them.
    """

    def __init__(self, *, registry: Registry) -> None:
        self._registry = registry
        self._denials: list[Denial] = []

    def forbid(self, denial: Denial) -> None:
        self._denials.append(denial)

    def allows(self, address: Address) -> bool:
        return not any(denial.covers(address, namespaced=self._namespaced(address)) for denial in self._denials)

    def check(self, address: Address, *, user: str = USER) -> None:
        """Refusal 403 if a denial covers the request, or if it comes from nobody."""
        if (
            user == USER
            and address.group in _REVIEWS
            and address.verb == "create"
            and address.resource.startswith("self")
        ):
            return
        if user == ANONYMOUS or not self.allows(address):
            raise forbidden(
                user=user,
                verb=address.verb,
                group=address.group,
                resource=address.resource,
                subresource=address.subresource,
                namespace=address.namespace,
                name=address.name,
            )

    def review(self, body: Json) -> Json:
        """The answer to a SelfSubjectAccessReview: allowed, with no word on why when it is not."""
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
            )
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

    def rules_review(self) -> Json:
        """The answer to a SelfSubjectRulesReview; rules cannot tell denials, hence incomplete if there are any."""
        everything = [] if Denial() in self._denials else [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        documents = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version", "/version/"]
        return {
            "kind": "SelfSubjectRulesReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": {},
            "status": {
                "resourceRules": everything,
                "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": documents}],
                "incomplete": bool(self._denials),
            },
        }

    def _namespaced(self, address: Address) -> bool:
        versions = [address.version] if address.version else self._registry.versions(address.group)
        for version in versions:
            found = self._registry.find(group=address.group, version=version, plural=address.resource)
            if found is not None:
                return found.namespaced
        return True


def who_am_i(*, created: str) -> Json:
    """The answer to a SelfSubjectReview."""
    namespace = USER.split(":")[2]
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
    return {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": created},
        "status": {"userInfo": {"username": USER, "uid": "0b9e4f0a-7d55-5b8e-9a53-0f6a3d0c6a11", "groups": groups}},
    }
