"""One guarded write: found, sent, known again by its effect, shown, and taken back.

All but `find` and `write` is pure. `bot.remedies.stepping` puts steps together.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import PatchType, Writer
from bot.kube.objects import ref
from bot.kube.pod_readiness import is_ready
from bot.remedies.changes import patch_of
from bot.remedies.contract import Plan, Reason, Refusal, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.refusing import changed, gone
from bot.remedies.shared.showing import diff, without_bookkeeping
from intents.domain import Json, ObjectRef, Text

_TYPES: Final = {"merge": PatchType.MERGE, "strategic": PatchType.STRATEGIC, "json": PatchType.JSON}
# Who made an object, so that a second run knows its own.
_MADE_BY: Final = "casebook.dev/plan"


async def find(snapshot: Snapshot, step: Step) -> Json | None:
    """A step's object as it is now, None if there is none. Raises ClusterError."""
    return await snapshot.find(step.target.kind, step.target.name, namespace=step.target.namespace)


async def write(writer: Writer, snapshot: Snapshot, plan: Plan, step: Step, obj: Json | None, *, dry_run: bool) -> Json:
    """What the API server answers; `obj` is what the step's object was found as. Raises ClusterError."""
    resource = await snapshot.resource(step.target.kind)
    name, namespace, uid = step.target.name, step.target.namespace, step.target.uid
    if step.verb is Verb.CREATE:
        return await writer.create(resource, _marked(plan, step), namespace=namespace, dry_run=dry_run)
    assert obj is not None, "only what is there is changed"
    version = str(obj["metadata"]["resourceVersion"])
    if step.verb is Verb.DELETE:
        return await writer.delete(
            resource, name, namespace=namespace, uid=uid, resource_version=version, dry_run=dry_run
        )
    if step.verb is Verb.EVICT:
        # Only of this pod, whatever its version: the API server takes one disruption off the budget before it compares
        # versions, and a status that moved on would use it up for nothing.
        return await writer.evict(name, namespace=namespace, uid=uid, dry_run=dry_run)
    made = step.body is None
    return await writer.patch(
        resource,
        name,
        namespace=namespace,
        patch=patch_of(obj, step.changes) if made else step.body,
        patch_type=PatchType.JSON if made else _TYPES[step.patch_type],
        uid=uid,
        resource_version=version,
        dry_run=dry_run,
    )


def _marked(plan: Plan, step: Step) -> Json:
    """The object to create, with the mark by which a second run finds it."""
    obj: Json = copy.deepcopy(step.body)
    obj.setdefault("metadata", {}).setdefault("annotations", {})[_MADE_BY] = workloads.digest(plan.id)
    return obj


def is_done(plan: Plan, step: Step, obj: Json | None) -> bool:
    """Whether the object shows the effect of the step, however it came about."""
    if step.verb is Verb.CREATE:
        annotations = ((obj or {}).get("metadata") or {}).get("annotations") or {}
        return bool(annotations.get(_MADE_BY) == workloads.digest(plan.id))
    if step.verb is Verb.PATCH:
        if obj is None or workloads.uid_of(obj) != step.target.uid:
            return False
        return all(change.holds(without_bookkeeping(obj)) for change in step.changes)
    return obj is None or workloads.uid_of(obj) != step.target.uid or workloads.is_leaving(obj)


def unlike(step: Step, obj: Json | None) -> Refusal | None:
    """Why the object is not what was shown."""
    if step.verb is Verb.CREATE:
        return changed(step.target) if obj is not None else None
    if obj is None:
        return gone(step.target)
    if step.unless_ready and workloads.uid_of(obj) == step.target.uid and is_ready(obj):
        says = Text(
            en=f"{step.target} is ready now; nothing was written to it",
            zh=f"{step.target} 现在已就绪；没有对其写入任何内容",
        )
        return Refusal(reason=Reason.ALREADY_FIXED, says=says)
    return None if fingerprint(step, obj) == step.fingerprint else changed(step.target)


def as_written(step: Step, obj: Json | None) -> bool:
    """Whether an object is still as it was when the step was bound to it."""
    return unlike(step, obj) is None


def fingerprint(step: Step, obj: Json | None) -> str:
    """What of an object is decided on: which one it is and all that people write of it, but for what is ignored."""
    if obj is None:
        return ""
    decided = copy.deepcopy(without_bookkeeping(obj))
    for path in step.ignoring:
        *parents, last = path.split(".")
        at: Any = decided
        for parent in parents:
            at = at.get(parent) or {}
        at.pop(last, None)
    return workloads.digest([workloads.uid_of(obj), decided, workloads.is_leaving(obj)])


def shown(step: Step, obj: Json | None, would_be: Json) -> str:
    """The difference that a step makes, as people read it."""
    name = str(step.target)
    if step.verb is Verb.PATCH:
        return diff(obj or {}, would_be, name=name)
    return diff({}, would_be, name=name) if step.verb is Verb.CREATE else diff(obj or {}, {}, name=name)


def undone_by(step: Step, written: Json | None) -> Step | None:
    """The step that takes one back, bound to what was written; `written` is None for what was deleted.

    None where nothing takes it back, or only together with what somebody else has written.
    """
    if step.verb is Verb.PATCH and written is not None:
        if any(change.is_shared(without_bookkeeping(written)) for change in step.changes):
            return None
        says = Text(en=f"{step.target} is as it was before", zh=f"{step.target} 已恢复原状")
        back = tuple(change.reversed() for change in step.changes)
        undo = Step(verb=Verb.PATCH, target=step.target, says=says, changes=back, ignoring=step.ignoring)
        return replace(undo, fingerprint=fingerprint(undo, written))
    if step.verb is Verb.CREATE and written is not None:
        target = ref(written, step.target.kind)
        says = Text(en=f"{target} was deleted again", zh=f"{target} 已重新删除")
        undo = Step(verb=Verb.DELETE, target=target, says=says)
        return replace(undo, fingerprint=fingerprint(undo, written))
    if step.verb is Verb.DELETE and step.body is not None:
        says = Text(en=f"{step.target} was created again", zh=f"{step.target} 已重新创建")
        target = ObjectRef(kind=step.target.kind, namespace=step.target.namespace, name=step.target.name)
        return Step(verb=Verb.CREATE, target=target, says=says, body=step.body)
    return None


def manifest(obj: Json) -> Json:
    """An object as somebody would write it to create it once more."""
    manifest = copy.deepcopy(without_bookkeeping(obj))
    for key in ("ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"):
        manifest["metadata"].pop(key, None)
    return manifest
