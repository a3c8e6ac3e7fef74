"""Judge states that are no fault: held by an object's own spec, or just joined; look inside a namespace or Service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.autoscaling import target_of
from bot.kube.connection_policies import closed
from bot.kube.containers import containers_in
from bot.kube.node_readiness import is_joining, status_of_ready
from bot.kube.objects import (
    condition,
    created_at,
    label_selector,
    labels_of,
    name_of,
    namespace_of,
    pod_template_of,
    ref,
    spec_of,
    status_of,
)
from bot.kube.owners import last_written
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import REPLICATED, replicas_of
from bot.kube.services import is_ready_endpoint, may_still_come, selector_of, slices_of_service
from bot.kube.settling import lasting_problem
from bot.kube.timestamps import UNKNOWN, seconds_since
from bot.probes.contract import may
from intents.domain import Gap, Json, JudgedHypothesis, ObjectRef, Observation, Text
from intents.ranking import recovery_of
from intents.templates import duration
from intents.verdicts import supported

# The longest message of a condition that is quoted.
_MESSAGE: Final = 300
_NO_PODS: Final = Text(en="it has no pods", zh="没有 Pod")
_UNTOUCHED: Final = Text(en="its controller leaves it as it is", zh="其控制器不做任何改动")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A field of the spec that holds an object with this value. `effects` are by kind, "" stands for all others."""

    path: str
    value: object
    state: Text
    effects: Mapping[str, Text]
    kinds: frozenset[str] = frozenset()


_FIELDS: Final = (
    _Field(
        path="suspend",
        value=True,
        state=Text(en="is suspended", zh="已挂起"),
        effects={
            "CronJob": Text(en="it starts no Jobs", zh="不会启动 Job"),
            "Job": Text(en="it runs no pods", zh="不运行 Pod"),
            "": _UNTOUCHED,
        },
    ),
    _Field(
        path="paused",
        value=True,
        state=Text(en="is paused", zh="已暂停"),
        effects={
            "Deployment": Text(en="a change of its template is not rolled out", zh="模板的改动不会发布"),
            "": _UNTOUCHED,
        },
    ),
    _Field(path="replicas", value=0, state=Text(en="is scaled to zero", zh="被缩容到零"), effects={"": _NO_PODS}),
    _Field(path="parallelism", value=0, state=Text(en="is scaled to zero", zh="被缩容到零"), effects={"": _NO_PODS}),
    _Field(
        path="unschedulable",
        value=True,
        state=Text(en="is cordoned", zh="已被 cordon"),
        effects={"": Text(en="it takes no new pods", zh="不再接收新 Pod")},
        kinds=frozenset({"Node"}),
    ),
)
_HELD: Final = Text(en="{field} is {value}{writer}: {effect}.", zh="{field} 为 {value}{writer}：{effect}。")
_WRITER: Final = Text(en=", written by {} at least {} ago", zh="（由 {} 在至少 {} 前写入）")
_JOINS: Final = Text(en="joined the cluster {} ago and is not ready yet", zh="在 {} 前加入集群，尚未就绪")
_NO_NODE: Final = (
    Text(en="wants no pods", zh="不需要 Pod"),
    Text(en="No node has the labels that its template asks for.", zh="没有节点具有其模板所要求的标签。"),
)
_NO_SCALING: Final = (
    Text(en="does not scale", zh="不进行伸缩"),
    Text(
        en="Its target {} has 0 replicas. An autoscaler leaves such a workload alone until it has replicas again.",
        zh="其目标 {} 的副本数为 0。在恢复副本之前，自动扩缩容不会处理该工作负载。",
    ),
)
_NO_BACKEND: Final = (
    Text(en="{} has no endpoints: its pods were scaled to zero", zh="{} 没有端点：其 Pod 已被缩容到零"),
    Text(en="{} has spec.replicas 0.", zh="{} 的 spec.replicas 为 0。"),
)
_CLOSED: Final = (
    Text(en="{} is isolated: NetworkPolicies admit nobody", zh="{} 被 NetworkPolicy 隔离：不接受任何客户端"),
    Text(en="No ingress rule lets anyone reach its ports: {}.", zh="没有入站规则放行对其端口的访问：{}。"),
)
_PODS_READY: Final = Text(en="{} of {} pods are ready", zh="{}/{} 个 Pod 就绪")
_CONTAINERS_READY: Final = Text(en="all its containers are ready", zh="所有容器均已就绪")
_NEVER_RESTARTED: Final = Text(en="{}, none was restarted", zh="{}，没有重启过")
_RESTARTED: Final = Text(en="{}, the last restart was {} ago", zh="{}，上次重启在 {} 前")
_RECOVERED: Final = Text(en="{} has recovered", zh="{} 已恢复")


def standing_of(obj: Json, kind: str, now: datetime) -> tuple[Text, ...]:
    """Return the state of an object that is no fault, and what is known of it; () for an object in ordinary use."""
    subject = str(ref(obj, kind))
    for state, says in _standings(obj, kind, now):
        return (Text(en=f"{subject} {state.en}", zh=f"{subject} {state.zh}"), says)
    return ()


def well_of(obj: Json, kind: str, now: datetime) -> Text | None:
    """Return what the status of a workload or pod shows if all of it is ready, None otherwise."""
    if kind in REPLICATED:
        counts = replicas_of({**obj, "kind": kind})
        return _PODS_READY.filled(counts.ready, counts.desired) if 0 < counts.desired <= counts.ready else None
    running = [each for each in containers_in(obj) if not each.init] if kind == "Pod" else []
    if not running or not all(each.ready for each in running):
        return None
    if not any(each.restarts for each in running):
        return _NEVER_RESTARTED.filled(_CONTAINERS_READY)
    ended = max(str(each.last_end.get("finishedAt") or "") for each in running)
    since_s = seconds_since(ended, now)
    return _RESTARTED.filled(_CONTAINERS_READY, duration(since_s)) if since_s != UNKNOWN else _CONTAINERS_READY


def recovered(about: ObjectRef, judged: Sequence[JudgedHypothesis]) -> tuple[Text, ...]:
    """Return that an object has recovered and from what; () if no incident of it is over."""
    over = next(filter(None, map(recovery_of, judged)), None)
    return (_RECOVERED.filled(about), over.says) if over else ()


def unsaid(standing: Sequence[Text], judged: Sequence[JudgedHypothesis]) -> tuple[Text, ...]:
    """Return the state of an object unless the summary of a hypothesis that is supported says the same."""
    for state in standing[:1]:
        says = state.en.partition(" ")[2]
        if any(supported(one) and says in one.summary.en for one in judged):
            return ()
    return tuple(standing)


def _standings(obj: Json, kind: str, now: datetime) -> Iterator[tuple[Text, Text]]:
    if kind == "Node" and is_joining(obj, now):
        joined = duration(seconds_since(created_at(obj), now))
        ready = condition(obj, "Ready")
        told = ": ".join(str(ready[key]) for key in ("reason", "message") if ready.get(key))
        says = f"Ready={status_of_ready(obj)}{f' {told}' if told else ''}"[:_MESSAGE]
        yield _JOINS.filled(joined), Text.same(f"{says.rstrip('.')}.")
    for each in _FIELDS:
        if spec_of(obj).get(each.path) == each.value and (not each.kinds or kind in each.kinds):
            yield each.state, _held(obj, kind, each, now)
    if kind == "DaemonSet" and status_of(obj).get("desiredNumberScheduled") == 0:
        yield _NO_NODE
    if condition(obj, "ScalingActive").get("reason") == "ScalingDisabled":
        state, says_why = _NO_SCALING
        yield state, says_why.filled(" ".join(filter(None, target_of(obj))))


def _held(obj: Json, kind: str, field: _Field, now: datetime) -> Text:
    written = last_written(obj, ("spec", field.path))
    since_s = seconds_since(written.time, now)
    writer = _WRITER.filled(written.manager, duration(since_s)) if since_s != UNKNOWN else Text.same("")
    effect = field.effects.get(kind) or field.effects[""]
    value = str(field.value).lower()
    return _HELD.filled(field=f"spec.{field.path}", value=value, writer=writer, effect=effect)


PERMISSIONS: Final = may(
    "list",
    "pods",
    "endpointslices.discovery.k8s.io",
    "networkpolicies.networking.k8s.io",
    "deployments.apps",
    "statefulsets.apps",
)
# So many unhealthy pods are told.
_PODS: Final = 3
_SCALED: Final = ("Deployment", "StatefulSet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The trouble inside, the intended state that explains it, if any, and the gaps."""

    troubles: tuple[Observation, ...] = ()
    standing: tuple[Text, ...] = ()
    gaps: tuple[Gap, ...] = ()


async def inside_of(snapshot: Snapshot, obj: Json, kind: str) -> Inside:
    """Return what is not well in a namespace, or behind a Service; nothing for other kinds."""
    look = _Look(snapshot=snapshot)
    standing: tuple[Text, ...] = ()
    troubles: tuple[Observation, ...] = ()
    if kind == "Namespace":
        troubles = look.unhealthy(await look.items("Pod", namespace=name_of(obj)))
    elif kind == "Service" and spec_of(obj).get("type") != "ExternalName":
        troubles = await look.behind(obj)
        if selector_of(obj):
            standing = await (look.scaled_to_zero(obj) if troubles else look.isolated(obj))
    return Inside(troubles=() if standing else troubles, standing=standing, gaps=tuple(dict.fromkeys(look.gaps)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    snapshot: Snapshot
    gaps: list[Gap] = field(default_factory=list)

    async def items(self, kind: str, *, namespace: str, labels: str = "") -> tuple[Json, ...] | None:
        """Return the objects of a list, None where it cannot be read in full, which is a gap."""
        try:
            listing = await self.snapshot.list(kind, namespace=namespace, labels=labels)
        except ClusterError as error:
            self.gaps.append(error.gap())
            return None
        gap = listing.gap(f"{kind}s")
        self.gaps.extend([gap] if gap else [])
        return None if gap else tuple(listing.items)

    def unhealthy(self, pods: tuple[Json, ...] | None) -> tuple[Observation, ...]:
        """Return a few pods that are not well."""
        problems = [(pod, lasting_problem(pod, "Pod", self.snapshot.now)) for pod in pods or ()]
        found = [Observation(subject=ref(pod, "Pod"), quote=text) for pod, text in problems if text]
        return tuple(sorted(found, key=lambda one: one.subject)[:_PODS])

    async def behind(self, service: Json) -> tuple[Observation, ...]:
        """Return the unhealthy pods behind a Service, else that it has no pods, else that none is its endpoint."""
        namespace, labels = namespace_of(service), label_selector(dict(selector_of(service)))
        endpoints = self.items("EndpointSlice", namespace=namespace, labels=slices_of_service(name_of(service)))
        if not labels:
            await endpoints
            return ()
        slices, pods = await asyncio.gather(endpoints, self.items("Pod", namespace=namespace, labels=labels))
        if found := self.unhealthy(pods):
            return found
        quote = ""
        if pods is not None and not pods:
            quote = f"no pod has the labels of its selector, {labels}"
        elif slices is None or may_still_come(created_at(service), self.snapshot.now):
            return ()
        elif any(map(is_ready, pods or ())):
            answered = any(map(is_ready_endpoint, (each for one in slices for each in one.get("endpoints") or ())))
            quote = "" if answered else f"its pods are ready, and none is an endpoint of it; selector {labels}"
        return (Observation(subject=ref(service, "Service"), quote=quote),) if quote else ()

    async def scaled_to_zero(self, service: Json) -> tuple[Text, ...]:
        """Return the state of a Service whose workloads are all meant to have no pods; () otherwise."""
        namespace, selector = namespace_of(service), selector_of(service)
        listed = await asyncio.gather(*(self.items(kind, namespace=namespace) for kind in _SCALED))
        selected = [
            ref(each, kind) if spec_of(each).get("replicas") == 0 else None
            for kind, items in zip(_SCALED, listed, strict=True)
            for each in items or ()
            if selector.items() <= labels_of(pod_template_of(each)).items()
        ]
        meant = [each for each in selected if each is not None]
        if not meant or len(meant) < len(selected):
            return ()
        state, says = _NO_BACKEND
        names = ", ".join(f"{each.kind} {each.name}" for each in meant)
        return (state.filled(ref(service, "Service")), says.filled(names))

    async def isolated(self, service: Json) -> tuple[Text, ...]:
        """Return the state of a Service to whose pods NetworkPolicies admit nobody; () otherwise."""
        namespace, labels = namespace_of(service), label_selector(dict(selector_of(service)))
        policies = await self.items("NetworkPolicy", namespace=namespace)
        pods = await self.items("Pod", namespace=namespace, labels=labels) if policies else None
        facts = closed(service, pods, policies) if pods and policies else None
        if facts is None:
            return ()
        state, says = _CLOSED
        return (state.filled(ref(service, "Service")), says.filled("; ".join(facts.admits)))
