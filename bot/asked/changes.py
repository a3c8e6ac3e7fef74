"""Tell what changed lately in an object, a namespace or the cluster, latest first, and who did it if that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.asked.contract import WHOLE, Asked, look_at
from bot.cluster.access import collect_gaps
from bot.cluster.owners import PERMISSIONS as OF_OWNERS
from bot.kube.config_references import references_of
from bot.kube.gitops import managed_by
from bot.kube.object_changes import Change, latest_first, of_node, of_object, of_workload
from bot.kube.objects import grouped, named_ref, pod_template_of, uid_of
from bot.kube.owners import controller_reference
from bot.kube.rollouts import KEPT_IN, Revision, revisions_in
from bot.probes.contract import Look, may
from intents.domain import Json, ObjectRef, Text
from intents.sheets import CLUSTER, Sheet, SheetRow
from intents.talk.asks import Ask
from intents.templates import duration
from responses.next_asks import further
from responses.words import DOT

# Of a namespace these are listed beside the workloads.
_OTHERS: Final = ("ConfigMap", "CronJob", "Service", "Ingress", "HorizontalPodAutoscaler")
PERMISSIONS: Final = (
    *OF_OWNERS,
    *may("get list", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Node"),
    *may("list", "ReplicaSet", "ControllerRevision", *_OTHERS),
    *may("get", "ConfigMap", "Pod"),
)
DEFAULT: Final = timedelta(hours=24)
# Usually, and in full.
_SHOWN: Final = (8, 30)
_MOST_CONFIG_MAPS: Final = 8
_MOST_FIELDS: Final = (3, 12)

_HEADING: Final = Text(en="Changes of {}, last {}", zh="{} 的变更（最近 {}）")
_OF_CLUSTER: Final = Text(en="Changes in the cluster, last {}", zh="集群的变更（最近 {}）")
_NONE: Final = Text(en="No change is known in that time.", zh="该时间段内没有已知变更。")
_SAYS: Final = Text.same("{}")
_LATEST: Final = Text(en="The latest known change: {}", zh="最近一次已知变更：{}")
REVISION: Final = Text(en="revision {}", zh="revision {}")
_TEMPLATE: Final = Text(en="its pod template changed", zh="Pod 模板已变更")
BY: Final = Text(en="by {}", zh="操作者 {}")
_APPLIED: Final = Text(en="{} applies it; its source has the history.", zh="由 {} 应用，历史见其配置源。")
_NOT_READ: Final = Text(
    en="ConfigMaps and Services are not among them: name a namespace.",
    zh="其中不含 ConfigMap 与 Service：请指定命名空间。",
)


async def changes(asked: Asked) -> Sheet:
    """Return the changes since then, else since a day ago; without any, the latest one that is known."""
    about, snapshot = asked.about, asked.snapshot
    within = asked.since or DEFAULT
    with collect_gaps() as gaps:
        found, applied = await _found(asked)
    told = [one for one in latest_first(found) if snapshot.now - one.at <= within]
    rows = [_row(one, asked) for one in told]
    if not rows:
        rows = [SheetRow(says=_NONE), *(_row(one, asked, says=_LATEST) for one in latest_first(found)[:1])]
    rest = [SheetRow(says=_APPLIED.filled(applied))] if applied else []
    rest += [SheetRow(says=_NOT_READ)] if about.kind == CLUSTER else []
    last = duration(within.total_seconds())
    return asked.sheet(
        _OF_CLUSTER.filled(last) if about.kind == CLUSTER else _HEADING.filled(about, last),
        rows,
        most=_SHOWN,
        ask=Ask.CHANGES,
        within=within,
        after=rest,
        further=() if about.kind == CLUSTER else further(about, Ask.HEALTH, Ask.EVENTS),
        gaps=gaps,
        reproduce=_reproduce(about),
    )


async def _found(asked: Asked) -> tuple[list[Change], str]:
    """Return the changes that are known, and the tool that applies the object, "" if none does."""
    look, about = look_at(asked), asked.about
    if about.kind in WHOLE:
        return await _of_place(look, about), ""
    obj = await asked.snapshot.get(about.kind, about.name, namespace=about.namespace)
    obj = {**obj, "kind": about.kind}
    if about.kind == "Node":
        return list(of_node(obj)), ""
    owners = (await look.owners_of(obj)).manifests
    whose = next((one for one in (obj, *owners) if one.get("kind") in KEPT_IN), obj)
    tool = next(filter(None, map(managed_by, (whose, *reversed(owners), obj))), None)
    return await _of_one(look, whose), str(tool or "")


async def _of_one(look: Look, obj: Json) -> list[Change]:
    """Return the changes of an object, and of the ConfigMaps that its pods use."""
    place = named_ref(obj).namespace
    template = pod_template_of(obj) or obj
    names = dict.fromkeys(one.name for one in references_of(dict(template)) if one.kind == "ConfigMap" and one.name)
    kept, config_maps = await asyncio.gather(
        _revisions(look, obj.get("kind"), place),
        asyncio.gather(*(look.find("ConfigMap", name, namespace=place) for name in list(names)[:_MOST_CONFIG_MAPS])),
    )
    own = of_workload(obj, kept.get(uid_of(obj), ())) if obj.get("kind") in KEPT_IN else of_object(obj)
    return [*own, *(change for one in config_maps if one for change in of_object(one))]


async def _of_place(look: Look, about: ObjectRef) -> list[Change]:
    """Return the changes in a namespace; of the cluster, those of workloads and nodes."""
    space = look.focus.namespace
    others = ("Node",) if about.kind == CLUSTER else _OTHERS
    listed = await asyncio.gather(*(look.list(kind, namespace=space) for kind in (*KEPT_IN, *others)))
    workloads = [one for of_kind in listed[: len(KEPT_IN)] for one in of_kind]
    rest = [one for of_kind in listed[len(KEPT_IN) :] for one in of_kind]
    kinds = dict.fromkeys(KEPT_IN[str(one["kind"])] for one in workloads)
    kept: dict[str, Sequence[Revision]] = {}
    for each in await asyncio.gather(*(_kept(look, kind, space) for kind in kinds)):
        kept |= each
    return [
        *(change for one in workloads for change in of_workload(one, kept.get(uid_of(one), ()))),
        *(change for one in rest for change in (of_node(one) if one.get("kind") == "Node" else of_object(one))),
    ]


async def _revisions(look: Look, kind: object, namespace: str) -> Mapping[str, Sequence[Revision]]:
    return await _kept(look, KEPT_IN[str(kind)], namespace) if kind in KEPT_IN else {}


async def _kept(look: Look, kind: str, namespace: str) -> Mapping[str, Sequence[Revision]]:
    """Return the revisions of each workload, by its uid."""
    listed = await look.list(kind, namespace=namespace)
    of_uid = grouped(listed, lambda one: str(controller_reference(one).get("uid") or ""))
    return {uid: revisions_in(kept) for uid, kept in of_uid.items()}


def _row(one: Change, asked: Asked, *, says: Text = _SAYS) -> SheetRow:
    elsewhere = not one.subject.is_named_as(asked.about)
    parts = [Text.same(str(one.subject))] if elsewhere else []
    parts += [REVISION.filled(one.revision)] if one.revision else []
    parts += [one.says] if one.says else [] if one.what else [_TEMPLATE]
    parts += [BY.filled(one.by)] if one.by else []
    return SheetRow(
        says=says.filled(Text.joined(parts, DOT)),
        quote=quoted(one.cause, one.what, _MOST_FIELDS[1] if asked.in_full else _MOST_FIELDS[0]),
        ago_s=max(0, int((asked.snapshot.now - one.at).total_seconds())),
        about=replace(one.subject, uid="") if elsewhere else None,
    )


def quoted(cause: str, what: Sequence[str], most: int) -> str:
    """Return why something changed and `most` of its fields."""
    more = [f"+{len(what) - most}"] if len(what) > most else []
    return "; ".join((*filter(None, [cause]), *what[:most], *more))


def _reproduce(about: ObjectRef) -> str:
    if about.kind in WHOLE:
        space = f"-n {about.name}" if about.kind == "Namespace" else "-A"
        return f"kubectl get replicasets,controllerrevisions {space} --sort-by=.metadata.creationTimestamp"
    return history_of(about)


def history_of(about: ObjectRef) -> str:
    """Return the kubectl line that shows the history of an object."""
    space = f" -n {about.namespace}" if about.namespace else ""
    if about.kind in KEPT_IN:
        return f"kubectl rollout history{space} {about.kind.lower()}/{about.name}"
    return f"kubectl get{space} {about.kind.lower()} {about.name} -o yaml --show-managed-fields"
