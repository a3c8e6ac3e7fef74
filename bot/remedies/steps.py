"""One guarded write: find its object, write it, recognise its effect, show it, undo it.

Everything except `find` and `write` is pure. `bot.remedies.step_runner` combines the steps of a plan.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import PatchType, Writer
from bot.kube.objects import annotations_of, is_terminating, ref, uid_of
from bot.kube.pod_states import is_ready
from bot.remedies.changes import diff, patch_of, without_bookkeeping
from bot.remedies.contract import Plan, Reason, Refusal, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.refusal import changed, gone
from intents.domain import Json, ObjectRef, Text

_TYPES: Final = {"merge": PatchType.MERGE, "strategic": PatchType.STRATEGIC, "json": PatchType.JSON}
# An annotation on created objects, by which a second run recognises its own.
_CREATED_BY: Final = "casebook.dev/plan"


async def find(snapshot: Snapshot, step: Step) -> Json | None:
    """Return a step's object as it is now, None if it does not exist. Raises ClusterError."""
    return await snapshot.find(step.target.kind, step.target.name, namespace=step.target.namespace)


async def write(writer: Writer, snapshot: Snapshot, plan: Plan, step: Step, obj: Json | None, *, dry_run: bool) -> Json:
    """Send the write and return the API server's response; `obj` is the object as found. Raises ClusterError."""
    resource = await snapshot.resource(step.target.kind)
    name, namespace, uid = step.target.name, step.target.namespace, step.target.uid
    if step.verb is Verb.CREATE:
        return await writer.create(resource, _marked(plan, step), namespace=namespace, dry_run=dry_run)
    assert obj is not None, "only an existing object is changed"
    version = str(obj["metadata"]["resourceVersion"])
    if step.verb is Verb.DELETE:
        return await writer.delete(
            resource, name, namespace=namespace, uid=uid, resource_version=version, dry_run=dry_run
        )
    if step.verb is Verb.EVICT:
        # Guarded by uid, not by version: the API server takes one disruption off the budget before it compares
        # versions, and a changed status would use it up for nothing.
        return await writer.evict(name, namespace=namespace, uid=uid, dry_run=dry_run)
    built = step.body is None
    return await writer.patch(
        resource,
        name,
        namespace=namespace,
        patch=patch_of(obj, step.changes) if built else step.body,
        patch_type=PatchType.JSON if built else _TYPES[step.patch_type],
        uid=uid,
        resource_version=version,
        dry_run=dry_run,
    )


def _marked(plan: Plan, step: Step) -> Json:
    """Return the object to create, annotated so that a second run finds it."""
    obj: Json = copy.deepcopy(step.body)
    obj.setdefault("metadata", {}).setdefault("annotations", {})[_CREATED_BY] = workloads.digest(plan.id)
    return obj


def is_applied(plan: Plan, step: Step, obj: Json | None) -> bool:
    """Tell whether the object shows the effect of the step, no matter who caused it."""
    if step.verb is Verb.CREATE:
        return annotations_of(obj or {}).get(_CREATED_BY) == workloads.digest(plan.id)
    if step.verb is Verb.PATCH:
        if obj is None or uid_of(obj) != step.target.uid:
            return False
        return all(change.holds(without_bookkeeping(obj)) for change in step.changes)
    return obj is None or uid_of(obj) != step.target.uid or is_terminating(obj)


def changed_since(step: Step, obj: Json | None) -> Refusal | None:
    """Say why the object is no longer as it was previewed; None if it is."""
    if step.verb is Verb.CREATE:
        return changed(step.target) if obj is not None else None
    if obj is None:
        return gone(step.target)
    if step.unless_ready and uid_of(obj) == step.target.uid and is_ready(obj):
        says = Text(
            en=f"{step.target} is ready now, so nothing was written",
            zh=f"{step.target} 现在已就绪，因此没有写入任何内容",
        )
        return Refusal(reason=Reason.ALREADY_FIXED, says=says)
    return None if fingerprint(step, obj) == step.fingerprint else changed(step.target)


def fingerprint(step: Step, obj: Json | None) -> str:
    """Return a digest of an object's identity and of everything people write of it, except ignored paths."""
    if obj is None:
        return ""
    decided = copy.deepcopy(without_bookkeeping(obj))
    for path in step.ignoring:
        *parents, last = path.split(".")
        at: Any = decided
        for parent in parents:
            at = at.get(parent) or {}
        at.pop(last, None)
    return workloads.digest([uid_of(obj), decided, is_terminating(obj)])


def shown(step: Step, obj: Json | None, would_be: Json) -> str:
    """Return the diff of a step, as people read it."""
    name = str(step.target)
    if step.verb is Verb.PATCH:
        return diff(obj or {}, would_be, name=name)
    return diff({}, would_be, name=name) if step.verb is Verb.CREATE else diff(obj or {}, {}, name=name)


def undone_by(step: Step, written: Json | None) -> Step | None:
    """Return the step that undoes one, bound to the object as `written`, None for a deleted object.

    Return None where nothing undoes it, or only together with somebody else's changes.
    """
    if step.verb is Verb.PATCH and written is not None:
        if any(change.is_shared(without_bookkeeping(written)) for change in step.changes):
            return None
        says = Text(en=f"{step.target} was restored", zh=f"{step.target} 已恢复原状")
        back = tuple(change.reversed() for change in step.changes)
        undo = Step(verb=Verb.PATCH, target=step.target, says=says, changes=back, ignoring=step.ignoring)
        return replace(undo, fingerprint=fingerprint(undo, written))
    if step.verb is Verb.CREATE and written is not None:
        target = ref(written, step.target.kind)
        says = Text(en=f"{target} was deleted again", zh=f"{target} 已删除")
        undo = Step(verb=Verb.DELETE, target=target, says=says)
        return replace(undo, fingerprint=fingerprint(undo, written))
    if step.verb is Verb.DELETE and step.body is not None:
        says = Text(en=f"{step.target} was created again", zh=f"{step.target} 已重新创建")
        target = ObjectRef(kind=step.target.kind, namespace=step.target.namespace, name=step.target.name)
        return Step(verb=Verb.CREATE, target=target, says=says, body=step.body)
    return None


def manifest(obj: Json) -> Json:
    """Return an object as people would write it to create it once more."""
    manifest = copy.deepcopy(without_bookkeeping(obj))
    for key in ("ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"):
        manifest["metadata"].pop(key, None)
    return manifest
