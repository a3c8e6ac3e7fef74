"""Parse why the API server refused to create an object: quota, limits, policies, webhooks, a missing ServiceAccount.

The text reaches us inside events and conditions of controllers ("Error creating: pods "web-" is forbidden: …"). The
wordings are those of the admission plugins of 1.24 … 1.36.

`Webhook` is one admission webhook of a configuration: which requests wait for its answer, and what happens without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bot.kube.field_errors import LONGEST
from bot.kube.objects import labels_of, name_of
from bot.kube.placement import selects
from bot.kube.rbac import means
from intents.domain import Json


class RefusalKind(StrEnum):
    """The part of admission that refused."""

    QUOTA = "quota"
    LIMIT_RANGE = "limit-range"
    SERVICE_ACCOUNT = "service-account"
    POD_SECURITY = "pod-security"
    DENIED = "denied"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """One resource of a quota: requested, used and limited, as printed; all "" where it must be specified."""

    resource: str
    requested: str = ""
    used: str = ""
    limited: str = ""

    def __str__(self) -> str:
        if not self.limited:
            return f"{self.resource} must be specified"
        return f"{self.resource}: {self.requested} requested, {self.used} of {self.limited} used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One bound of a LimitRange that was violated: `max`, `min` or `ratio` of a resource per type."""

    bound: str
    resource: str
    type: str
    allowed: str
    given: str = ""
    of: str = ""

    def __str__(self) -> str:
        if self.bound == "ratio":
            return (
                f"the ratio of {self.resource} limit to request per {self.type} is {self.given}, at most {self.allowed}"
            )
        word = "at most" if self.bound == "max" else "at least"
        given = f"{self.resource} {self.of} is {self.given}" if self.given else f"no {self.resource} {self.of} is set"
        return f"{given}, {word} {self.allowed} per {self.type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One refusal. `by` names the quota, ServiceAccount, security level, policy or webhook; `why` is the rest."""

    kind: RefusalKind
    name: str = ""
    by: str = ""
    why: str = ""
    amounts: tuple[Amount, ...] = ()
    bounds: tuple[Bound, ...] = ()
    policy: bool = False  # `by` is a ValidatingAdmissionPolicy, not a webhook

    @property
    def key(self) -> tuple[str, ...]:
        """Return what the repetitions of a refusal have in common."""
        return (str(self.kind),)


_NAME: Final = re.compile(r'[a-z][a-z.]* \\?"([^"\\]*)\\?" is forbidden: ')
_QUOTA: Final = re.compile(r"exceeded quota: ([^,\s]+), requested: (\S+), used: (\S+), limited: (\S+)")
_UNSET: Final = re.compile(r"failed quota: ([^:\s]+): must specify ([^\n]+)")
_ACCOUNT: Final = re.compile(r"error looking up service account [^/\s]+/([^:\s]+): ")
_SECURITY: Final = re.compile(r'violates PodSecurity \\?"([^"\\]+)\\?": ([^\n]+)')
_CONSTRAINT: Final = re.compile(r"unable to validate against any security context constraint: ([^\n]+)")
_USAGE: Final = re.compile(
    r"(maximum|minimum) (\S+) usage per (\w+) is (\S+?)(?:, but (limit|request) is ([^\s,\]]+)"
    r"|\.\s+No (limit|request) is specified)"
)
_RATIO: Final = re.compile(
    r"(\S+) max limit to request ratio per (\w+) is ([^\s,]+), but (?:provided ratio is ([\d.]+)|no)"
)
_DENIED: Final = re.compile(
    r'admission webhook \\?"([^"\\]+)\\?" denied the request(?:: | without explanation)([^\n]*)', re.S
)
_POLICY: Final = re.compile(r"ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: ([^\n]*)")
_FAILED: Final = re.compile(r'failed calling (?:admission )?webhook \\?"([^"\\]+)\\?": ([^\n]*)')


def parse(message: str) -> tuple[Refused, ...]:
    """Return the refusal in a message, at most one; empty for other messages."""
    message = message[:LONGEST]
    found = next(_refusals(message), None)
    return (found,) if found else ()


def _refusals(message: str) -> Iterator[Refused]:
    named = _NAME.search(message)
    name = named[1] if named else ""
    if found := _QUOTA.search(message):
        requested, used, limited = (_amounts(found[group]) for group in (2, 3, 4))
        amounts = (
            Amount(resource=one, requested=asked, used=used.get(one, "0"), limited=limited[one])
            for one, asked in requested.items()
            if one in limited
        )
        yield Refused(kind=RefusalKind.QUOTA, name=name, by=found[1], amounts=tuple(amounts), why=found[0])
    if found := _UNSET.search(message):
        resources = (part.partition(" for: ")[0] for part in re.split(r"[;,]\s*", found[2]))
        unset = tuple(Amount(resource=one.strip()) for one in resources if one.strip())
        yield Refused(kind=RefusalKind.QUOTA, name=name, by=found[1], amounts=unset, why=found[0])
    if found := _ACCOUNT.search(message):
        yield Refused(kind=RefusalKind.SERVICE_ACCOUNT, name=name, by=found[1])
    if found := _SECURITY.search(message) or _CONSTRAINT.search(message):
        level, why = found.groups() if found.re is _SECURITY else ("", found[1])
        yield Refused(kind=RefusalKind.POD_SECURITY, name=name, by=level, why=why)
    if bounds := tuple(_bounds(message)):
        yield Refused(kind=RefusalKind.LIMIT_RANGE, name=name, bounds=bounds)
    if found := _POLICY.search(message):
        yield Refused(kind=RefusalKind.DENIED, name=name, by=found[1], why=found[2], policy=True)
    if found := _DENIED.search(message):
        yield Refused(kind=RefusalKind.DENIED, name=name, by=found[1], why=found[2].strip())
    if found := _FAILED.search(message):
        yield Refused(kind=RefusalKind.WEBHOOK, name=name, by=found[1], why=found[2])


def _amounts(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.rstrip(",").split(","))
    return {resource: amount for resource, _, amount in pairs if amount}


def _bounds(message: str) -> Iterator[Bound]:
    for end, resource, kind, allowed, of, given, unset in _USAGE.findall(message):
        bound = "max" if end == "maximum" else "min"
        yield Bound(bound=bound, resource=resource, type=kind, allowed=allowed, given=given, of=of or unset)
    for resource, kind, allowed, given in _RATIO.findall(message):
        yield Bound(bound="ratio", resource=resource.lstrip("["), type=kind, allowed=allowed, given=given or "unset")


def security_violations(why: str) -> tuple[str, ...]:
    """Return the violations of a Pod Security message one by one: a comma inside parentheses does not separate."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(why):
        depth += (char in "([") - (char in ")]")
        if char == "," and depth <= 0:
            parts.append(why[start:index].strip())
            start = index + 1
    return tuple(filter(None, (*parts, why[start:].strip())))


KINDS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
# The default of admissionregistration.k8s.io/v1.
_TIMEOUT_S: Final = 10
# Kinds that the cluster itself writes all the time: a webhook that blocks these blocks the cluster.
_FREQUENT: Final = frozenset({
    ("", "pods"), ("", "configmaps"), ("", "events"), ("", "nodes"), ("", "endpoints"), ("", "services"),
    ("", "secrets"), ("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets"),
    ("apps", "daemonsets"), ("batch", "jobs"), ("coordination.k8s.io", "leases"),
    ("discovery.k8s.io", "endpointslices"),
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One webhook of a configuration."""

    configuration: Json
    kind: str
    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return the name of the webhook within its configuration."""
        return str(self.spec.get("name") or "")

    @property
    def configured_in(self) -> str:
        """Return the name of the configuration."""
        return name_of(self.configuration)

    @property
    def policy(self) -> str:
        """Return its failure policy: Fail or Ignore."""
        return str(self.spec.get("failurePolicy") or "Fail")

    @property
    def blocking(self) -> bool:
        """Tell whether a request is refused when the webhook does not answer."""
        return self.policy == "Fail"

    @property
    def timeout_s(self) -> int:
        """Return how long the API server waits for its answer."""
        return int(self.spec.get("timeoutSeconds") or _TIMEOUT_S)

    @property
    def service(self) -> Mapping[str, Any]:
        """Return its Service as the configuration names it; empty if it is called by a URL."""
        return (self.spec.get("clientConfig") or {}).get("service") or {}

    @property
    def place(self) -> tuple[str, str]:
        """Return namespace and name of that Service."""
        return str(self.service.get("namespace") or ""), str(self.service.get("name") or "")

    @property
    def url(self) -> str:
        """Return the URL of a webhook that has one instead of a Service, else ""."""
        return str((self.spec.get("clientConfig") or {}).get("url") or "")

    @property
    def rules(self) -> tuple[Mapping[str, Any], ...]:
        """Return the rules that select the requests sent to it."""
        return tuple(self.spec.get("rules") or ())

    @property
    def resources(self) -> tuple[str, ...]:
        """Return the resources whose writes are sent to it, as `deployments.apps`, sorted."""
        found = {
            f"{resource}.{group}" if group else str(resource)
            for rule in self.rules
            for group in rule.get("apiGroups") or ()
            for resource in rule.get("resources") or ()
        }
        return tuple(sorted(found))

    @property
    def everyday(self) -> bool:
        """Tell whether it is asked about kinds that the cluster itself writes all the time."""
        return any(self.intercepts(group=group, resource=resource, operation="") for group, resource in _FREQUENT)

    def intercepts(self, *, group: str, resource: str, operation: str) -> bool:
        """Tell whether its rules match a resource; an empty operation matches any."""
        return any(
            means(rule.get("apiGroups"), group)
            and any(means((each,), resource) or each == "*/*" for each in rule.get("resources") or ())
            and (not operation or means(rule.get("operations"), operation))
            for rule in self.rules
        )

    def looks_at(self, obj: Json, *, namespace_labels: Mapping[str, str] | None) -> bool:
        """Tell whether its selectors match an object; false where namespace labels or conditions are not known."""
        where = self.spec.get("namespaceSelector") or {}
        if self.spec.get("matchConditions") or (where and namespace_labels is None):
            return False
        return selects(where, namespace_labels or {}) and selects(self.spec.get("objectSelector") or {}, labels_of(obj))
