"""Objects of any kind with what an entry takes of them: fields, computed keys, or matches of a pattern in their texts.

An entry that needs no join needs no probe of its own. Programs keep their status and configuration in ConfigMaps, as
text that no field path reaches, but a pattern does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from bot.kube.objects import place_of, ref
from bot.probes.contract import Look, Missing, Probe, at_most
from bot.probes.objects.values import BadPath, Computed, functions, parse_path, value_at
from bot.probes.rows import RowValues
from bot.probes.shared.log_lines import BadPattern, compile_pattern, excerpt
from intents.conditions import ConditionError
from intents.domain import ArgDeclaration, Gap, GapReason, Json, ObjectRef, ProbeDeclaration, ProbeResult, Row, Value
from responses.secrets import redact

MOST_OBJECTS: Final = 1000
MOST_ROWS: Final = 1000
MOST_MATCHES: Final = 100
# A ConfigMap holds at most 1 MiB; of a longer text only the beginning is searched.
_SEARCHED: Final = 1 << 20
_FUNCTIONS: Final = frozenset(functions(datetime.min.replace(tzinfo=UTC)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRow(RowValues):
    """An object; the arguments of the entry add the keys."""

    namespace: str
    name: str


DECLARATION: Final = ProbeDeclaration(
    name="objects",
    says="a row per object of one kind, or per part of it, with chosen fields as strings or with computed keys;"
    " or per match of a pattern in the texts of one",
    rows=ObjectRow.keys(),
    args={
        "kind": ArgDeclaration(
            says="a kind as kubectl takes it; write kind.group for a custom resource", required=True
        ),
        "namespace": ArgDeclaration(says='default: the namespace in question; "*" for all'),
        "name": ArgDeclaration(says="only this object (default: the one in question, if it is of this kind)"),
        "asked": ArgDeclaration(says="true: only the object in question; no rows where that is of another kind"),
        "selector": ArgDeclaration(says="a label selector"),
        "fields": ArgDeclaration(
            says="row key → path: spec.replicas, status.conditions[type=Ready].status, spec.rules[0].host,"
            ' metadata.labels["app.kubernetes.io/name"], spec.containers[*].name (joined by commas)',
            adds_keys="mapping",
        ),
        "each": ArgDeclaration(
            says="CEL over `object` that gives a list or a map: a row per element, `it`, with its index or `key`",
            variables={"object": ""},
            functions=_FUNCTIONS,
        ),
        "let": ArgDeclaration(
            says="row key → CEL over `object`, the keys above it, and with `each` over `it` and `key`; a string, or"
            " {integer: …}, {number: …}, {boolean: …}, {strings: …}. A field that is not there is unknown: an empty"
            " text or list, -1, false",
            adds_keys="mapping",
            variables={"object": "", "it": "each", "key": "each"},
            functions=_FUNCTIONS,
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
    """Read the objects with their fields, or one object and the matches in its texts."""
    kind = str(look.args.get("kind") or "")
    try:
        rows = await (_matches(look, kind) if look.args.get("capture") else _objects(look, kind))
    except (BadPath, BadPattern, ConditionError) as error:
        return ProbeResult(gaps=(Gap(what=kind, reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    return ProbeResult(rows=tuple(rows))


async def _objects(look: Look, kind: str) -> list[Row]:
    """Return the rows of the objects asked for. Raise BadPath, ConditionError, Missing and ClusterError."""
    paths = {key: parse_path(str(path)) for key, path in (look.args.get("fields") or {}).items()}
    computed = Computed.of(look.args, look.now)
    resource = await look.snapshot.resource(kind)
    if look.flag("asked") and not (look.focus.kind == resource.kind and look.focus.name):
        return []
    wanted = str(look.args.get("namespace") or look.focus.namespace)
    namespace = "" if wanted == "*" or not resource.namespaced else wanted
    name = str(look.args.get("name") or (look.focus.name if look.focus.kind == resource.kind else ""))
    if name and (namespace or not resource.namespaced):
        one = await look.snapshot.find(resource, name, namespace=namespace)
        found: tuple[Json, ...] = (one,) if one else ()
    else:
        labels, named = str(look.args.get("selector") or ""), f"metadata.name={name}" if name else ""
        objects = look.snapshot.list(resource, namespace=namespace, labels=labels, fields=named, limit=MOST_OBJECTS)
        found = (await objects).items
    if name and not found:
        raise Missing(f"{resource.kind} {namespace}/{name}".replace(" /", " "))
    rows = []
    for each in sorted(found, key=place_of):
        fields = {key: value_at(each, path) for key, path in paths.items()}
        for values in ({**fields, **more} for more in computed.rows(each)):
            quote = ", ".join(f"{key}: {value}" for key, value in values.items() if value not in ("", ()))
            rows.append(_row(ref(each, resource.kind), quote, values))
    return list(at_most(MOST_ROWS, rows, what=f"all of {kind}", says="rows were kept"))


async def _matches(look: Look, kind: str) -> list[Row]:
    """Return a row per match in the texts of an object. Raise BadPattern, Missing and ClusterError."""
    namespace = str(look.args.get("namespace") or look.focus.namespace)
    name, key = str(look.args.get("name") or ""), look.args.get("key")
    pattern = compile_pattern(look.args.get("capture"))
    found = await look.snapshot.find(kind, name, namespace=namespace)
    if found is None:
        raise Missing(str(ObjectRef(kind=kind, namespace=namespace, name=name)))
    texts = (found.get("data") or {}).items()
    rows = [
        _row(ref(found, kind), excerpt(match.group(0), 0), {each: match[each] or "" for each in pattern.groupindex})
        for text_key, text in sorted(texts)
        if isinstance(text, str) and key in (None, "", text_key)
        # A piece alone does not show that it is a secret: the whole text is redacted first.
        for match in islice(pattern.finditer(redact(text[:_SEARCHED])), MOST_MATCHES)
    ]
    return rows[:MOST_MATCHES] or [_row(ref(found, kind), "", dict.fromkeys(pattern.groupindex, ""))]


def _row(about: ObjectRef, quote: str, values: Mapping[str, Value]) -> Row:
    place = f"-n {about.namespace} " if about.namespace else ""
    return ObjectRow(namespace=about.namespace, name=about.name).row(
        about,
        quote=quote,
        reproduce=f"kubectl {place}get {about.kind.lower()} {about.name} -o yaml",
        more=values,
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
