"""Objects of any kind with the fields an entry asks for, or with matches of a pattern in their texts.

An entry that needs no join needs no probe of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError, NotFound, NotServed
from bot.cluster.resources import Resource
from bot.kube.objects import name_of, namespace_of, place_of, ref
from bot.probes.contract import Look, Probe
from bot.probes.objects import texts
from bot.probes.objects.paths import BadPath, Step, parse_path, value_at
from intents.domain import ArgDeclaration, Gap, GapReason, Json, ProbeDeclaration, ProbeResult, Row, RowType

MOST_OBJECTS: Final = 1000

DECLARATION: Final = ProbeDeclaration(
    name="objects",
    says="a row per object of one kind with chosen fields as strings; or per match of a pattern in the texts of one",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
    },
    args={
        "kind": ArgDeclaration(
            says="a kind as kubectl takes it; write kind.group for a custom resource", required=True
        ),
        "namespace": ArgDeclaration(says='default: the namespace in question; "*" for all'),
        "name": ArgDeclaration(says="only this object (default: the one in question, if it is of this kind)"),
        "selector": ArgDeclaration(says="a label selector"),
        "fields": ArgDeclaration(
            says="row key → path: spec.replicas, status.conditions[type=Ready].status, spec.rules[0].host,"
            ' metadata.labels["app.kubernetes.io/name"], spec.containers[*].name (joined by commas)',
            adds_keys="mapping",
        ),
        "capture": ArgDeclaration(
            says="RE2 pattern to look for in the texts in `data` of the object named, as of a ConfigMap; one row"
            " without a match; (?s) lets it go over lines",
            adds_keys="regex",
        ),
        "key": ArgDeclaration(says="with `capture`: only this key of `data`"),
    },
)


async def read(look: Look) -> ProbeResult:
    """Read the objects; not applicable where the cluster has no such kind."""
    if look.args.get("capture"):
        return await texts.read(look)
    kind = str(look.args.get("kind") or "")
    fields = look.args.get("fields") or {}
    try:
        paths = {key: parse_path(str(path)) for key, path in fields.items()}
    except BadPath as error:
        return ProbeResult(gaps=(Gap(what=kind, reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    try:
        resource = await look.snapshot.served(kind)
        if resource is None:
            return ProbeResult(not_applicable=f"this cluster has no {kind}")
        return await _read(look, resource, paths)
    except NotServed as error:
        return ProbeResult(not_applicable=f"this cluster has no {kind}: {error.detail}")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(),))


async def _read(look: Look, resource: Resource, paths: Mapping[str, tuple[Step, ...]]) -> ProbeResult:
    """Return the rows of the objects asked for. Raises ClusterError."""
    wanted = str(look.args.get("namespace") or look.focus.namespace)
    namespace = "" if wanted == "*" or not resource.namespaced else wanted
    name = str(look.args.get("name") or (look.focus.name if look.focus.kind == resource.kind else ""))
    if name and (namespace or not resource.namespaced):
        found, gap = await _one(look, resource, name, namespace), None
    else:
        found, gap = await _several(look, resource, name, namespace)
    if name and not found:
        return ProbeResult(missing=f"{resource.kind} {namespace}/{name}".replace(" /", " "))
    ordered = sorted(found, key=place_of)
    rows = tuple(_row(resource.kind, obj, paths) for obj in ordered)
    return ProbeResult(rows=rows, gaps=(gap,) if gap else ())


async def _one(look: Look, resource: Resource, name: str, namespace: str) -> tuple[Json, ...]:
    try:
        return (await look.snapshot.get(resource, name, namespace=namespace),)
    except NotFound:
        return ()


async def _several(look: Look, resource: Resource, name: str, namespace: str) -> tuple[tuple[Json, ...], Gap | None]:
    listing = await look.snapshot.list(
        resource,
        namespace=namespace,
        labels=str(look.args.get("selector") or ""),
        fields=f"metadata.name={name}" if name else "",
        limit=MOST_OBJECTS,
    )
    return listing.items, listing.gap(f"all {resource.plural}")


def _row(kind: str, obj: Json, paths: Mapping[str, tuple[Step, ...]]) -> Row:
    values = {key: value_at(obj, path) for key, path in paths.items()}
    namespace, name = namespace_of(obj), name_of(obj)
    place = f"-n {namespace} " if namespace else ""
    return Row(
        values={
            **values,
            "namespace": namespace,
            "name": name,
        },
        subject=ref(obj, kind),
        quote=", ".join(f"{key}: {value}" for key, value in values.items() if value),
        reproduce=f"kubectl {place}get {kind.lower()} {name} -o yaml",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
