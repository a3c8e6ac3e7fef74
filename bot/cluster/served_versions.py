"""Which API version serves a kind now, and with which release Kubernetes removed the one that a text names. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.cluster.resources import Resource
from bot.kube.objects import is_builtin
from intents.spelling import closest

# The deprecated API migration guide: "" stands for every other kind of the group and version.
_REMOVED: Final = {
    ("extensions/v1beta1", "Ingress"): "1.22",
    ("extensions/v1beta1", ""): "1.16",
    ("apps/v1beta1", ""): "1.16",
    ("apps/v1beta2", ""): "1.16",
    ("admissionregistration.k8s.io/v1beta1", ""): "1.22",
    ("apiextensions.k8s.io/v1beta1", ""): "1.22",
    ("apiregistration.k8s.io/v1beta1", ""): "1.22",
    ("authentication.k8s.io/v1beta1", ""): "1.22",
    ("authorization.k8s.io/v1beta1", ""): "1.22",
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest"): "1.22",
    ("coordination.k8s.io/v1beta1", "Lease"): "1.22",
    ("networking.k8s.io/v1beta1", "Ingress"): "1.22",
    ("networking.k8s.io/v1beta1", "IngressClass"): "1.22",
    ("rbac.authorization.k8s.io/v1beta1", ""): "1.22",
    ("scheduling.k8s.io/v1beta1", ""): "1.22",
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity"): "1.27",
    ("storage.k8s.io/v1beta1", ""): "1.22",
    ("batch/v1beta1", ""): "1.25",
    ("discovery.k8s.io/v1beta1", ""): "1.25",
    ("events.k8s.io/v1beta1", ""): "1.25",
    ("autoscaling/v2beta1", ""): "1.25",
    ("autoscaling/v2beta2", ""): "1.26",
    ("policy/v1beta1", ""): "1.25",
    ("node.k8s.io/v1beta1", ""): "1.25",
    ("flowcontrol.apiserver.k8s.io/v1beta1", ""): "1.26",
    ("flowcontrol.apiserver.k8s.io/v1beta2", ""): "1.29",
    ("flowcontrol.apiserver.k8s.io/v1beta3", ""): "1.32",
}
# What installs the definitions of these groups.
_PRODUCTS: Final = {
    "monitoring.coreos.com": "prometheus-operator",
    "cert-manager.io": "cert-manager",
    "acme.cert-manager.io": "cert-manager",
    "gateway.networking.k8s.io": "Gateway API",
    "snapshot.storage.k8s.io": "external-snapshotter",
    "networking.istio.io": "Istio",
    "security.istio.io": "Istio",
    "argoproj.io": "Argo",
    "external-secrets.io": "External Secrets Operator",
    "kafka.strimzi.io": "Strimzi",
    "keda.sh": "KEDA",
    "karpenter.sh": "Karpenter",
    "kyverno.io": "Kyverno",
    "metallb.io": "MetalLB",
    "operator.victoriametrics.com": "VictoriaMetrics operator",
    "pingcap.com": "TiDB Operator",
    "projectcontour.io": "Contour",
    "traefik.io": "Traefik",
    "velero.io": "Velero",
}
_ALIKE: Final = 70.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The kind that a text asks for; `group` is None and `version` "" where the text does not say them.

    `word` is a kind or a resource: CronJob, cronjobs.
    """

    word: str
    group: str | None = None
    version: str = ""

    @property
    def api(self) -> str:
        """Return the apiVersion that the text names, its group alone, or ""."""
        return f"{self.group}/{self.version}" if self.group and self.version else self.group or self.version

    @property
    def is_builtin(self) -> bool:
        """Tell whether it is asked for in a group of Kubernetes itself."""
        return self.group is not None and is_builtin({"apiVersion": f"{self.group}/v1" if self.group else "v1"})

    @property
    def removed_with(self) -> str:
        """Return the Kubernetes release that removed it, "" if none did."""
        return _REMOVED.get((self.api, self.word)) or _REMOVED.get((self.api, ""), "")

    @property
    def product(self) -> str:
        """Return what installs its definition, "" where that is not known."""
        return _PRODUCTS.get(self.group or "", "")


def serves(resource: Resource, wanted: Wanted) -> bool:
    """Tell whether a resource is what a text asks for, in the group and version that it says."""
    same = wanted.word.lower() in resource.names() and wanted.group in (None, resource.group)
    return same and wanted.version in ("", resource.version)


def versions_now(resources: Iterable[Resource], wanted: Wanted) -> tuple[Resource, ...]:
    """Return what serves the kind in another version: of its own group, else of a group that Kubernetes moved it to."""
    known = [each for each in resources if wanted.word.lower() in each.names()]
    if own := tuple(each for each in known if wanted.group in (None, each.group)):
        return own
    return tuple(each for each in known if wanted.is_builtin and is_builtin({"apiVersion": each.api_version}))


def elsewhere(resources: Iterable[Resource], wanted: Wanted) -> tuple[Resource, ...]:
    """Return the same kind in other groups, which may be another product's."""
    return tuple(
        each for each in resources if wanted.word.lower() in each.names() and wanted.group not in (None, each.group)
    )


def closest_kind(resources: Iterable[Resource], wanted: Wanted) -> str:
    """Return the kind of the same group that is spelt almost alike, "" if there is none."""
    kinds = {each.kind for each in resources if wanted.group in (None, each.group)}
    return closest(wanted.word, kinds, at_least=_ALIKE)
