"""What actions have in common that change the pod template of a workload, or one container of it.

An object that an operator makes is not theirs to change; and a StatefulSet may wait for a broken pod for ever.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, ref
from bot.kube.pod_readiness import is_ready
from bot.kube.replicas import replicas_of
from bot.remedies.contract import Applied, Plan, Refusal, Settling
from bot.remedies.shared import rollouts, workloads
from bot.remedies.shared.kinds import WORKLOADS
from bot.remedies.shared.patching import Patch, Patching, holds
from bot.remedies.shared.refusing import unsafe
from bot.remedies.shared.template_revisions import current_of, pods_at, revisions_of
from intents.domain import Json, Text

_LISTS: Final = ("containers", "initContainers")
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a pod template. `key` is the list of the template that it stands in."""

    key: str
    manifest: Json

    @property
    def name(self) -> str:
        return str(self.manifest.get("name", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerChange:
    """The fields of a container to write; `says` what was done once they are."""

    fields: Mapping[str, Any]
    says: Text
    effects: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()


class TemplatePatching(Patching):
    """A patch of a workload's pod template."""

    kinds: ClassVar[tuple[str, ...]] = WORKLOADS

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        if applied.outlook.owner is None or applied.outlook.wanted == 0:
            # No pod is replaced by it, or none is there to be: what was to be done is done.
            return await holds(snapshot, plan.target)
        # A rollout that got stuck left pods of the template that is now wanted again: those stay, and nothing is to
        # take their place.
        stay = await _current_pods(snapshot, plan)
        known = tuple(uid for uid in applied.outlook.known if uid not in stay)
        return await super().settled(snapshot, plan, replace(applied, outlook=replace(applied.outlook, known=known)))


class ContainerPatching(TemplatePatching):
    """A patch of one container: a subclass names itself and says which of its fields change."""

    async def change(
        self, snapshot: Snapshot, plan: Plan, workload: Json, container: Container
    ) -> ContainerChange | Refusal:
        """The change, or why it would do harm, or nothing. Raises ClusterError for what cannot be read."""
        raise NotImplementedError

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        # Before anything is said of its containers: who owns it has them from elsewhere.
        if refusal := rollouts.never_rolled_out(obj):
            return refusal
        container = container_in(obj, plan.args.get("container"))
        if isinstance(container, Refusal):
            return container
        change = await self.change(snapshot, plan, obj, container)
        if isinstance(change, Refusal):
            return change
        written = {"name": container.name, **change.fields}
        return Patch(
            body={"spec": {"template": {"spec": {container.key: [written]}}}},
            type="strategic",
            says=change.says,
            effects=change.effects,
            warnings=(*change.warnings, *await beforehand(snapshot, obj)),
            rolls_out=True,
        )


async def _current_pods(snapshot: Snapshot, plan: Plan) -> frozenset[str]:
    """The uids of pods that are as the template wants them; of none, where that cannot be read."""
    try:
        workload = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        current = current_of(workload, await revisions_of(snapshot, workload))
        pods = () if current is None else await pods_at(snapshot, workload, current)
    except ClusterError:
        return frozenset()
    return frozenset(map(workloads.uid_of, pods))


def containers_of(workload: Json) -> tuple[Container, ...]:
    """The containers of a pod template, those that run for long first."""
    spec = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
    return tuple(Container(key=key, manifest=each) for key in _LISTS for each in spec.get(key) or ())


def container_in(workload: Json, name: Any) -> Container | Refusal:
    """The container of that name; without a name, the only one there is."""
    me, found = ref(workload), containers_of(workload)
    names = [each.name for each in found]
    if not is_given(name):
        running = [each for each in found if each.key == _LISTS[0]]
        if len(running) == 1:
            return running[0]
        return unsafe(
            f"{me} has several containers ({', '.join(names)}): say which one",
            f"{me} 有多个容器（{'、'.join(names)}）：请指明是哪一个",
        )
    if (one := next((each for each in found if each.name == str(name)), None)) is not None:
        return one
    meant = did_you_mean(str(name), names)
    return unsafe(
        f"{me} has no container {name}; it has {', '.join(names) or 'none'}{meant.en}",
        f"{me} 没有容器 {name}；现有：{'、'.join(names) or '无'}{meant.zh}",
    )


def did_you_mean(word: str, known: Iterable[str]) -> Text:
    """The end of a sentence that names the closest of what there is; empty where nothing is close."""
    closest = difflib.get_close_matches(word.lower(), list(known), n=1)
    return Text(en=f"; did you mean {closest[0]}?", zh=f"；是否指 {closest[0]}？") if closest else Text.same("")


def is_given(value: Any) -> bool:
    """Whether an argument was given at all: an empty field of a form leaves its value alone."""
    return value is not None and str(value).strip() != ""


async def beforehand(snapshot: Snapshot, workload: Json) -> tuple[Text, ...]:
    """What of a workload as it is now keeps a new template from showing in its pods."""
    me = ref(workload)
    if workload.get("kind") != "DaemonSet" and replicas_of(workload).desired == 0:
        return (
            Text(en=f"{me} is scaled to 0: it shows only once it is scaled up", zh=f"{me} 已缩容到 0：扩容后才会体现"),
        )
    if workload.get("kind") != "StatefulSet" or (workload.get("spec") or {}).get("podManagementPolicy") == "Parallel":
        return ()
    pods = await workloads.pods_of(snapshot, workload)
    waiting = [name_of(pod) for pod in pods if not is_ready(pod) and not workloads.is_leaving(pod)][:_SHOWN]
    if not waiting:
        return ()
    return (
        Text(
            en=(
                f"Not ready now: {', '.join(waiting)}. A StatefulSet may wait for such a pod rather than replace it: "
                "if it stays as it is, restart that pod as well"
            ),
            zh=f"当前未就绪：{'、'.join(waiting)}。StatefulSet 可能会一直等待而不替换它：如果没有变化，请再重启该 Pod",
        ),
    )
