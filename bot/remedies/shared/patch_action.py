"""The bases of the actions that patch one object, its pod template, a container, labels, or its suspension.

Such an action returns the patch and its effect on running pods; everything else is the same for all of them.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from bot.cluster.errors import ClusterError
from bot.cluster.origins import custodian_of
from bot.cluster.snapshot import Snapshot
from bot.kube.job_runs import has_finished
from bot.kube.objects import has_ended, is_terminating, name_of, ref, uid_of
from bot.kube.owners import controller_of
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import replicas_of
from bot.remedies.action import WORKLOADS, Action, permissions_to
from bot.remedies.contract import (
    Applied,
    EffectState,
    EffectStatus,
    Outlook,
    Plan,
    Proposal,
    Refused,
    Step,
    Verb,
    effect,
    one_text,
)
from bot.remedies.shared import workloads
from bot.remedies.shared.refusal import gone, owned, unsafe
from bot.remedies.shared.workloads import current_of, pods_at, revisions_of
from intents.catalog.actions import Argument, ArgumentType
from intents.domain import Json, ObjectRef, Permission, Text
from intents.spelling import closest
from intents.templates import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch of one object; `says` describes what it did. A rollout leaves the pods that are `staying`."""

    body: Json | Sequence[Json]
    says: Text
    type: str = "merge"
    effects: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()
    staying: tuple[Json, ...] = ()


class PatchAction(Action):
    """Changes one object by one patch. A subclass returns the patch."""

    ignoring: ClassVar[tuple[str, ...]] = ()
    """Dotted paths of the object that may change between preview and write."""

    @abstractmethod
    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        """Return the patch. Raises Refused, and ClusterError for a read that fails."""

    def rolls_out(self, plan: Plan) -> bool:
        """Tell whether the patch changes a workload's pod template, so that pods are replaced."""
        return False

    def reverted(self, plan: Plan, obj: Json) -> Text | None:
        """Say what was set back since the write; None if the change is still in place, or nothing shows it."""

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        obj = await snapshot.get(target.kind, target.name, namespace=target.namespace)
        template = workloads.template_basis(obj) if target.kind in WORKLOADS else {}
        return {"uid": uid_of(obj), **template}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        obj = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if is_terminating(obj):
            raise Refused(gone(plan.target))
        rolls_out = self.rolls_out(plan)
        if rolls_out:
            # Checked before all else: an owner defines the template, and so what may be changed in it.
            workloads.check_rollout(obj)
        patch = await self.patch(snapshot, plan, obj)
        step = Step(
            verb=Verb.PATCH,
            target=plan.target,
            says=patch.says,
            body=patch.body,
            patch_type=patch.type,
            ignoring=self.ignoring,
        )
        if rolls_out:
            warnings = (*patch.warnings, *await _rollout_warnings(snapshot, obj))
            outlook = await workloads.outlook_on(
                snapshot, obj, staying=patch.staying, effects=patch.effects, warnings=warnings
            )
        else:
            custodian = await custodian_of(snapshot, obj)
            outlook = Outlook(effects=patch.effects, warnings=patch.warnings, custodian=custodian)
        return Proposal(steps=(step,), outlook=outlook)

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        if applied.outlook.owner is not None:
            return await workloads.rollout_effect(snapshot, plan.target, applied)
        return await self.in_force(snapshot, plan)

    async def in_force(self, snapshot: Snapshot, plan: Plan) -> EffectStatus:
        """Return the effect of a change that takes effect when it is written, as long as the object exists."""
        target = plan.target
        obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
        if obj is None or uid_of(obj) != target.uid:
            return effect(EffectState.GONE, f"{target} no longer exists", f"{target} 已不存在")
        if reverted := self.reverted(plan, obj):
            return EffectStatus(state=EffectState.FAILING, says=reverted)
        return await self.effect_on(snapshot, obj)

    async def effect_on(self, snapshot: Snapshot, obj: Json) -> EffectStatus:
        """Return the effect of the change on the object as it is now."""
        return effect(EffectState.HEALTHY, "the change is in effect", "修改已生效")


def number(value: Any) -> int | None:
    """Return a whole number as an entry or a person wrote it, None for anything else."""
    try:
        return int(str(value))
    except ValueError:
        return None


_NAMED: Final = 3


class TemplateAction(PatchAction):
    """Patches the pod template of a workload."""

    writes: ClassVar[Mapping[str, tuple[Permission, ...]]] = permissions_to("patch", WORKLOADS)

    def rolls_out(self, plan: Plan) -> bool:
        return True

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        if applied.outlook.owner is None or applied.outlook.wanted == 0:
            # No pod is replaced, or none is wanted: there is nothing to wait for.
            return await self.in_force(snapshot, plan)
        # A stuck rollout may have left pods of the template that is wanted again: they stay and get no replacement.
        stay = await _current_pods(snapshot, plan)
        known = tuple(uid for uid in applied.outlook.known if uid not in stay)
        changed = replace(applied, outlook=replace(applied.outlook, known=known))
        return await super().check_effect(snapshot, plan, changed)


class ContainerAction(TemplateAction):
    """Patches one container, named by the argument `container`."""

    @abstractmethod
    async def change(self, snapshot: Snapshot, plan: Plan, workload: Json, container: Container) -> Patch:
        """Return the patch of the container alone. Raises Refused, and ClusterError for a read that fails."""

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        container = container_in(obj, plan.args.get("container"))
        change = await self.change(snapshot, plan, obj, container)
        assert isinstance(change.body, dict), "a container is a map"
        written = {"name": container.name, **change.body}
        return replace(change, body={"spec": {"template": {"spec": {container.key: [written]}}}}, type="strategic")


async def _rollout_warnings(snapshot: Snapshot, workload: Json) -> tuple[Text, ...]:
    """Warn about a state of the workload that keeps a new template from reaching its pods."""
    me = ref(workload)
    if workload.get("kind") != "DaemonSet" and replicas_of(workload).desired == 0:
        return one_text(
            f"{me} is scaled to 0; the change reaches pods only after it is scaled up",
            f"{me} 已缩容到 0；扩容后修改才会生效",
        )
    if workload.get("kind") != "StatefulSet" or (workload.get("spec") or {}).get("podManagementPolicy") == "Parallel":
        return ()
    pods = await workloads.pods_of(snapshot, workload)
    waiting = [name_of(pod) for pod in pods if not is_ready(pod) and not is_terminating(pod)][:_NAMED]
    if not waiting:
        return ()
    return one_text(
        (
            f"Not ready now: {', '.join(waiting)}. A StatefulSet may wait for such a pod instead of replacing it: "
            "if nothing happens, restart that pod too"
        ),
        f"当前未就绪：{'、'.join(waiting)}。StatefulSet 可能会一直等待而不替换它：如果没有变化，请再重启该 Pod",
    )


async def _current_pods(snapshot: Snapshot, plan: Plan) -> frozenset[str]:
    """Return the uids of pods that already run the current template; none, if this cannot be read."""
    try:
        workload = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        current = current_of(workload, await revisions_of(snapshot, workload))
        pods = () if current is None else await pods_at(snapshot, workload, current)
    except ClusterError:
        return frozenset()
    return frozenset(map(uid_of, pods))


_LISTS: Final = ("containers", "initContainers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a pod template; `key` is the list of the template that holds it."""

    key: str
    manifest: Json

    @property
    def name(self) -> str:
        return str(self.manifest.get("name", ""))


def containers_of(workload: Json) -> tuple[Container, ...]:
    """Return the containers of a pod template, init containers last."""
    spec = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
    return tuple(Container(key=key, manifest=each) for key in _LISTS for each in spec.get(key) or ())


def container_in(workload: Json, name: Any) -> Container:
    """Return the container of that name; without a name, the only one."""
    me, found = ref(workload), containers_of(workload)
    names = [each.name for each in found]
    if not is_given(name):
        running = [each for each in found if each.key == _LISTS[0]]
        if len(running) == 1:
            return running[0]
        raise unsafe(
            f"{me} has several containers ({', '.join(names)}); name one",
            f"{me} 有多个容器（{'、'.join(names)}）；请指明其中一个",
        )
    if (one := next((each for each in found if each.name == str(name)), None)) is not None:
        return one
    meant = did_you_mean(str(name), names)
    raise unsafe(
        f"{me} has no container {name}; it has {', '.join(names) or 'none'}{meant.en}",
        f"{me} 没有容器 {name}；现有：{'、'.join(names) or '无'}{meant.zh}",
    )


def did_you_mean(word: str, known: Iterable[str]) -> Text:
    """Return the end of a sentence that names the closest known word; "" if none is close."""
    meant = closest(word, known)
    return Text(en=f"; did you mean {meant}?", zh=f"；是否指 {meant}？") if meant else Text.same("")


def is_given(value: Any) -> bool:
    """Tell whether an argument has a value: an empty field of a form does not change anything."""
    return value is not None and str(value).strip() != ""


ARGUMENTS: Final = {
    "set": Argument(says="name → value to set", type=ArgumentType.MAPPING, required=True),
    "remove": Argument(says="names to remove", type=ArgumentType.TEXT_OR_LIST),
}

# Rules of k8s.io/apimachinery/pkg/util/validation: qualified names, and values of labels.
_PREFIX: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME: Final = re.compile(r"[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
# All annotations of an object together.
_MOST_BYTES: Final = 256 * 1024

# Name → value to set; None removes it.
Entries = dict[str, str | None]


class MetadataAction(PatchAction):
    """Sets and removes labels or annotations: its `field`, called `noun` in sentences, `verb` in the past tense."""

    writes: ClassVar[Mapping[str, tuple[Permission, ...]]] = permissions_to(
        "patch", ("Pod", "Service", "StorageClass", "Node", *WORKLOADS, "TidbCluster")
    )
    # Autoscalers and node controllers write these while people read a preview.
    ignoring: ClassVar[tuple[str, ...]] = ("spec.replicas", "spec.taints")
    field: ClassVar[str]
    verb: ClassVar[str]
    noun_zh: ClassVar[str]

    @abstractmethod
    async def effects(self, snapshot: Snapshot, plan: Plan, obj: Json, wanted: Entries) -> tuple[Text, ...]:
        """Return the effect on what runs. Raises Refused."""

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        wanted = entries_of(plan)
        self._check(wanted)
        # Owners do not update existing pods.
        if plan.target.kind != "Pod" and (owner := controller_of(obj)):
            raise owned(plan.target, owner)
        if self.is_set(obj, plan):
            raise unsafe(f"{plan.target} already has these {self.field}", f"{plan.target} 已有这些{self.noun_zh}")
        effects = await self.effects(snapshot, plan, obj, wanted)
        says = Text(en=f"{plan.target} was {self.verb}", zh=f"已为 {plan.target} 设置{self.noun_zh}")
        return Patch(body={"metadata": {self.field: wanted}}, says=says, effects=effects)

    def reverted(self, plan: Plan, obj: Json) -> Text | None:
        if self.is_set(obj, plan):
            return None
        return Text(en=f"the {self.field} were changed again", zh=f"{self.noun_zh}又被修改了")

    def is_set(self, obj: Json, plan: Plan) -> bool:
        """Tell whether the object already is as the plan wants it."""
        present = (obj.get("metadata") or {}).get(self.field) or {}
        return all(present.get(key) == value for key, value in entries_of(plan).items())

    def _check(self, wanted: Entries) -> None:
        """Refuse what the API server would refuse."""
        if not wanted:
            raise unsafe(f"no {self.field} were given", f"没有给出要设置的{self.noun_zh}")
        for key, value in wanted.items():
            prefix, slash, name = key.rpartition("/")
            if not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
                raise unsafe(f"{key!r} is not a valid name for {self.field}", f"{key!r} 不是有效的{self.noun_zh}名")
            if value is not None and self.field == "labels" and value and not _NAME.fullmatch(value):
                raise unsafe(
                    f"{value!r} is not a valid label value: at most 63 letters, digits, '-', '_' and '.'",
                    f"{value!r} 不是有效的标签值：最多 63 个字母、数字、“-”、“_”、“.”",
                )
        if sum(len(f"{key}{value or ''}".encode()) for key, value in wanted.items()) > _MOST_BYTES:
            raise unsafe(f"the {self.field} exceed the size an object may have", f"{self.noun_zh}超出对象允许的长度")


def entries_of(plan: Plan) -> Entries:
    """Return what is set and removed, as a merge patch: None removes."""
    wanted, removed = plan.args.get("set"), plan.args.get("remove") or ()
    taken_off: Entries = dict.fromkeys(map(str, (removed,) if isinstance(removed, str) else removed))
    return taken_off | (
        {str(key): _text(value) for key, value in wanted.items()} if isinstance(wanted, Mapping) else {}
    )


def _text(value: Any) -> str:
    """Return a value as Kubernetes writes it: YAML reads true where an entry means "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def merged(obj: Json, wanted: Entries, *, field: str) -> dict[str, str]:
    """Return the labels or annotations that an object would have."""
    present: dict[str, str | None] = dict((obj.get("metadata") or {}).get(field) or {})
    return {key: value for key, value in (present | wanted).items() if value is not None}


KINDS: Final = ("CronJob", "Job")
# A queue that decides which Jobs run resets the field.
_QUEUE: Final = "kueue.x-k8s.io/queue-name"
_OWN_CONTROLLER: Final = "kubernetes.io/job-controller"


class SuspensionAction(PatchAction):
    """Writes `spec.suspend`, as the class says."""

    writes = permissions_to("patch", KINDS)
    suspends: ClassVar[bool]

    @abstractmethod
    async def outcome(self, snapshot: Snapshot, obj: Json) -> tuple[tuple[Text, ...], tuple[Text, ...]]:
        """Return the effects and the warnings."""

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        me = plan.target
        if is_suspended(obj) and self.suspends:
            raise unsafe(f"{me} is already suspended", f"{me} 已处于暂停状态")
        if not is_suspended(obj) and not self.suspends:
            raise unsafe(f"{me} is not suspended", f"{me} 并未暂停")
        _check_decided_here(obj)
        says = Text(en=f"{me} was suspended", zh=f"{me} 已暂停")
        if not self.suspends:
            says = Text(en=f"{me} was resumed", zh=f"{me} 已恢复")
        effects, warnings = await self.outcome(snapshot, obj)
        # Not `null` to resume: the default of a Job is false, and the API server stores false.
        return Patch(body={"spec": {"suspend": self.suspends}}, says=says, effects=effects, warnings=warnings)

    def reverted(self, plan: Plan, obj: Json) -> Text | None:
        if is_suspended(obj) == self.suspends:
            return None
        return Text(en=f"{plan.target} was set back since", zh=f"{plan.target} 之后又被改了回去")

    async def effect_on(self, snapshot: Snapshot, obj: Json) -> EffectStatus:
        if obj.get("kind") == "CronJob":
            return await super().effect_on(snapshot, obj)
        pods = [pod for pod in await workloads.pods_of(snapshot, obj) if not has_ended(pod)]
        return _suspended(pods) if self.suspends else _resumed(obj, pods)


def _suspended(pods: list[Json]) -> EffectStatus:
    if pods:
        return effect(
            EffectState.PENDING, counted(len(pods), "pods are still terminating"), f"还有 {len(pods)} 个 Pod 正在退出"
        )
    return effect(EffectState.HEALTHY, "none of its pods runs", "已没有 Pod 在运行")


def _resumed(job: Json, pods: list[Json]) -> EffectStatus:
    up = [pod for pod in pods if not is_terminating(pod)]
    if failing := next(filter(None, map(workloads.why_failing, up)), ""):
        return effect(EffectState.FAILING, f"its pods fail: {failing}", f"其 Pod 失败：{failing}")
    if up or has_finished(job):
        return effect(EffectState.HEALTHY, "it runs again", "已继续运行")
    return effect(EffectState.PENDING, "none of its pods has started yet", "尚未启动 Pod")


def is_suspended(obj: Json) -> bool:
    """Tell whether a CronJob or a Job is suspended."""
    return bool((obj.get("spec") or {}).get("suspend"))


def _check_decided_here(obj: Json) -> None:
    """Refuse a write that would change nothing, or be reverted by an owner or a queue."""
    me, owner = ref(obj), controller_of(obj)
    if obj.get("kind") == "Job" and has_finished(obj):
        raise unsafe(f"{me} has finished: it cannot be suspended or resumed", f"{me} 已结束：无法暂停或恢复")
    # A CronJob does not reset the Jobs that it has created.
    if owner is not None and owner.kind != "CronJob":
        raise owned(me, owner)
    queue = ((obj.get("metadata") or {}).get("labels") or {}).get(_QUEUE)
    manager = (obj.get("spec") or {}).get("managedBy") or _OWN_CONTROLLER
    if queue or manager != _OWN_CONTROLLER:
        by = f"the Kueue queue {queue}" if queue else str(manager)
        by_zh = f"Kueue 队列 {queue}" if queue else str(manager)
        raise unsafe(
            f"{by} decides when {me} runs and would revert the change; change it there",
            f"{me} 何时运行由 {by_zh} 决定，修改会被改回；请在那里修改",
        )
