"""Any objects of any kind, with the fields an entry asks for: what needs no join needs no probe of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotFound, NotServed
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of, ref
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s
from intents.domain import ArgDeclaration, Gap, GapReason, Json, ProbeDeclaration, Reading, Row, RowType
from responses.safety import safe_value

MOST_OBJECTS: Final = 1000
# A field's text keeps so many characters.
_LONGEST: Final = 1000

DECLARATION: Final = ProbeDeclaration(
    name="objects",
    says="Objects of one kind with chosen fields as strings",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "age_s": RowType.INTEGER,
        "generation": RowType.INTEGER,
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
    },
)


class BadPath(ValueError):
    """A field path that cannot be read."""


async def read(look: Look) -> Reading:
    kind = str(look.args.get("kind") or "")
    fields = look.args.get("fields") or {}
    try:
        paths = {key: parse_path(str(path)) for key, path in fields.items()}
    except BadPath as error:
        return Reading(gaps=(Gap(what=kind, reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    try:
        return await _read(look, kind, paths)
    except NotServed as error:
        return Reading(not_applicable=f"this cluster has no {kind}: {error.detail}")
    except ClusterError as error:
        return Reading(gaps=(error.gap(),))


async def _read(look: Look, kind: str, paths: Mapping[str, tuple[Step, ...]]) -> Reading:
    resource = await look.snapshot.served(kind)
    if resource is None:
        return Reading(not_applicable=f"this cluster has no {kind}")
    asked = str(look.args.get("namespace") or look.focus.namespace)
    namespace = "" if asked == "*" or not resource.namespaced else asked
    name = str(look.args.get("name") or (look.focus.name if look.focus.kind == resource.kind else ""))
    selector = str(look.args.get("selector") or "")
    gaps: tuple[Gap, ...] = ()
    if name and (namespace or not resource.namespaced):
        try:
            found: tuple[Json, ...] = (await look.snapshot.get(resource, name, namespace=namespace),)
        except NotFound:
            place = f"{namespace}/" if namespace else ""
            return Reading(missing=f"{resource.kind} {place}{name}")
    else:
        wanted = f"metadata.name={name}" if name else ""
        listing = await look.snapshot.list(
            resource, namespace=namespace, labels=selector, fields=wanted, limit=MOST_OBJECTS
        )
        found = listing.items
        if name and not found:
            return Reading(missing=f"{resource.kind} {name}")
        if gap := listing.gap(f"all {resource.plural}"):
            gaps = (gap,)
    ordered = sorted(found, key=lambda obj: (namespace_of(obj), name_of(obj)))
    return Reading(rows=tuple(_row(look.snapshot, resource.kind, obj, paths) for obj in ordered), gaps=gaps)


def _row(snapshot: Snapshot, kind: str, obj: Json, paths: Mapping[str, tuple[Step, ...]]) -> Row:
    values = {key: value_at(obj, path) for key, path in paths.items()}
    namespace, name = namespace_of(obj), name_of(obj)
    place = f"-n {namespace} " if namespace else ""
    metadata = obj.get("metadata") or {}
    return Row(
        values={
            **values,
            "namespace": namespace,
            "name": name,
            "age_s": age_s(snapshot, metadata.get("creationTimestamp")),
            "generation": int(metadata.get("generation") or 0),
        },
        subject=ref(obj, kind),
        quote=", ".join(f"{key}: {value}" for key, value in values.items() if value),
        reproduce=f"kubectl {place}get {kind.lower()} {name} -o yaml",
    )


# A step of a path: a key, an index, every element (None), or the elements whose field equals a value.
Step = str | int | None | tuple[str, str]

_STEP: Final = re.compile(
    r"\.?(?P<key>[A-Za-z_][\w-]*)"
    r"|\[(?P<index>\d+)\]"
    r"|\[(?P<every>\*)\]"
    r"|\[\"(?P<quoted>[^\"]+)\"\]"
    r"|\[(?P<field>[\w.-]+)=(?P<value>[^\]]*)\]"
)


def parse_path(path: str) -> tuple[Step, ...]:
    """Raises BadPath naming the part that cannot be read."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise BadPath(f"{path!r} cannot be read from {path[position:]!r} on")
        position = match.end()
        if match["every"]:
            steps.append(None)
        elif match["index"]:
            steps.append(int(match["index"]))
        elif match["field"]:
            steps.append((match["field"], match["value"]))
        else:
            steps.append(match["key"] or match["quoted"])
    if not steps:
        raise BadPath("an empty path names no field")
    return tuple(steps)


def value_at(obj: Any, path: tuple[Step, ...]) -> str:
    """What stands at a path, as one string: several joined by commas, "" for nothing."""
    return ",".join(text for value in _values(obj, path) if (text := _text(value)))[:_LONGEST]


def _values(value: Any, path: tuple[Step, ...]) -> Iterator[Any]:
    if not path:
        yield value
        return
    step, *rest = path
    remaining = tuple(rest)
    if isinstance(step, str):
        if isinstance(value, Mapping) and step in value:
            # Taken alone, a value no longer shows whose it is: the whole tells whether it is a secret.
            yield from _values(_told(value, step), remaining)
        return
    if not isinstance(value, list):
        return
    if isinstance(step, int):
        chosen = value[step : step + 1]
    elif step is None:
        chosen = value
    else:
        field, wanted = step
        chosen = [item for item in value if value_at(item, parse_path(field)) == wanted]
    for item in chosen:
        yield from _values(item, remaining)


def _told(whole: Mapping[str, Any], key: str) -> Any:
    """The value of a key; of a secret that it is one."""
    if not isinstance(whole[key], str):
        return whole[key]
    entry = {each: whole[each] for each in ("name", key) if isinstance(whole.get(each), str)}
    return safe_value(entry)[key]


def _text(value: Any) -> str:
    if isinstance(value, Mapping | list):
        value = safe_value(value)
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Mapping():
            return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        case list():
            return ",".join(_text(item) for item in value)
        case _:
            return str(value)


PROBE: Final = Probe(declaration=DECLARATION, read=read)
