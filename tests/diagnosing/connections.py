"""Tell which objects of a cluster are connected, from their fields alone: the tests' own notion, not the product's."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Name = tuple[str, str, str]  # kind, namespace, name

MOST_STEPS: Final = 6
# Many objects refer to them, and have nothing in common for that: a path may end there and not go on.
HUBS: Final = frozenset({
    "Namespace", "Node", "ServiceAccount", "StorageClass", "PriorityClass", "RuntimeClass", "IngressClass",
    "ClusterIssuer", "Issuer", "CustomResourceDefinition",
})  # fmt: skip
# The field of a name, and the kind of the object that it names.
FIELDS: Final = {
    "secretName": "Secret",
    "claimName": "PersistentVolumeClaim",
    "volumeName": "PersistentVolume",
    "persistentVolumeName": "PersistentVolume",
    "storageClassName": "StorageClass",
    "nodeName": "Node",
    "serviceAccountName": "ServiceAccount",
    "serviceName": "Service",
    "priorityClassName": "PriorityClass",
    "runtimeClassName": "RuntimeClass",
    "ingressClassName": "IngressClass",
}
# The field of a mapping that has a name, and the kind of the object that it names.
MAPPINGS: Final = {
    "secretKeyRef": "Secret",
    "secretRef": "Secret",
    "secret": "Secret",
    "imagePullSecrets": "Secret",
    "configMapKeyRef": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMap": "ConfigMap",
    "service": "Service",
}
CLUSTER_SCOPED: Final = frozenset({"Node", "PersistentVolume", "StorageClass", "PriorityClass", "RuntimeClass",
                                   "IngressClass", "Namespace", "ClusterIssuer", "CSIDriver"})  # fmt: skip
TOKEN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?!:\S)")


def name_of(obj: Mapping[str, Any]) -> Name:
    metadata = obj["metadata"]
    return obj["kind"], metadata.get("namespace", ""), metadata["name"]


class Connections:
    """The objects of a cluster and the edges between them."""

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        everything = list(objects)
        self.objects = {name_of(obj): obj for obj in everything if obj["kind"] != "Event"}
        self._edges: dict[Name, set[Name]] = defaultdict(set)
        self._names: dict[str, set[Name]] = defaultdict(set)
        for name in self.objects:
            if name[0] != "CustomResourceDefinition":
                self._names[name[2]].add(name)
        for name, obj in self.objects.items():
            for webhook in obj.get("webhooks") or ():
                self._names[webhook["name"]].add(name)
            for other in self._references(obj, name[1]):
                self._link(name, other)
            self._select(name, obj)
            self._mention(name, "\n".join(messages_of(obj.get("status"))))
        for event in everything:
            if event["kind"] == "Event":
                about = event["involvedObject"]
                self._mention((about["kind"], about.get("namespace", ""), about["name"]), event.get("message") or "")
        self._nodes = {name for name in self.objects if name[0] == "Node"}

    def connected(self, start: Name) -> set[Name]:
        """Return the objects that a path of edges leads to, without going on through a hub."""
        found, border = {start}, {start}
        for _ in range(MOST_STEPS):
            border = {
                other
                for name in border
                if name == start or name[0] not in HUBS
                for other in self._edges[name] - found
                if name[0] != "Node" or other[0] in ("Pod", "Lease")
            }
            found |= border
        if any(self._is_unscheduled(name) for name in found):
            found |= self._nodes
        return found | {("Namespace", "", name[1]) for name in found if name[1]}

    def serving(self, nodes: set[Name]) -> set[Name]:
        """Return the pods of DaemonSets that serve whatever runs on some of the objects, their nodes."""
        return {
            name
            for name, obj in self.objects.items()
            if name[0] == "Pod" and ("Node", "", obj["spec"].get("nodeName")) in nodes
            if any(owner[0] == "DaemonSet" for owner in self._owners(name))
        }

    def family(self, start: Name) -> set[Name]:
        """Return the object with its owners and what it owns, as far as ownership goes."""
        found, border = {start}, [start]
        while border:
            name = border.pop()
            for other in self._owners(name) | {each for each in self._edges[name] if name in self._owners(each)}:
                if other not in found and other[0] not in HUBS:
                    found.add(other)
                    border.append(other)
        return found

    def named(self, text: str) -> Iterator[set[Name]]:
        """Yield, for each name that a text has, the objects that it may be: those of a namespace written before it."""
        for match in TOKEN.finditer(text):
            objects = {name for name in self._names.get(match.group(), ()) if name[1] != "kube-system"}
            before = text[: match.start()]
            written = {name for name in objects if name[1] and before.endswith(f"{name[1]}/")}
            told = {name for name in objects if re.search(rf"\b{name[0]}[ /]$", before, re.IGNORECASE)}
            if written or told:
                yield written or told
            elif objects and re.search(r"[-0-9]", match.group()) and not self._is_common(match.group()):
                yield objects

    def _is_common(self, word: str) -> bool:
        """Tell whether a word is a namespace or a container as well."""
        return ("Namespace", "", word) in self.objects

    def _is_unscheduled(self, name: Name) -> bool:
        return name[0] == "Pod" and name in self.objects and not self.objects[name]["spec"].get("nodeName")

    def _owners(self, name: Name) -> set[Name]:
        obj = self.objects.get(name)
        owners = (obj or {}).get("metadata", {}).get("ownerReferences") or ()
        return {_name(owner["kind"], name[1], owner["name"]) for owner in owners}

    def _link(self, one: Name, other: Name) -> None:
        if one != other:
            self._edges[one].add(other)
            self._edges[other].add(one)

    def _references(self, value: Any, namespace: str) -> Iterator[Name]:
        """Yield the objects that fields name, wherever they stand."""
        if isinstance(value, list | tuple):
            for each in value:
                yield from self._references(each, namespace)
        if not isinstance(value, Mapping):
            return
        if isinstance(value.get("kind"), str) and isinstance(value.get("name"), str):
            yield _name(value["kind"], value.get("namespace") or namespace, value["name"])
        for key, each in value.items():
            if key in FIELDS and isinstance(each, str) and each:
                yield _name(FIELDS[key], namespace, each)
            if key in MAPPINGS:
                for one in each if isinstance(each, list) else [each]:
                    if isinstance(one, Mapping) and isinstance(one.get("name"), str):
                        yield _name(MAPPINGS[key], one.get("namespace") or namespace, one["name"])
            if key not in ("managedFields", "labels", "annotations"):
                yield from self._references(each, namespace)

    def _select(self, name: Name, obj: Mapping[str, Any]) -> None:
        """Link a selector with the pods and the pod templates of its namespace."""
        kind, namespace, _ = name
        selector = (obj.get("spec") or {}).get("selector") or (obj.get("spec") or {}).get("podSelector")
        if not isinstance(selector, Mapping) or kind in ("PersistentVolumeClaim", "Job"):
            return
        wanted = selector.get("matchLabels") or ({} if "matchExpressions" in selector else selector)
        if not wanted:
            return
        for other, each in self.objects.items():
            spec = each.get("spec") or {}
            labelled = each["metadata"] if other[0] == "Pod" else (spec.get("template") or {}).get("metadata") or {}
            if other[1] == namespace and wanted.items() <= (labelled.get("labels") or {}).items():
                self._link(name, other)

    def _mention(self, name: Name, message: str) -> None:
        """Link an object with those that the cluster itself names in a message about it."""
        for match in TOKEN.finditer(message):
            for other in self._names.get(match.group(), ()):
                if len(other[2]) >= 5 and other[1] in ("", name[1]) and other[0] != "Namespace":
                    self._link(name, other)


def _name(kind: str, namespace: str, name: str) -> Name:
    return kind, "" if kind in CLUSTER_SCOPED else namespace, name


def messages_of(value: Any) -> list[str]:
    """Return the messages in an object, wherever they stand."""
    if isinstance(value, Mapping):
        own = [value["message"]] if isinstance(value.get("message"), str) else []
        return own + [text for each in value.values() for text in messages_of(each)]
    return [text for each in value for text in messages_of(each)] if isinstance(value, list | tuple) else []
