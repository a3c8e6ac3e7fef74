"""Map kinds to API paths; the well-known kinds need no discovery call.

A kind may be written as people and objects write it: Pod, pod, pods, po, deployments.apps, deployment.v1.apps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from bot.cluster.errors import BadRequest
from intents.domain import Permission
from intents.spelling import misspelt


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind as an API server serves it; `group` is "" for the core group."""

    group: str = ""
    version: str = "v1"
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    listable: bool = True

    @property
    def api_version(self) -> str:
        """Return the apiVersion that objects of this kind carry."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the path of one object, or of a list (of all namespaces without `namespace`).

        Raises BadRequest for a name or namespace that cannot be a path segment: names come from pasted text, and
        "../secrets" must not become another request.
        """
        parts = ["apis" if self.group else "api", *([self.group] if self.group else []), self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", _segment(namespace, what="a namespace")]
        parts.append(self.plural)
        if name:
            parts.append(_segment(name, what=f"the name of a {self.kind}"))
        if subresource:
            parts.append(subresource)
        return "/" + "/".join(parts)

    def permission(self, verb: str, *, subresource: str = "") -> Permission:
        """Return the permission for a verb on this resource."""
        resource = f"{self.plural}/{subresource}" if subresource else self.plural
        return Permission(verb=verb, group=self.group, resource=resource)

    def names(self) -> Iterator[str]:
        """Yield every lower-case word that means this kind, the plainest first."""
        plain = (self.kind.lower(), self.plural.lower(), *(short.lower() for short in self.short_names))
        yield from plain
        if self.group:
            yield from (f"{word}.{self.group}" for word in plain)
        yield from (f"{word}.{self.version}.{self.group}".rstrip(".") for word in plain)


def _segment(text: str, *, what: str) -> str:
    # The API server's own rule for path segments: no "/", no "%", not "." or "..".
    if text in (".", "..") or "/" in text or "%" in text or not text.isprintable():
        raise BadRequest(detail=f"{text!r} cannot be {what}")
    return quote(text, safe="")


def index(resources: Iterable[Resource]) -> Mapping[str, Resource]:
    """Map each lower-case word to its resource; as with kubectl, the earlier kind owns a shared word."""
    words: dict[str, Resource] = {}
    for resource in resources:
        for word in resource.names():
            words.setdefault(word, resource)
    return MappingProxyType(words)


def _table(rows: str) -> Iterator[Resource]:
    group, version, namespaced = "", "v1", True
    for line in filter(None, map(str.strip, rows.splitlines())):
        if line.startswith("["):
            place, scope = line.strip("[]").split()
            group, _, version = place.rpartition("/")
            namespaced = scope == "namespaced"
            continue
        kind, plural, *short = line.split()
        yield Resource(
            group=group, version=version, kind=kind, plural=plural, namespaced=namespaced, short_names=tuple(short)
        )


# Kinds and versions that every supported cluster serves; the order decides which kind owns a shared word.
WELL_KNOWN: Final = tuple(
    _table(
        """
        [v1 namespaced]
        Pod pods po
        Service services svc
        ConfigMap configmaps cm
        Secret secrets
        Event events ev
        Endpoints endpoints ep
        PersistentVolumeClaim persistentvolumeclaims pvc
        ServiceAccount serviceaccounts sa
        ResourceQuota resourcequotas quota
        LimitRange limitranges limits
        ReplicationController replicationcontrollers rc
        PodTemplate podtemplates
        [v1 cluster]
        Node nodes no
        Namespace namespaces ns
        PersistentVolume persistentvolumes pv
        ComponentStatus componentstatuses cs
        [apps/v1 namespaced]
        Deployment deployments deploy
        ReplicaSet replicasets rs
        StatefulSet statefulsets sts
        DaemonSet daemonsets ds
        ControllerRevision controllerrevisions
        [batch/v1 namespaced]
        Job jobs
        CronJob cronjobs cj
        [autoscaling/v2 namespaced]
        HorizontalPodAutoscaler horizontalpodautoscalers hpa
        [policy/v1 namespaced]
        PodDisruptionBudget poddisruptionbudgets pdb
        [networking.k8s.io/v1 namespaced]
        Ingress ingresses ing
        NetworkPolicy networkpolicies netpol
        [networking.k8s.io/v1 cluster]
        IngressClass ingressclasses
        [discovery.k8s.io/v1 namespaced]
        EndpointSlice endpointslices
        [coordination.k8s.io/v1 namespaced]
        Lease leases
        [storage.k8s.io/v1 cluster]
        StorageClass storageclasses sc
        VolumeAttachment volumeattachments
        CSIDriver csidrivers
        CSINode csinodes
        [storage.k8s.io/v1 namespaced]
        CSIStorageCapacity csistoragecapacities
        [scheduling.k8s.io/v1 cluster]
        PriorityClass priorityclasses pc
        [node.k8s.io/v1 cluster]
        RuntimeClass runtimeclasses
        [rbac.authorization.k8s.io/v1 namespaced]
        Role roles
        RoleBinding rolebindings
        [rbac.authorization.k8s.io/v1 cluster]
        ClusterRole clusterroles
        ClusterRoleBinding clusterrolebindings
        [admissionregistration.k8s.io/v1 cluster]
        ValidatingWebhookConfiguration validatingwebhookconfigurations
        MutatingWebhookConfiguration mutatingwebhookconfigurations
        [apiextensions.k8s.io/v1 cluster]
        CustomResourceDefinition customresourcedefinitions crd crds
        [apiregistration.k8s.io/v1 cluster]
        APIService apiservices
        [certificates.k8s.io/v1 cluster]
        CertificateSigningRequest certificatesigningrequests csr
        """
    )
)
_WORDS: Final = index(WELL_KNOWN)


def well_known(kind: str) -> Resource | None:
    """Return the built-in resource for a word without a call, or None for any other word."""
    return _WORDS.get(kind.strip().lower())


def misspelt_kind(kind: str) -> str:
    """Return the well-known kind that was meant, if one wrong letter keeps a word from being one; else "".

    Other words are left to the cluster, which may serve a kind of that name.
    """
    word = kind.strip().lower()
    if well_known(word) is not None or "." in word or len(word) < 3:
        return ""
    return misspelt(word, {each.kind.lower() for each in WELL_KNOWN}, most=1 if len(word) < 8 else 2)
