"""Choose examples of what may be asked that fit a cluster now: about what is unhealthy, else about what exists."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import namespace_of, ref
from bot.kube.settling import lasting_problem
from intents.domain import Json, ObjectRef, Text

_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_KINDS: Final = (*_WORKLOADS, "Node", "CronJob")
# What comes with a cluster is no example of what its people run.
_OF_THE_CLUSTER: Final = frozenset({"kube-system", "kube-public", "kube-node-lease", "default"})
_EXAMPLES: Final = 3
GENERAL: Final = (
    Text(en="is the cluster ok?", zh="集群正常吗？"),
    Text(en="what changed in shop since yesterday?", zh="shop 从昨天起有什么变化？"),
    Text(en="what does OOMKilled mean?", zh="OOMKilled 是什么意思？"),
)


async def examples_for(snapshot: Snapshot, *, home: str = "") -> tuple[Text, ...]:
    """Return three questions about objects that the asker may see, those in trouble first; general ones if none is
    seen. `home` is the asker's namespace. Raise no ClusterError.
    """
    found = await asyncio.gather(*(snapshot.list_readable(kind) for kind in _KINDS))
    seen = [(obj, kind) for kind, objects in zip(_KINDS, found, strict=True) for obj in objects]
    seen.sort(key=lambda one: _order(*one, home=home, snapshot=snapshot))
    examples = dict.fromkeys(_examples(seen, snapshot))
    return (*examples, *GENERAL)[:_EXAMPLES]


def _order(obj: Json, kind: str, *, home: str, snapshot: Snapshot) -> tuple[bool, bool, bool, str]:
    return (
        not lasting_problem(obj, kind, snapshot.now),
        namespace_of(obj) in _OF_THE_CLUSTER,
        bool(home) and namespace_of(obj) != home,
        str(ref(obj, kind)),
    )


def _examples(seen: list[tuple[Json, str]], snapshot: Snapshot) -> Iterator[Text]:
    """Yield what to ask about the first: why it is not well, its log, what changed around it."""
    troubled = [ref(obj, kind) for obj, kind in seen if lasting_problem(obj, kind, snapshot.now)]
    for one in troubled[:1]:
        yield Text(en=f"what is wrong with {_name(one)}?", zh=f"{_name(one)} 出了什么问题？")
    workloads = [ref(obj, kind) for obj, kind in seen if kind in _WORKLOADS]
    for one in workloads[:1]:
        if not troubled:
            yield Text(en=f"is {_name(one)} ok?", zh=f"{_name(one)} 正常吗？")
        yield Text(en=f"show me the logs of {_name(one)}", zh=f"看一下 {_name(one)} 的日志")
        yield Text(en=f"what changed in {one.namespace}?", zh=f"{one.namespace} 有什么变化？")


def _name(one: ObjectRef) -> str:
    return f"node {one.full_name}" if one.kind == "Node" else one.full_name
