"""One admission webhook of a configuration: which requests wait for its answer, and what happens without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import name_of
from bot.kube.placement import selects
from intents.domain import Json

KINDS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
# What admissionregistration.k8s.io/v1 sets where nothing is written.
_TIMEOUT_S: Final = 10
# Kinds that the cluster itself writes all the time: who blocks these, blocks the cluster.
_EVERYDAY: Final = frozenset({
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
