"""Derive the edges that the fields of one object name, and join objects by them. Pure: JSON in, edges out.

A field names an object whether or not it exists: a pod references the Secret that is missing.

A node keeps so little of its object that all objects in trouble of a large cluster fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube import custom_references, field_paths, ingresses
from bot.kube.addresses import services_called
from bot.kube.autoscaling import target_of
from bot.kube.config_references import named_in_environment, named_in_volume
from bot.kube.objects import (
    all_containers,
    is_builtin,
    labels_of,
    name_of,
    namespace_of,
    node_name_of,
    pod_template_of,
    spec_of,
)
from bot.kube.owners import owner_references, workload_of
from bot.kube.placement import selects
from bot.kube.services import selector_of, service_of
from bot.kube.tidb_clusters import labelled_cluster
from bot.kube.volumes import claim_names, claim_reference, class_of, driver_of, volume_name_of
from intents.kinds import CLUSTER_SCOPED
from intents.named_objects import Edge, EdgeType, ObjectKey

_CLASSES: Final = (("priorityClassName", "PriorityClass"), ("runtimeClassName", "RuntimeClass"))
_METRICS: Final = {
    "Resource": ("v1beta1.metrics.k8s.io",),
    "ContainerResource": ("v1beta1.metrics.k8s.io",),
    "Pods": ("v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"),
    "Object": ("v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"),
    "External": ("v1beta1.external.metrics.k8s.io",),
}
# Fields with the name of an object: the edge, the object's kind, and the path.
_FIELDS: Final[Mapping[str, tuple[tuple[EdgeType, str, tuple[str, ...]], ...]]] = {
    "PersistentVolume": ((EdgeType.REFERENCES, "StorageClass", ("spec", "storageClassName")),),
    "StorageClass": ((EdgeType.REFERENCES, "CSIDriver", ("provisioner",)),),
    "VolumeAttachment": (
        (EdgeType.BINDS, "PersistentVolume", ("spec", "source", "persistentVolumeName")),
        (EdgeType.BINDS, "Node", ("spec", "nodeName")),
    ),
    "Certificate": ((EdgeType.PROVIDES, "Secret", ("spec", "secretName")),),
}
_WEBHOOKS: Final = frozenset({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"})
_BINDINGS: Final = frozenset({"RoleBinding", "ClusterRoleBinding"})
_TEMPLATED: Final = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"})
# What decides about pods by their labels: traffic, evictions.
_POLICIES: Final = frozenset({"NetworkPolicy", "PodDisruptionBudget"})
_SERVES: Final = frozenset({EdgeType.PROVIDES, EdgeType.ROUTES_TO})

Named = tuple[EdgeType, ObjectKey]


def key_of(kind: str, namespace: str, name: str) -> ObjectKey:
    """Return the identity of an object; a kind outside namespaces has none, whatever the field's own object has."""
    outside = kind in CLUSTER_SCOPED or (kind.startswith("Cluster") and kind != "Cluster")
    return kind, "" if outside else namespace, name


def key_in(obj: Mapping[str, Any]) -> ObjectKey:
    """Return the identity of an object that carries its kind."""
    return str(obj.get("kind") or ""), namespace_of(obj), name_of(obj)


def edges_of(obj: Mapping[str, Any]) -> frozenset[Edge]:
    """Return the edges between an object and those that its own fields name. The object carries its kind."""
    own = key_in(obj)
    if not own[2]:
        return frozenset()
    edges = [Edge(type=EdgeType.OWNS, source=owner, target=own) for owner in _owners(obj) if owner[2]]
    edges += [Edge(type=type_, source=own, target=target) for type_, target in _named(obj, own) if target[2]]
    edges += [Edge(type=type_, source=source, target=own) for type_, source in _named_by(obj, own) if source[2]]
    return frozenset(edges)


def services_behind(obj: Mapping[str, Any]) -> tuple[ObjectKey, ...]:
    """Return the Services that an object routes to, or that serve it: of an Ingress, a webhook, an API."""
    own = key_in(obj)
    ends = {end for edge in edges_of(obj) if edge.type in _SERVES for end in (edge.source, edge.target)}
    return tuple(sorted(end for end in ends if end[0] == "Service" and end != own))


def pod_selector_of(obj: Mapping[str, Any]) -> tuple[EdgeType, Callable[[Mapping[str, str]], bool]] | None:
    """Return the edge by which an object chooses pods of its namespace, and the test of their labels; None without."""
    kind, spec = str(obj.get("kind") or ""), spec_of(obj)
    if kind == "Service":
        wanted = selector_of(obj)
        return (EdgeType.SELECTS, lambda labels: wanted.items() <= labels.items()) if wanted else None
    if kind in _POLICIES:
        selector = spec.get("podSelector" if kind == "NetworkPolicy" else "selector")
        return EdgeType.ADMITS, lambda labels: selects(selector or {}, dict(labels))
    return None


def pod_labels_of(obj: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the labels by which a pod is chosen, or the pods of a workload, by its template; None for others.

    A Deployment's ReplicaSets are left out: most are earlier revisions.
    """
    kind = str(obj.get("kind") or "")
    if kind in _TEMPLATED and not (kind == "ReplicaSet" and owner_references(obj)):
        return labels_of(pod_template_of(obj))
    return labels_of(obj) if kind == "Pod" else None


def _owners(obj: Mapping[str, Any]) -> Iterator[ObjectKey]:
    for each in owner_references(obj):
        kind, name = str(each.get("kind") or ""), str(each.get("name") or "")
        yield key_of(kind, namespace_of(obj), name)
        if not is_builtin(each):
            yield kind, "", name  # an object outside namespaces may own objects of any
    if obj.get("kind") == "Pod":
        # The Deployment or CronJob behind the owner, which need not be read for that.
        workload = workload_of(obj)
        yield workload.kind, workload.namespace, workload.name
    # The cluster's StatefulSet between them need not be read either.
    yield "TidbCluster", namespace_of(obj), labelled_cluster(obj)


def _named(obj: Mapping[str, Any], own: ObjectKey) -> Iterator[Named]:
    """Yield the targets of edges that begin at the object."""
    kind, home, spec = own[0], own[1], spec_of(obj)
    if kind == "Pod":
        yield EdgeType.RUNS_ON, ("Node", "", node_name_of(obj))
        yield from _of_pod(spec, home)
        yield from ((EdgeType.REFERENCES, ("PersistentVolumeClaim", home, name)) for name in claim_names(obj))
    elif kind in _TEMPLATED or kind == "CronJob":
        template = pod_template_of(obj)
        yield from _of_pod(spec_of(template), home)
        yield EdgeType.REFERENCES, ("Service", home, str(spec.get("serviceName") or ""))
    elif reads := _READERS.get(kind):
        yield from reads(obj, home)
    elif ingresses.service_refs(obj) or ingresses.parent_refs(obj):
        yield from ((EdgeType.ROUTES_TO, ("Service", *place)) for place in ingresses.service_refs(obj))
        yield from ((EdgeType.REFERENCES, ("Gateway", *place)) for place in ingresses.parent_refs(obj))
    for type_, target, path in _FIELDS.get(kind, ()):
        yield type_, key_of(target, home, str(field_paths.get(obj, path) or ""))
    for one in custom_references.references_of(obj):
        yield EdgeType.REFERENCES, key_of(one.kind, one.namespace, one.name)


def _named_by(obj: Mapping[str, Any], own: ObjectKey) -> Iterator[Named]:
    """Yield the sources of edges that end at the object."""
    kind, home, spec = own[0], own[1], spec_of(obj)
    for service in _services_behind(obj, kind):
        yield EdgeType.PROVIDES, ("Service", str(service.get("namespace") or ""), str(service.get("name") or ""))
    if kind == "HorizontalPodAutoscaler":
        for metric in spec.get("metrics") or ({"type": "Resource"},):
            for served in _METRICS.get(str(metric.get("type") or ""), ()):
                yield EdgeType.PROVIDES, ("APIService", "", served)
    if kind == "EndpointSlice":
        yield EdgeType.ROUTES_TO, ("Service", home, service_of(dict(obj)))
    if kind == "PersistentVolume":
        holder = claim_reference(obj)
        claim = ("PersistentVolumeClaim", str(holder.get("namespace") or ""), str(holder.get("name") or ""))
        yield EdgeType.BINDS, claim
        yield EdgeType.PROVIDES, ("CSIDriver", "", driver_of(spec))


def _services_behind(obj: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    if kind == "APIService":
        yield spec_of(obj).get("service") or {}
    elif kind in _WEBHOOKS:
        yield from ((each.get("clientConfig") or {}).get("service") or {} for each in obj.get("webhooks") or ())
    elif kind == "CustomResourceDefinition":
        hook = (spec_of(obj).get("conversion") or {}).get("webhook") or {}
        yield (hook.get("clientConfig") or {}).get("service") or {}


def _of_pod(spec: Mapping[str, Any], home: str) -> Iterator[Named]:
    """Yield what the spec of a pod, or of its template, refers to or calls, whether or not it must exist."""
    for kind, name in (*_of_containers(spec), *_of_volumes(spec)):
        yield EdgeType.REFERENCES, (kind, home, str(name or ""))
    yield EdgeType.REFERENCES, ("ServiceAccount", home, str(spec.get("serviceAccountName") or ""))
    for field, kind in _CLASSES:
        yield EdgeType.REFERENCES, (kind, "", str(spec.get(field) or ""))
    for place in services_called(spec, home):
        yield EdgeType.CALLS, ("Service", *place)


def _of_containers(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for container in all_containers(spec):
        yield "Image", container.get("image")
        yield from ((kind, name) for kind, name, _ in named_in_environment(container))
    yield from (("Secret", each.get("name")) for each in spec.get("imagePullSecrets") or ())


def _of_volumes(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for volume in spec.get("volumes") or ():
        yield from ((kind, name) for kind, name, _ in named_in_volume(volume))
        yield "PersistentVolumeClaim", (volume.get("persistentVolumeClaim") or {}).get("claimName")
        yield "Secret", ((volume.get("csi") or {}).get("nodePublishSecretRef") or {}).get("name")


def _of_claim(claim: Mapping[str, Any], home: str) -> Iterator[Named]:
    yield EdgeType.REFERENCES, ("StorageClass", "", class_of(claim) or "")
    yield EdgeType.BINDS, ("PersistentVolume", "", volume_name_of(claim))
    source = spec_of(claim).get("dataSourceRef") or spec_of(claim).get("dataSource") or {}
    yield EdgeType.REFERENCES, (str(source.get("kind") or ""), home, str(source.get("name") or ""))


def _of_ingress(ingress: Mapping[str, Any], home: str) -> Iterator[Named]:
    yield from ((EdgeType.ROUTES_TO, ("Service", home, one.service)) for one in ingresses.backends_of(ingress))
    yield from ((EdgeType.REFERENCES, ("Secret", home, one.secret)) for one in ingresses.certificates_of(ingress))
    yield EdgeType.REFERENCES, ("IngressClass", "", ingresses.class_of(ingress))


def _of_endpoints(endpoint_slice: Mapping[str, Any], home: str) -> Iterator[Named]:
    for endpoint in endpoint_slice.get("endpoints") or ():
        target = endpoint.get("targetRef") or {}
        yield EdgeType.ROUTES_TO, (str(target.get("kind") or ""), home, str(target.get("name") or ""))


def _of_scaler(scaler: Mapping[str, Any], home: str) -> Iterator[Named]:
    kind, name = target_of(scaler)
    yield EdgeType.REFERENCES, (kind, home, name)


def _of_binding(binding: Mapping[str, Any], home: str) -> Iterator[Named]:
    role = binding.get("roleRef") or {}
    yield EdgeType.REFERENCES, key_of(str(role.get("kind") or ""), home, str(role.get("name") or ""))
    for each in binding.get("subjects") or ():
        if each.get("kind") == "ServiceAccount":
            account = ("ServiceAccount", str(each.get("namespace") or home), str(each.get("name") or ""))
            yield EdgeType.PROVIDES, account


def _of_external_secret(external: Mapping[str, Any], home: str) -> Iterator[Named]:
    target = spec_of(external).get("target") or {}
    yield EdgeType.PROVIDES, ("Secret", home, str(target.get("name") or name_of(external)))


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Iterator[Named]]]] = {
    "PersistentVolumeClaim": _of_claim,
    "Ingress": _of_ingress,
    "EndpointSlice": _of_endpoints,
    "HorizontalPodAutoscaler": _of_scaler,
    "ExternalSecret": _of_external_secret,
    **dict.fromkeys(_BINDINGS, _of_binding),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """The part of an object that the graph needs: its key and its edges.

    `labels` are those of a pod, or of the pods that a workload makes; None for other kinds. `chooses` tests them.
    """

    key: ObjectKey
    named: frozenset[Edge] = frozenset()
    labels: frozenset[tuple[str, str]] | None = None
    chooses: tuple[EdgeType, Callable[[Mapping[str, str]], bool]] | None = None


def node_of(obj: Mapping[str, Any]) -> GraphNode:
    """Return the node of an object, which carries its kind."""
    labels = pod_labels_of(obj)
    return GraphNode(
        key=key_in(obj),
        named=edges_of(obj),
        labels=None if labels is None else frozenset(labels.items()),
        chooses=pod_selector_of(obj),
    )


def edges_among(nodes: Iterable[GraphNode]) -> Iterator[Edge]:
    """Yield the edges that the nodes name, and those to the pods that they choose in their namespace.

    Pods that call the Service before them, as the members of a database do, call each other: that is left out.
    """
    carriers: defaultdict[str, defaultdict[frozenset[tuple[str, str]], list[ObjectKey]]]
    carriers = defaultdict(lambda: defaultdict(list))
    choosing, calls = [], []
    for node in nodes:
        for edge in node.named:
            if edge.type is EdgeType.CALLS:
                calls.append(edge)
            else:
                yield edge
        if node.labels is not None:
            carriers[node.key[1]][node.labels].append(node.key)
        if node.chooses is not None:
            choosing.append((node.key, *node.chooses))
    behind: set[tuple[ObjectKey, ObjectKey]] = set()
    for key, type_, test in choosing:
        for labels, chosen in carriers[key[1]].items():
            if test(dict(labels)):
                behind |= {(one, key) for one in chosen}
                yield from (Edge(type=type_, source=key, target=one) for one in chosen)
    yield from (edge for edge in calls if (edge.source, edge.target) not in behind)
