"""Admission webhooks: which there are, whom they call, and which requests wait for their answer.

Shared by the probe that looks at the webhooks and the one that looks for objects whose every update goes through them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube.placement import selects
from bot.probes.contract import Look
from bot.probes.shared.scope import name_of
from intents.domain import Gap, Json, Permission

KINDS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
PERMISSIONS: Final = tuple(
    Permission(verb="list", group="admissionregistration.k8s.io", resource=f"{kind.lower()}s") for kind in KINDS
)
# What admissionregistration.k8s.io/v1 sets where nothing is written.
_TIMEOUT_S: Final = 10
# Kinds that the cluster itself writes all the time: who blocks these, blocks the cluster.
_EVERYDAY: Final = frozenset({
    ("", "pods"), ("", "configmaps"), ("", "events"), ("", "nodes"), ("", "endpoints"), ("", "services"),
    ("", "secrets"), ("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets"),
    ("apps", "daemonsets"), ("batch", "jobs"), ("coordination.k8s.io", "leases"),
    ("discovery.k8s.io", "endpointslices"),
})  # fmt: skip

_SERVICE_URL: Final = re.compile(r"//([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One webhook of a configuration."""

    configuration: Json
    kind: str
    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.spec.get("name") or "")

    @property
    def configured_in(self) -> str:
        return name_of(self.configuration)

    @property
    def policy(self) -> str:
        return str(self.spec.get("failurePolicy") or "Fail")

    @property
    def blocking(self) -> bool:
        """Whether a request is refused when the webhook does not answer."""
        return self.policy == "Fail"

    @property
    def timeout_s(self) -> int:
        return int(self.spec.get("timeoutSeconds") or _TIMEOUT_S)

    @property
    def service(self) -> Mapping[str, Any]:
        """Where it is served in the cluster; empty if it is called by a URL."""
        return (self.spec.get("clientConfig") or {}).get("service") or {}

    @property
    def place(self) -> tuple[str, str]:
        """Namespace and name of that Service."""
        return str(self.service.get("namespace") or ""), str(self.service.get("name") or "")

    @property
    def url(self) -> str:
        return str((self.spec.get("clientConfig") or {}).get("url") or "")

    @property
    def rules(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self.spec.get("rules") or ())

    @property
    def resources(self) -> tuple[str, ...]:
        """What it is asked about, as `deployments.apps`, sorted."""
        found = {
            f"{resource}.{group}" if group else str(resource)
            for rule in self.rules
            for group in rule.get("apiGroups") or ()
            for resource in rule.get("resources") or ()
        }
        return tuple(sorted(found))

    @property
    def everyday(self) -> bool:
        return any(self.intercepts(group=group, resource=resource, operation="") for group, resource in _EVERYDAY)

    def intercepts(self, *, group: str, resource: str, operation: str) -> bool:
        """Whether its rules mean this resource; an empty operation stands for any."""
        return any(
            _means(rule.get("apiGroups"), group)
            and any(_means((each,), resource) or each == "*/*" for each in rule.get("resources") or ())
            and (not operation or _means(rule.get("operations"), operation))
            for rule in self.rules
        )

    def looks_at(self, obj: Json, *, namespace_labels: Mapping[str, str] | None) -> bool:
        """Whether its selectors mean this object, as far as that can be told; None for labels that are not known."""
        where = self.spec.get("namespaceSelector") or {}
        if self.spec.get("matchConditions") or (where and namespace_labels is None):
            return False
        labels = (obj.get("metadata") or {}).get("labels") or {}
        return selects(where, namespace_labels or {}) and selects(self.spec.get("objectSelector") or {}, labels)


def _means(written: Iterable[Any] | None, wanted: str) -> bool:
    return any(each in ("*", wanted) for each in written or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The webhook that a text names, by its name, else by the Service that was called; empty if it names none."""

    name: str = ""
    place: tuple[str, str] = ("", "")

    def __bool__(self) -> bool:
        return bool(self.name or self.place[1])

    def __str__(self) -> str:
        return (
            f"admission webhook {self.name}" if self.name else f"an admission webhook of Service {'/'.join(self.place)}"
        )

    def means(self, webhook: Webhook) -> bool:
        if self.name:
            return self.name in (webhook.name, webhook.configured_in)
        return self.place == webhook.place


def named_in(look: Look) -> Named:
    if name := look.named.get("webhook", ""):
        return Named(name=name)
    called = _SERVICE_URL.search(look.named.get("url", ""))
    return Named(place=(called.group(2), called.group(1))) if called else Named()


async def webhooks(look: Look) -> tuple[tuple[Webhook, ...], tuple[Gap, ...]]:
    """All webhooks, mutating ones first, by configuration in the order of their calls; and what could not be read."""
    answers = await asyncio.gather(*(look.snapshot.list(kind) for kind in KINDS), return_exceptions=True)
    found: list[Webhook] = []
    gaps: list[Gap] = []
    for kind, answer in zip(KINDS, answers, strict=True):
        if isinstance(answer, ClusterError):
            gaps.append(answer.gap())
            continue
        if isinstance(answer, BaseException):
            raise answer
        if gap := answer.gap(f"the {kind}s"):
            gaps.append(gap)
        for item in sorted(answer.items, key=name_of):
            found += [Webhook(configuration=item, kind=kind, spec=spec) for spec in item.get("webhooks") or ()]
    return tuple(found), tuple(gaps)
