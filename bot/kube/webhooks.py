"""One admission webhook of a configuration: which requests wait for its answer, and what happens without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import labels_of, name_of
from bot.kube.placement import selects
from intents.domain import Json

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
        """Return the URL that is called instead of a Service, "" where there is none."""
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
            _means(rule.get("apiGroups"), group)
            and any(_means((each,), resource) or each == "*/*" for each in rule.get("resources") or ())
            and (not operation or _means(rule.get("operations"), operation))
            for rule in self.rules
        )

    def looks_at(self, obj: Json, *, namespace_labels: Mapping[str, str] | None) -> bool:
        """Tell whether its selectors match an object; false where namespace labels or conditions are not known."""
        where = self.spec.get("namespaceSelector") or {}
        if self.spec.get("matchConditions") or (where and namespace_labels is None):
            return False
        return selects(where, namespace_labels or {}) and selects(self.spec.get("objectSelector") or {}, labels_of(obj))


def _means(written: Iterable[Any] | None, wanted: str) -> bool:
    return any(each in ("*", wanted) for each in written or ())
