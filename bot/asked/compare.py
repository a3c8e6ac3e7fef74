"""Compare an object, a namespace or a cluster with its counterpart: what is broken there and not here, what differs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.asked.contract import Asked
from bot.cluster.access import collect_gaps, record_gap
from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.differences import Difference, differences
from bot.kube.health import problem_of
from bot.kube.objects import full_name, name_of, named_ref, namespace_of
from bot.kube.rollouts import replicas_of
from bot.probes.contract import may
from intents.domain import Json, ObjectRef, Text
from intents.sheets import CLUSTER, NextAsk, Sheet, SheetRow

_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_OF_NAMESPACE: Final = (
    *_WORKLOADS, "CronJob", "Service", "Ingress", "HorizontalPodAutoscaler", "PersistentVolumeClaim", "ResourceQuota",
)  # fmt: skip
_OF_CLUSTER: Final = ("Node", "Namespace", *_WORKLOADS)
# Their names are those of one cluster.
_UNALIKE: Final = frozenset({"Node"})
PERMISSIONS: Final = may("list", *_OF_NAMESPACE, "Node", "Namespace")
_SHOWN: Final = (12, 12)
_NAMED: Final = 8
_OFFERED: Final = 3
_OF_EACH: Final = 2
_SCOPES: Final = frozenset({"Namespace", CLUSTER})
_CLUSTERS: Final = Text(en="Clusters", zh="集群")
_HEADING: Final = Text(en="{}: {} and {}", zh="{}：{} 与 {}")
_WITH_WHAT: Final = Text(en="Compare {} with what?", zh="将 {} 与什么比较？")
_ALONE: Final = Text(
    en="I know no counterpart of it: name a second namespace, or a second cluster.",
    zh="没有找到可比较的对象：请指定另一个命名空间或集群。",
)
_CHOOSE: Final = Text(
    en="Name a second namespace or cluster, or press one.", zh="请指定另一个命名空间或集群，或点击按钮。"
)
_MISSING: Final = Text(en="It does not exist in {}.", zh="{} 中没有它。")
_SAME: Final = Text(
    en="No difference: image, replicas, resources, variables, probes and ports are the same.",
    zh="没有差异：镜像、副本、资源、环境变量、探针和端口都相同。",
)
_ALL_SAME: Final = Text(
    en="No difference: the same objects with the same images and replicas.",
    zh="没有差异：对象、镜像和副本都相同。",
)
_SIDES: Final = Text(en="{} · {}: {} · {}: {}", zh="{} · {}：{} · {}：{}")
_HIDDEN: Final = Text(en="{} differs; its values are not shown", zh="{} 不同；不显示其值")
_BROKEN: Final = Text(en="Only in {}: {} is not healthy", zh="仅 {}：{} 不健康")
_BOTH_BROKEN: Final = Text(en="{} is not healthy in both", zh="{} 在两边都不健康")
_STATE: Final = Text(en="ready", zh="就绪")
_ONLY: Final = Text(en="Only in {}: {}", zh="仅 {} 有：{}")
_MORE: Final = Text(en="{} and {} more", zh="{} 等，另有 {} 个")
_COUNT: Final = Text(en="number of {}", zh="{} 数量")
_COMPARE: Final = Text(en="Compare {}", zh="比较 {}")
_WITH: Final = Text(en="With {}", zh="与 {} 比较")
_CHANGES: Final = Text(en="What changed here?", zh="这里有什么变更？")
_NOTHING: Final = "-"

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the two that are compared, and how it is called."""

    snapshot: Snapshot
    about: ObjectRef
    called: str


async def compare(asked: Asked) -> Sheet:
    """Return how two differ. Raise ClusterError if neither can be read."""
    if asked.elsewhere is None and asked.other in (None, asked.about):
        return await _with_what(asked)
    here, there = _sides(asked)
    with collect_gaps() as gaps:
        rows, further = await (_scopes if here.about.kind in _SCOPES else _objects)(here, there)
    heading = _HEADING.filled(_subject(here, there), here.called, there.called)
    return asked.sheet(heading, rows, most=_SHOWN, gaps=gaps, further=further)


def _sides(asked: Asked) -> tuple[_Side, _Side]:
    other = asked.other or asked.about
    snapshots = (asked.snapshot, asked.elsewhere or asked.snapshot)
    places = [_place(one) for one in (asked.about, other)]
    names = [each.cluster for each in snapshots] if asked.elsewhere else places
    if asked.elsewhere and places[0] != places[1]:
        names = [f"{name} {place}" for name, place in zip(names, places, strict=True)]
    if names[0] == names[1]:
        names = [str(asked.about), str(other)]
    here, there = (
        _Side(snapshot=snapshot, about=about, called=name)
        for snapshot, about, name in zip(snapshots, (asked.about, other), names, strict=True)
    )
    return here, there


def _place(one: ObjectRef) -> str:
    return one.name if one.kind == "Namespace" else one.namespace


def _subject(here: _Side, there: _Side) -> Text:
    """Return what is compared, without what stands for one side alone."""
    if here.about.kind == CLUSTER:
        return _CLUSTERS
    if here.about == there.about:
        return Text.same(str(here.about))
    name = f" {here.about.name}" if here.about.name == there.about.name else ""
    return Text.same(f"{here.about.kind}{name}")


# --- two objects ------------------------------------------------------------------------------------------------------


async def _objects(here: _Side, there: _Side) -> tuple[list[SheetRow], list[NextAsk]]:
    found = await asyncio.gather(_object(here), _object(there), return_exceptions=True)
    errors = [each for each in found if isinstance(each, BaseException)]
    for error in errors:
        if not isinstance(error, ClusterError) or len(errors) > 1:
            raise error
        record_gap(error.gap())
    if errors:
        return [], []
    one, other = found
    if not isinstance(one, dict) or not isinstance(other, dict):
        absent = [side for side, obj in zip((here, there), found, strict=True) if obj is None]
        return [SheetRow(says=_MISSING.filled(side.called)) for side in absent], []
    rows = [*_states((here, one), (there, other)), *(_row(each, here, there) for each in differences(one, other))]
    if not differences(one, other):
        rows.append(SheetRow(says=_SAME))
    place = f"{here.about.kind.lower()} {here.about.namespace}/{here.about.name}"
    return rows, [NextAsk(label=_CHANGES, text=f"changes {place}")]


async def _object(side: _Side) -> Json | None:
    about = side.about
    obj = await side.snapshot.find(about.kind, about.name, namespace=about.namespace)
    return {**obj, "kind": about.kind} if obj else None


def _states(*sides: tuple[_Side, Json]) -> Iterator[SheetRow]:
    """Yield how many of its pods are ready on each side, and what is wrong on one."""
    kind = str(sides[0][1].get("kind"))
    if kind in _WORKLOADS:
        shown = (text for side, obj in sides for text in (side.called, _ready(obj)))
        yield SheetRow(says=_SIDES.filled(_STATE, *shown))
    for side, obj in sides:
        if problem := problem_of(obj, kind):
            yield SheetRow(says=_BROKEN.filled(side.called, str(side.about)), quote=problem)


def _ready(obj: Json) -> str:
    replicas = replicas_of(obj)
    return f"{replicas.ready}/{replicas.desired}"


def _row(one: Difference, here: _Side, there: _Side, *, before: str = "") -> SheetRow:
    field = f"{before}{one.field}"
    if one.hidden:
        return SheetRow(says=_HIDDEN.filled(field))
    values = (here.called, one.here or _NOTHING, there.called, one.there or _NOTHING)
    return SheetRow(says=_SIDES.filled(field, *values))


# --- two namespaces or clusters ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Both:
    """The objects of one kind on both sides, by their place. Unless `whole`, what one side lacks may be hidden."""

    kind: str
    here: Mapping[_Key, Json]
    there: Mapping[_Key, Json]
    whole: bool


async def _scopes(here: _Side, there: _Side) -> tuple[list[SheetRow], list[NextAsk]]:
    kinds = _OF_NAMESPACE if here.about.kind == "Namespace" else _OF_CLUSTER
    both = await asyncio.gather(*(_both(kind, here, there) for kind in kinds))
    rows = [*_broken(both, here, there), *_lacking(both, here, there)]
    differing = [(one, other) for each in both for one, other in _pairs(each)]
    told = [row for pair in differing for row in _telling(pair, here, there)]
    rows += told
    rows += [row for each in both if each.kind in _UNALIKE for row in _counts(each, here, there)]
    if not rows:
        rows = [SheetRow(says=_ALL_SAME)]
    return rows, [_compared(one, other, here, there) for one, other in differing if _differ(one, other)][:_OFFERED]


async def _both(kind: str, here: _Side, there: _Side) -> _Both:
    one, other = await asyncio.gather(_all(kind, here), _all(kind, there))
    whole = one is not None and other is not None and one[1] and other[1]
    return _Both(kind=kind, here=one[0] if one else {}, there=other[0] if other else {}, whole=whole)


async def _all(kind: str, side: _Side) -> tuple[dict[_Key, Json], bool] | None:
    """Return the objects of a kind by their place, and whether these are all; None if they cannot be read."""
    space = side.about.name if side.about.kind == "Namespace" else ""
    try:
        found = await side.snapshot.list(kind, namespace=space)
    except ClusterError as error:
        record_gap(error.gap())
        return None
    # Objects of two namespaces are compared by name alone.
    keyed = {(kind, "" if space else namespace_of(each), name_of(each)): {**each, "kind": kind} for each in found.items}
    return keyed, not found.truncated


def _broken(both: Iterable[_Both], here: _Side, there: _Side) -> Iterator[SheetRow]:
    """Yield what is not healthy on one side alone, then what is not healthy on both."""
    problems = [(_problems(each.kind, each.here), _problems(each.kind, each.there)) for each in both]
    for at_here, at_there in problems:
        yield from (_only_broken(here, at_here[key], here) for key in at_here if key not in at_there)
        yield from (_only_broken(there, at_there[key], here) for key in at_there if key not in at_here)
    for at_here, at_there in problems:
        for key in (key for key in at_here if key in at_there):
            yield SheetRow(says=_BOTH_BROKEN.filled(_name(key)), quote=at_here[key][1])


def _problems(kind: str, objects: Mapping[_Key, Json]) -> dict[_Key, tuple[ObjectRef, str]]:
    """Return the objects that are not healthy, with what is wrong with each."""
    judged = ((key, named_ref(obj, kind), problem_of(obj, kind)) for key, obj in objects.items())
    return {key: (one, problem) for key, one, problem in judged if problem}


def _only_broken(side: _Side, found: tuple[ObjectRef, str], first: _Side) -> SheetRow:
    one, problem = found
    # The button of a row asks the sheet's cluster.
    about = one if side.snapshot is first.snapshot else None
    return SheetRow(says=_BROKEN.filled(side.called, one), quote=problem, about=about)


def _name(key: _Key) -> str:
    kind, namespace, name = key
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _lacking(both: Iterable[_Both], here: _Side, there: _Side) -> Iterator[SheetRow]:
    """Yield what only one side has."""
    known = [each for each in both if each.whole and each.kind not in _UNALIKE]
    for side, own in (
        (here, [key for each in known for key in each.here if key not in each.there]),
        (there, [key for each in known for key in each.there if key not in each.here]),
    ):
        if own:
            listed_ = Text.same(", ".join(map(_name, own[:_NAMED])))
            more = len(own) - _NAMED
            yield SheetRow(says=_ONLY.filled(side.called, _MORE.filled(listed_, more) if more > 0 else listed_))


def _pairs(both: _Both) -> Iterator[tuple[Json, Json]]:
    if both.kind not in (*_UNALIKE, "Namespace"):
        yield from ((both.here[key], both.there[key]) for key in both.here if key in both.there)


def _telling(pair: tuple[Json, Json], here: _Side, there: _Side) -> Iterator[SheetRow]:
    """Yield the first differences of an object: its image, its replicas, what a quota allows."""
    found = _differ(*pair)
    before = f"{pair[0]['kind']} {name_of(pair[0])} · "
    yield from (_row(each, here, there, before=before) for each in found[:_OF_EACH])


def _differ(one: Json, other: Json) -> Sequence[Difference]:
    quota = one["kind"] == "ResourceQuota"
    return [
        each for each in differences(one, other) if quota or each.field.endswith("image") or each.field == "replicas"
    ]


def _counts(both: _Both, here: _Side, there: _Side) -> Iterator[SheetRow]:
    if both.whole and len(both.here) != len(both.there):
        shown = (here.called, len(both.here), there.called, len(both.there))
        yield SheetRow(says=_SIDES.filled(_COUNT.filled(f"{both.kind}s"), *shown))


def _compared(one: Json, other: Json, here: _Side, there: _Side) -> NextAsk:
    text = f"compare {one['kind'].lower()} {full_name(one)} {there.snapshot.cluster}"
    if here.snapshot is there.snapshot:
        text = f"compare {full_name(one)} {full_name(other)}"
    return NextAsk(label=_COMPARE.filled(name_of(one)), text=text)


# --- nothing to compare with ------------------------------------------------------------------------------------------


async def _with_what(asked: Asked) -> Sheet:
    """Ask what to compare with: a namesake in another namespace, another cluster."""
    about = asked.about
    with collect_gaps() as gaps:
        found = () if about.kind in _SCOPES else await _namesakes(asked.snapshot, about)
    own = about.full_name
    kind = "" if about.kind == CLUSTER else f"{about.kind.lower()} {own} "
    asks = [
        NextAsk(label=_WITH.filled(each.namespace), text=f"compare {own} {each.namespace}/{each.name}")
        for each in found
    ]
    asks += [NextAsk(label=_WITH.filled(name), text=f"compare {kind}{name}") for name in asked.clusters]
    rows = [SheetRow(says=_CHOOSE if asks else _ALONE)]
    return asked.sheet(_WITH_WHAT.filled(about), rows, gaps=gaps, further=asks[:_OFFERED])


async def _namesakes(snapshot: Snapshot, about: ObjectRef) -> list[ObjectRef]:
    found = await snapshot.list_readable(about.kind, fields=f"metadata.name={about.name}")
    return [one for one in (named_ref(each, about.kind) for each in found) if one.namespace != about.namespace]
