"""Objects of any other kind, written as their manifests are; a custom kind brings its definition along."""

from __future__ import annotations

from typing import Final

from bot.playground.kubernetes import patching, resources, times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.wrong import WorldError

_DEFINITION: Final = "CustomResourceDefinition"
_ANYTHING: Final = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}


def make(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store an object as it is written. `obj` is its head: kind, apiVersion and metadata."""
    body = {key: value for key, value in form.items() if key not in keys.ANY_OBJECT}
    resolved = times.resolve(body, now=stage.now)
    stage.put(patching.merge(obj, resolved))


def define(kind: str, form: Json, *, namespaced: bool, stage: Stage, path: tuple[str, ...]) -> None:
    """Store the definition of a custom kind, unless the kind is known. WorldError without an apiVersion."""
    if stage.state.registry.of_kind(kind, api_version=form.get("apiVersion")):
        return
    if "apiVersion" not in form:
        stage.resource(kind, path=path)
    group, _, version = str(form["apiVersion"]).rpartition("/")
    if any(each.kind == kind for each in resources.aggregated_resources(group=group, version=version)):
        return
    if not group:
        raise WorldError(f"{'.'.join(path)}: apiVersion {version} has no kind {kind}", path=(*path, "apiVersion"))
    plural = form.get("plural") or resources.naive_plural(kind)
    resource = stage.resource(_DEFINITION)
    head = stage.head(resource, namespace="", name=f"{plural}.{group}", created=stage.now)
    if stage.get(_DEFINITION, "", head["name"]) is not None:
        return
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    stage.put({
        "kind": _DEFINITION,
        "apiVersion": resource.api_version,
        "metadata": {key: value for key, value in head.items() if key != "creationTimestamp"},
        "spec": {
            "group": group,
            "scope": "Namespaced" if namespaced else "Cluster",
            "names": names,
            "versions": [{"name": version, "served": True, "storage": True, "schema": _ANYTHING}],
        },
    })  # fmt: skip
