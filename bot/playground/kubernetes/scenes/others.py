"""Make objects of any other kind from their manifests, with the CustomResourceDefinition of a custom kind."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.playground.kubernetes import patches, resources, times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes.forms import KEYS, Form
from bot.playground.kubernetes.scenes.stage import Stage

_DEFINITION: Final = "CustomResourceDefinition"
_ANYTHING: Final = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}


def make(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store an object as it is written. `obj` is its head: kind, apiVersion and metadata."""
    body = {key: value for key, value in form.items() if key not in KEYS["any_objects"]}
    stage.put(patches.merge(obj, times.resolve(body, now=stage.now)))


def make_lease(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a lease that its holder renews. `obj` is its head: kind, apiVersion and metadata."""
    spec = {
        "holderIdentity": form.get("holder", obj["metadata"]["name"]),
        "leaseDurationSeconds": form.get("duration", 15),
        "leaseTransitions": form.get("transitions", 0),
        "acquireTime": times.micro_timestamp(form.when("acquired", obj["metadata"]["creationTimestamp"])),
        "renewTime": times.micro_timestamp(form.when("renewed", "2s")),
    }
    stage.put(form.over(obj | {"spec": spec}))


def define(kind: str, form: Form, *, namespaced: bool, stage: Stage) -> None:
    """Store the definition of a custom kind, unless the kind is known. WorldError without an apiVersion."""
    if stage.state.registry.of_kind(kind, api_version=form.get("apiVersion")):
        return
    if "apiVersion" not in form:
        stage.resource(kind, path=form.path)
    if resources.aggregated_resource(kind, str(form["apiVersion"])) is not None:
        return
    group, _, version = str(form["apiVersion"]).rpartition("/")
    if not group:
        raise form.wrong(f"{version} has no kind {kind}", "apiVersion")
    plural = form.get("plural") or resources.naive_plural(kind)
    name = f"{plural}.{group}"
    if stage.get(_DEFINITION, "", name) is None:
        head = stage.new(_DEFINITION, name=name, created=stage.now - timedelta(days=1))
        scope = "Namespaced" if namespaced else "Cluster"
        stage.put(head | {"spec": _definition(kind, group=group, plural=plural, version=version, scope=scope)})


def make_definition(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store the definition of a custom kind that its name and a few words tell. `obj` is its head."""
    plural, _, group = obj["metadata"]["name"].partition(".")
    spec: Json = {}
    if "kind" in form:
        version, scope = form.get("version", "v1"), form.get("scope", "Namespaced")
        spec = _definition(form["kind"], group=group, plural=plural, version=version, scope=scope)
    stage.put(form.over(obj | {"spec": spec}))


def _definition(kind: str, *, group: str, plural: str, version: str, scope: str) -> Json:
    return {
        "group": group,
        "scope": scope,
        "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
        "versions": [{"name": version, "served": True, "storage": True, "schema": _ANYTHING}],
    }
