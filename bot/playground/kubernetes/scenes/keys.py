"""Define the keys of scenes and faults with their meaning, and check what an author wrote.

The tables are also the documentation: `docs/catalog.md` lists them.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bot.playground.kubernetes import times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.world_checks import WorldError

# Keys of a manifest are merged over the result of the short form.
MANIFEST: Final = frozenset({"metadata", "spec", "status"})


class Shape(StrEnum):
    """Describe the form of a key's value."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "true or false"
    TIME = "time"
    LIST = "list"
    MAPPING = "mapping"
    EITHER = "list or mapping"
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class Key:
    """One key: the shape of its value and its meaning."""

    shape: Shape
    says: str


Table = dict[str, Key]

ANY_OBJECT: Final[Table] = {
    "age": Key(Shape.TIME, "how long ago it was created: `20d`; a day if not given"),
    "labels": Key(Shape.MAPPING, "its labels; a workload's pods carry them and are selected by them (`{app: <name>}`)"),
    "annotations": Key(Shape.MAPPING, "its annotations"),
    "owner": Key(Shape.TEXT, "its controller, `Kind/name`"),
    "apiVersion": Key(Shape.TEXT, "needed for kinds that are not built in; their definition is made as well"),
    "plural": Key(Shape.TEXT, "the plural of a custom kind, where it is not the usual one"),
}  # fmt: skip
POD: Final[Table] = {
    "containers": Key(Shape.MAPPING, "name → image, or name → the container's fields, with `env`, `requests`, `limits` "
                      "and `mounts` (volume → path) as mappings, and `ports` as numbers or as name → number"),
    "init": Key(Shape.MAPPING, "init containers, written the same way"),
    "pod": Key(Shape.MAPPING, "further fields of the pod's spec: `hostNetwork`, `tolerations`, `volumes` …"),
    "claims": Key(Shape.MAPPING, "volume → name of a claim; of a StatefulSet: volume → `{size, class, access, mount}`"),
}  # fmt: skip
ONE_POD: Final[Table] = {
    "node": Key(Shape.TEXT, "where it runs; by default one of the nodes that take it"),
    "ip": Key(Shape.TEXT, "its address"),
    "log": Key(Shape.ANY, "what its container writes: text, or `{container, since, text}`, or a list of these"),
    "usage": Key(Shape.MAPPING, "container → `{cpu, memory}` as the metrics server reports it"),
}
WORKLOAD: Final[Table] = {
    "replicas": Key(Shape.NUMBER, "how many pods are wanted; by default as many as `pods` names, or one"),
    "pods": Key(Shape.EITHER, "names of pods, where a text mentions them; or name → node; or name → `{node, ip, age, "
                "labels, annotations, log, usage}`. The controllers name and place the others"),
    "selector": Key(Shape.MAPPING, "the labels that select its pods, where they are not all of `labels`"),
    "pod_labels": Key(Shape.MAPPING, "labels that only the pods carry"),
    "pod_annotations": Key(Shape.MAPPING, "annotations of the pod template"),
    "injected": Key(Shape.MAPPING, "containers that a webhook adds to the pods, as a service mesh does"),
    "before": Key(Shape.MAPPING, "the previous revision: the keys that differed, and the `pods` still left of it"),
    "usage": Key(Shape.MAPPING, "what the metrics server reports of each pod: container → `{cpu, memory}`"),
    "rolled": Key(Shape.TIME, "when the current revision came, where there was one before"),
}  # fmt: skip
JOB: Final[Table] = {
    "active": Key(Shape.FLAG, "the Job still runs; otherwise its pod has succeeded"),
    "ran": Key(Shape.TIME, "how long its pod ran"),
}
CRON_JOB: Final[Table] = {
    "schedule": Key(Shape.TEXT, "as crontab has it"),
    "job": Key(Shape.TEXT, "the name of the Job it made last"),
}
SERVICE: Final[Table] = {
    "ports": Key(Shape.ANY, "a port, or name → port, or name → `port:target:nodePort`"),
    "selector": Key(
        Shape.MAPPING, "the labels of its pods, `{}` for none; by default those of the workload of its name"
    ),
    "ip": Key(Shape.TEXT, "its cluster IP"),
    "type": Key(Shape.TEXT, "ClusterIP, NodePort or LoadBalancer"),
    "headless": Key(Shape.FLAG, "without a cluster IP"),
    "slice": Key(Shape.TEXT, "the name of its EndpointSlice, where a fault changes that"),
}
CLAIM: Final[Table] = {
    "size": Key(Shape.TEXT, "what it asks for and gets; 10Gi if not given"),
    "class": Key(Shape.TEXT, "its StorageClass; `standard` if not given, `none` for a claim that names none"),
    "access": Key(Shape.TEXT, "its access mode; ReadWriteOnce if not given"),
    "volume": Key(Shape.TEXT, "the PersistentVolume it is bound to; one is made if the scene has none of the name"),
}
VOLUME: Final[Table] = {
    "size": Key(Shape.TEXT, "its capacity; 10Gi if not given"),
    "class": Key(Shape.TEXT, "its StorageClass"),
    "access": Key(Shape.TEXT, "its access mode; ReadWriteOnce if not given"),
    "reclaim": Key(Shape.TEXT, "its reclaim policy; Delete if not given"),
    "claim": Key(Shape.TEXT, "namespace/name of the claim it is bound to"),
    "node": Key(Shape.TEXT, "the only node that reaches it: a local volume"),
}
LEASE: Final[Table] = {
    "holder": Key(Shape.TEXT, "who holds it"),
    "duration": Key(Shape.NUMBER, "for how many seconds; 15 if not given"),
    "transitions": Key(Shape.NUMBER, "how often it changed hands; 0 if not given"),
    "acquired": Key(Shape.TIME, "since when its holder has it; since it was created if not given"),
    "renewed": Key(Shape.TIME, "when it was last renewed; 2s if not given"),
}
API_SERVICE: Final[Table] = {"service": Key(Shape.TEXT, "namespace/name of the Service that serves it")}
AUTOSCALER: Final[Table] = {
    "target": Key(Shape.TEXT, "what it scales, `Kind/name`; the Deployment of its name if not given"),
    "min": Key(Shape.NUMBER, "the fewest replicas; 1 if not given"),
    "max": Key(Shape.NUMBER, "the most replicas; 10 if not given"),
    "container": Key(Shape.TEXT, "the only container whose use counts; all of a pod if not given"),
    "cpu": Key(Shape.NUMBER, "the use of CPU it aims at, in percent of what is requested; 80 if not given"),
    "uses": Key(Shape.NUMBER, "the use it measures, in percent; what it aims at if not given"),
    "replicas": Key(Shape.NUMBER, "how many replicas it counts; those of its target if not given"),
    "scaled": Key(Shape.TIME, "when it last scaled"),
}
AUTOSCALER_FAULTS: Final[Table] = {
    "no_metrics": Key(Shape.TEXT, "why it has no metrics, in the controller's words: ScalingActive is False"),
    "reason": Key(Shape.TEXT, "the reason beside that; FailedGetResourceMetric if not given"),
    "uses": Key(Shape.NUMBER, "the use it measures, in percent of what is requested"),
}  # fmt: skip
DEFINITION: Final[Table] = {
    "kind": Key(Shape.TEXT, "the kind it defines; group and plural are in its name"),
    "version": Key(Shape.TEXT, "the version it serves; v1 if not given"),
    "scope": Key(Shape.TEXT, "Namespaced or Cluster; Namespaced if not given"),
}
NODE: Final[Table] = {
    "zone": Key(Shape.TEXT, "its topology zone"),
    "ip": Key(Shape.TEXT, "its internal address"),
    "cpu": Key(Shape.ANY, "how many cores it offers to pods"),
    "memory": Key(Shape.TEXT, "how much memory it offers to pods"),
    "taints": Key(Shape.LIST, "`key=value:Effect`"),
}
CONTAINER_FAULTS: Final[Table] = {
    "waiting": Key(Shape.TEXT, "the reason it waits: CrashLoopBackOff, ImagePullBackOff, CreateContainerConfigError …"),
    "message": Key(Shape.TEXT, "the message beside that reason; the kubelet's own for CrashLoopBackOff"),
    "pull_error": Key(Shape.TEXT, "what the registry or the runtime answered; it waits with ImagePullBackOff"),
    "pulling": Key(Shape.TIME, "when the pull of its image began; it waits for that"),
    "pulled": Key(Shape.TEXT, "how long that took, in the kubelet's words: `12m28s`, `2.4s (7m19s including waiting)`"),
    "exited": Key(Shape.ANY, "how its last run ended: an exit code, or OOMKilled, Error, Completed, StartError"),
    "reason": Key(Shape.TEXT, "the reason beside that exit code, where it is not the usual one"),
    "exit_message": Key(Shape.TEXT, "its termination message"),
    "ago": Key(Shape.TIME, "when that run ended; 2m if not given"),
    "ran": Key(Shape.TIME, "how long it ran; if not given, since the pod's start or, restarted more than once, 5s"),
    "ended": Key(Shape.FLAG, "it is not started again"),
    "restarts": Key(Shape.NUMBER, "how often it was restarted"),
    "running": Key(Shape.TIME, "since when it runs again"),
    "ready": Key(Shape.FLAG, "false: it runs and is not ready"),
    "readiness": Key(Shape.TEXT, "why its readiness probe fails: it runs and is not ready"),
    "liveness": Key(Shape.TEXT, "why its liveness probe fails: the kubelet restarts it"),
    "startup": Key(Shape.TEXT, "why its startup probe fails"),
    "log": Key(Shape.ANY, "what it writes: text, or `{since, text}`"),
    "previous": Key(Shape.ANY, "what its last run wrote"),
}
POD_FAULTS: Final[Table] = {
    "container": Key(Shape.TEXT, "which container is meant, where there are several"),
    "containers": Key(Shape.MAPPING, "container → its faults, where several have some"),
    "unschedulable": Key(Shape.TEXT, "the scheduler's message: the pod is Pending without a node"),
    "gates": Key(Shape.LIST, "names of scheduling gates: no scheduler looks at the pod, and no event tells"),
    "scheduler": Key(Shape.TEXT, "a schedulerName that no scheduler has: nothing looks at the pod, nothing tells"),
    "scheduled": Key(Shape.TIME, "when the scheduler found a node for it after all"),
    "sandbox_error": Key(Shape.TEXT, "why the kubelet cannot make its sandbox: every container waits"),
    "mount_error": Key(Shape.TEXT, "why the kubelet cannot mount a volume: every container waits"),
    "attach_error": Key(Shape.TEXT, "why a volume cannot be attached to its node: every container waits"),
    "evicted": Key(Shape.TEXT, "the kubelet's message: the pod is Failed"),
    "rejected": Key(Shape.TEXT, "why the kubelet did not admit it (OutOfcpu, NodeAffinity …); `message` beside it"),
    "node": Key(Shape.TEXT, "another node than that of the scene"),
    "usage": ONE_POD["usage"],
}
WORKLOAD_FAULTS: Final[Table] = {
    "refused": Key(Shape.TEXT, "why the API server refuses its pods: a quota, a policy, a missing ServiceAccount"),
    "missing": Key(Shape.NUMBER, "how many of its pods are not there for that; all if not given"),
    "stuck": Key(Shape.TIME, "when its progress deadline passed"),
}
JOB_FAULTS: Final[Table] = {
    "failures": Key(Shape.NUMBER, "how many pods failed before the Job did; 1 if not given"),
}
NODE_FAULTS: Final[Table] = {
    "not_ready": Key(Shape.TEXT, "the kubelet's message: Ready is False"),
    "unreachable": Key(Shape.FLAG, "the kubelet no longer answers: every condition is Unknown"),
    "pressure": Key(Shape.TEXT, "disk, memory or pid"),
    "cordoned": Key(Shape.ANY, "true: it is marked unschedulable; or the field manager that did so: `kubectl-drain`"),
    "taints": Key(Shape.LIST, "further taints, `key=value:Effect`"),
}
CLAIM_FAULTS: Final[Table] = {
    "pending": Key(Shape.ANY, "true: it has no volume, for the reason that its class gives; or the message of the "
                   "event about it. Pods that use it cannot be scheduled"),
    "reason": Key(Shape.TEXT, "that event's reason"),
    "lost": Key(Shape.FLAG, "its volume is gone"),
}  # fmt: skip
ANY_FAULTS: Final[Table] = {
    "since": Key(Shape.TIME, "when it began: the time of the conditions that changed"),
    "conditions": Key(Shape.MAPPING, "type → status, or type → `{status, reason, message, since}`"),
    "events": Key(Shape.LIST, "`{reason, message, type, count, first, last, source, container}`; they replace those "
                  "that the fault brings by itself"),
    "deleted": Key(Shape.TIME, "its deletionTimestamp: it is going away"),
    "finalizers": Key(Shape.LIST, "what holds it"),
    "gone": Key(Shape.FLAG, "it does not exist; what refers to it does"),
}  # fmt: skip

_TYPES: Final[Mapping[Shape, tuple[type, ...]]] = {
    Shape.TEXT: (str,),
    Shape.NUMBER: (int,),
    Shape.FLAG: (bool,),
    Shape.TIME: (str, datetime),
    Shape.LIST: (list, tuple),
    Shape.MAPPING: (dict,),
    Shape.EITHER: (list, tuple, dict),
}


def check(form: Any, *tables: Table, path: tuple[str, ...], manifest: bool = True) -> Json:
    """Return a form whose keys are all known and of the right shape. WorldError, with the closest known key."""
    if not isinstance(form, dict):
        raise WorldError(f"{'.'.join(path)}: expected a mapping, got {form!r}", path=path)
    known = {name: key for table in tables for name, key in table.items()}
    for name, value in form.items():
        if name in MANIFEST and manifest:
            continue
        if name not in known:
            close = difflib.get_close_matches(str(name), [*known, *MANIFEST], n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; expected one of {', '.join(known)}"
            raise WorldError(f"{'.'.join(path)}: unknown key {name!r}{hint}", path=(*path, str(name)))
        shape = known[name].shape
        fits = shape is Shape.ANY or isinstance(value, _TYPES[shape])
        if not fits or (shape is Shape.NUMBER and isinstance(value, bool)):
            raise WorldError(f"{'.'.join(path)}: {name}: expected {shape}, got {value!r}", path=(*path, str(name)))
    return form


def moment(value: Any, *, now: datetime, path: tuple[str, ...] = ()) -> datetime:
    """Return the moment that "19m", "-19m" or a timestamp means. WorldError for anything else."""
    text = f"-{value}" if isinstance(value, str) and value[:1].isdigit() and value[-1:].isalpha() else value
    if (found := times.relative(text, now=now)) is not None:
        return found
    try:
        return value if isinstance(value, datetime) else times.parse(value)
    except (ValueError, AttributeError, TypeError):
        where = f"{'.'.join(path)}: " if path else ""
        raise WorldError(
            f'{where}expected a time such as "19m" or an RFC 3339 timestamp, got {value!r}', path=path
        ) from None
