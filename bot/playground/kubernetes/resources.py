"""List the kinds that the simulated API server serves: groups, names, verbs, subresources and selectable fields.

The rows follow the discovery documents of a real 1.36 API server. CustomResourceDefinitions and aggregated APIs of a
loaded world add rows at run time, so that discovery, routing and selectors have one source.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

# Kinds whose objects carry no metadata.generation.
WITHOUT_GENERATION = frozenset({
    "ConfigMap", "Secret", "ServiceAccount", "Namespace", "Node", "Event", "Endpoints", "PersistentVolumeClaim",
    "PersistentVolume", "Service", "Lease", "EndpointSlice", "APIService", "LimitRange", "ResourceQuota", "Role",
    "ClusterRole", "RoleBinding", "ClusterRoleBinding", "StorageClass", "CSINode", "ControllerRevision",
    "VolumeAttachment",
})  # fmt: skip
ALL_VERBS: tuple[str, ...] = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_CHANGE = ("get", "patch", "update")
_PROXY = ("create", "delete", "get", "patch", "update")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subresource:
    """One subresource; `kind` and `group`/`version` are those of its response, "" for those of its parent."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind as the server serves it. `fields` maps each field of a fieldSelector to the path it reads."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    custom: bool = False
    schema: Mapping[str, Any] | None = None

    @property
    def table(self) -> tuple[str, str]:
        """Return the table of its objects, which all versions of a group share."""
        return (self.group, self.plural)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def subresource(self, name: str) -> Subresource | None:
        return next((each for each in self.subresources if each.name == name), None)


# Subresources that respond with another kind than their parent, or allow other verbs than get, patch and update.
_SUBRESOURCES = {
    each.name: each
    for each in (
        Subresource(name="scale", kind="Scale", verbs=_CHANGE, group="autoscaling", version="v1"),
        Subresource(name="eviction", kind="Eviction", verbs=("create",), group="policy", version="v1"),
        Subresource(name="token", kind="TokenRequest", verbs=("create",), group="authentication.k8s.io", version="v1"),
        Subresource(name="binding", kind="Binding", verbs=("create",)),
        Subresource(name="attach", kind="PodAttachOptions", verbs=("create", "get")),
        Subresource(name="exec", kind="PodExecOptions", verbs=("create", "get")),
        Subresource(name="portforward", kind="PodPortForwardOptions", verbs=("create", "get")),
    )
}


def _subresource(*, parent: str, name: str) -> Subresource:
    if name in _SUBRESOURCES:
        return _SUBRESOURCES[name]
    if name == "proxy":
        return Subresource(name=name, kind=f"{parent}ProxyOptions", verbs=_PROXY)
    verbs = {"log": ("get",), "finalize": ("update",)}.get(name, _CHANGE)
    return Subresource(name=name, kind=parent, verbs=verbs)


_EVENT_FIELDS = {
    **{f"involvedObject.{key}": f"involvedObject.{key}" for key in
       ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")},
    "reason": "reason",
    "reportingComponent": "reportingComponent",
    "source": "source.component",
    "type": "type",
}  # fmt: skip
_NEW_EVENT_FIELDS = {
    **{key.replace("involvedObject", "regarding"): path for key, path in _EVENT_FIELDS.items()
       if key.startswith("involvedObject")},
    "reason": "reason",
    "reportingController": "reportingComponent",
    "type": "type",
}  # fmt: skip
_POD_FIELDS = {key: key for key in (
    "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
    "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
)}  # fmt: skip

# plural, kind, short names, subresources, "c" for cluster-scoped and "a" for the category "all"
_BUILT_IN: dict[tuple[str, str], tuple[tuple[str, str, str, str, str], ...]] = {
    ("", "v1"): (
        ("bindings", "Binding", "", "", ""),
        ("componentstatuses", "ComponentStatus", "cs", "", "c"),
        ("configmaps", "ConfigMap", "cm", "", ""),
        ("endpoints", "Endpoints", "ep", "", ""),
        ("events", "Event", "ev", "", ""),
        ("limitranges", "LimitRange", "limits", "", ""),
        ("namespaces", "Namespace", "ns", "finalize status", "c"),
        ("nodes", "Node", "no", "proxy status", "c"),
        ("persistentvolumeclaims", "PersistentVolumeClaim", "pvc", "status", ""),
        ("persistentvolumes", "PersistentVolume", "pv", "status", "c"),
        ("pods", "Pod", "po",
         "attach binding ephemeralcontainers eviction exec log portforward proxy resize status", "a"),
        ("podtemplates", "PodTemplate", "", "", ""),
        ("replicationcontrollers", "ReplicationController", "rc", "scale status", "a"),
        ("resourcequotas", "ResourceQuota", "quota", "status", ""),
        ("secrets", "Secret", "", "", ""),
        ("serviceaccounts", "ServiceAccount", "sa", "token", ""),
        ("services", "Service", "svc", "proxy status", "a"),
    ),
    ("apiregistration.k8s.io", "v1"): (("apiservices", "APIService", "", "status", "c"),),
    ("apps", "v1"): (
        ("controllerrevisions", "ControllerRevision", "", "", ""),
        ("daemonsets", "DaemonSet", "ds", "status", "a"),
        ("deployments", "Deployment", "deploy", "scale status", "a"),
        ("replicasets", "ReplicaSet", "rs", "scale status", "a"),
        ("statefulsets", "StatefulSet", "sts", "scale status", "a"),
    ),
    ("events.k8s.io", "v1"): (("events", "Event", "ev", "", ""),),
    ("authentication.k8s.io", "v1"): (
        ("selfsubjectreviews", "SelfSubjectReview", "", "", "c"),
        ("tokenreviews", "TokenReview", "", "", "c"),
    ),
    ("authorization.k8s.io", "v1"): (
        ("localsubjectaccessreviews", "LocalSubjectAccessReview", "", "", ""),
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview", "", "", "c"),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview", "", "", "c"),
        ("subjectaccessreviews", "SubjectAccessReview", "", "", "c"),
    ),
    ("autoscaling", "v2"): (("horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa", "status", "a"),),
    ("autoscaling", "v1"): (("horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa", "status", "a"),),
    ("batch", "v1"): (("cronjobs", "CronJob", "cj", "status", "a"), ("jobs", "Job", "", "status", "a")),
    ("certificates.k8s.io", "v1"): (
        ("certificatesigningrequests", "CertificateSigningRequest", "csr", "approval status", "c"),
    ),
    ("networking.k8s.io", "v1"): (
        ("ingressclasses", "IngressClass", "", "", "c"),
        ("ingresses", "Ingress", "ing", "status", ""),
        ("ipaddresses", "IPAddress", "ip", "", "c"),
        ("networkpolicies", "NetworkPolicy", "netpol", "", ""),
        ("servicecidrs", "ServiceCIDR", "", "status", "c"),
    ),
    ("policy", "v1"): (("poddisruptionbudgets", "PodDisruptionBudget", "pdb", "status", ""),),
    ("rbac.authorization.k8s.io", "v1"): (
        ("clusterrolebindings", "ClusterRoleBinding", "", "", "c"),
        ("clusterroles", "ClusterRole", "", "", "c"),
        ("rolebindings", "RoleBinding", "", "", ""),
        ("roles", "Role", "", "", ""),
    ),
    ("storage.k8s.io", "v1"): (
        ("csidrivers", "CSIDriver", "", "", "c"),
        ("csinodes", "CSINode", "", "", "c"),
        ("csistoragecapacities", "CSIStorageCapacity", "", "", ""),
        ("storageclasses", "StorageClass", "sc", "", "c"),
        ("volumeattachments", "VolumeAttachment", "", "status", "c"),
        ("volumeattributesclasses", "VolumeAttributesClass", "vac", "", "c"),
    ),
    ("admissionregistration.k8s.io", "v1"): (
        ("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", "", "", "c"),
        ("validatingadmissionpolicies", "ValidatingAdmissionPolicy", "", "status", "c"),
        ("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", "", "", "c"),
        ("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", "", "", "c"),
    ),
    ("apiextensions.k8s.io", "v1"): (
        ("customresourcedefinitions", "CustomResourceDefinition", "crd crds", "status", "c"),
    ),
    ("scheduling.k8s.io", "v1"): (("priorityclasses", "PriorityClass", "pc", "", "c"),),
    ("coordination.k8s.io", "v1"): (("leases", "Lease", "", "", ""),),
    ("node.k8s.io", "v1"): (("runtimeclasses", "RuntimeClass", "", "", "c"),),
    ("discovery.k8s.io", "v1"): (("endpointslices", "EndpointSlice", "", "", ""),),
    ("resource.k8s.io", "v1"): (
        ("deviceclasses", "DeviceClass", "", "", "c"),
        ("resourceclaims", "ResourceClaim", "", "status", ""),
        ("resourceclaimtemplates", "ResourceClaimTemplate", "", "", ""),
        ("resourceslices", "ResourceSlice", "", "", "c"),
    ),
    ("flowcontrol.apiserver.k8s.io", "v1"): (
        ("flowschemas", "FlowSchema", "", "status", "c"),
        ("prioritylevelconfigurations", "PriorityLevelConfiguration", "", "status", "c"),
    ),
}  # fmt: skip

_FIELDS: dict[tuple[str, str], Mapping[str, str]] = {
    ("", "events"): _EVENT_FIELDS,
    ("events.k8s.io", "events"): _NEW_EVENT_FIELDS,
    ("", "pods"): _POD_FIELDS,
    ("", "nodes"): {"spec.unschedulable": "spec.unschedulable"},
    ("", "namespaces"): {"status.phase": "status.phase"},
    ("", "secrets"): {"type": "type"},
    ("", "services"): {"spec.clusterIP": "spec.clusterIP", "spec.type": "spec.type"},
    ("", "replicationcontrollers"): {"status.replicas": "status.replicas"},
    ("apps", "replicasets"): {"status.replicas": "status.replicas"},
    ("batch", "jobs"): {"status.successful": "status.succeeded"},
}
_VERBS: dict[str, tuple[str, ...]] = {
    "bindings": ("create",),
    "componentstatuses": ("get", "list"),
    "namespaces": tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
}
# Versions that metrics servers of real clusters serve; their plurals cannot be derived from their kinds.
_AGGREGATED: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "metrics.k8s.io": (("nodes", "NodeMetrics", False), ("pods", "PodMetrics", True)),
}


def _built_in() -> Iterator[Resource]:
    for (group, version), rows in _BUILT_IN.items():
        for plural, kind, short_names, subresources, flags in rows:
            verbs = ("create",) if plural.endswith("reviews") else _VERBS.get(plural, ALL_VERBS)
            yield Resource(
                group=group,
                version=version,
                plural=plural,
                kind=kind,
                namespaced="c" not in flags,
                singular=kind.lower(),
                short_names=tuple(short_names.split()),
                categories=("all",) if "a" in flags else (),
                verbs=verbs,
                subresources=tuple(_subresource(parent=kind, name=name) for name in subresources.split()),
                fields=_FIELDS.get((group, plural), {}),
            )


class Registry:
    """The kinds served now: the built-in ones, and those that loaded worlds add."""

    def __init__(self) -> None:
        self._resources: dict[tuple[str, str, str], Resource] = {}
        self._versions: dict[str, list[str]] = {}
        for resource in _built_in():
            self.add(resource)

    def add(self, resource: Resource) -> None:
        self._resources[resource.group, resource.version, resource.plural] = resource
        versions = self._versions.setdefault(resource.group, [])
        if resource.version not in versions:
            versions.append(resource.version)

    def add_group_version(self, *, group: str, version: str) -> None:
        """Serve a group version without known resources (an aggregated API)."""
        versions = self._versions.setdefault(group, [])
        if version not in versions:
            versions.append(version)
        for resource in aggregated_resources(group=group, version=version):
            if (group, version, resource.plural) not in self._resources:
                self.add(resource)

    def remove_group_version(self, *, group: str, version: str, plural: str | None = None) -> None:
        """Stop serving a group version, or one of its plurals; the version ends with its last resource."""
        for key in [key for key in self._resources if key[:2] == (group, version) and plural in (None, key[2])]:
            del self._resources[key]
        if not self.of_group_version(group=group, version=version):
            self._versions[group] = [each for each in self._versions.get(group, ()) if each != version]
            if not self._versions[group]:
                del self._versions[group]

    def find(self, *, group: str, version: str, plural: str) -> Resource | None:
        return self._resources.get((group, version, plural))

    def has_group_version(self, *, group: str, version: str) -> bool:
        return version in self._versions.get(group, ())

    def groups(self) -> list[str]:
        """Return the named groups in the order of discovery."""
        return [group for group in self._versions if group]

    def versions(self, group: str) -> list[str]:
        """Return the versions of a group, preferred first; empty for an unknown group."""
        return list(self._versions.get(group, ()))

    def of_group_version(self, *, group: str, version: str) -> list[Resource]:
        found = (each for each in self._resources.values() if (each.group, each.version) == (group, version))
        return sorted(found, key=lambda each: each.plural)

    def of_kind(self, kind: str, *, api_version: str | None = None) -> list[Resource]:
        """Return the resources of a kind, built-in and preferred versions first, without views over another table."""
        return [
            each
            for each in self._resources.values()
            if each.kind == kind
            and each.group != "events.k8s.io"
            and (api_version is None or each.api_version == api_version)
        ]

    def of_table(self, table: tuple[str, str]) -> Resource:
        """Return the preferred version of a stored table; KeyError for an unknown table."""
        for version in self._versions[table[0]]:
            if (found := self._resources.get((table[0], version, table[1]))) is not None:
                return found
        raise KeyError(table)

    def closest_kinds(self, kind: str) -> list[str]:
        known = {each.kind for each in self._resources.values()}
        return difflib.get_close_matches(kind, sorted(known), n=3, cutoff=0.6)


def aggregated_resources(*, group: str, version: str) -> list[Resource]:
    """Return the resources that the usual server of an aggregated API serves; empty for other APIs."""
    return [
        Resource(group=group, version=version, plural=plural, kind=kind, namespaced=namespaced, verbs=("get", "list"))
        for plural, kind, namespaced in _AGGREGATED.get(group, ())
    ]


def naive_plural(kind: str) -> str:
    """Return the plural that kubebuilder derives from a kind."""
    lower = kind.lower()
    if lower.endswith(("s", "x", "z", "ch", "sh")):
        return lower + "es"
    if lower.endswith("y") and lower[-2:-1] not in "aeiou":
        return lower[:-1] + "ies"
    return lower + "s"


def from_custom_resource_definition(definition: Json) -> Iterable[Resource]:
    """Return the resources that a CustomResourceDefinition adds, the storage version first.

    Raises KeyError, TypeError or AttributeError if it is malformed.
    """
    spec = definition["spec"]
    names = spec["names"]
    served = [version for version in spec["versions"] if version.get("served", True)]
    for version in sorted(served, key=lambda each: not each.get("storage", False)):
        subresources = tuple(
            _subresource(parent=names["kind"], name=name) for name in sorted(version.get("subresources") or {})
        )
        yield Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec.get("scope", "Namespaced") == "Namespaced",
            singular=names.get("singular", names["kind"].lower()),
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=subresources,
            fields={
                each["jsonPath"].lstrip("."): each["jsonPath"].lstrip(".")
                for each in version.get("selectableFields") or ()
            },
            custom=True,
            schema=(version.get("schema") or {}).get("openAPIV3Schema"),
        )
