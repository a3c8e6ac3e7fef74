"""Record the events that controllers, the scheduler and kubelets write when they act."""

from __future__ import annotations

from typing import Any

from bot.playground.kubernetes import events, times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State

EVENTS = ("", "events")
# The names under which controllers write events, by the kind of their objects.
CONTROLLERS = {
    "Deployment": "deployment-controller",
    "ReplicaSet": "replicaset-controller",
    "StatefulSet": "statefulset-controller",
    "DaemonSet": "daemonset-controller",
    "Job": "job-controller",
    "ReplicationController": "replication-controller",
}


class Recorder:
    """Writes events about objects of a state, at the time of its clock."""

    def __init__(self, *, state: State) -> None:
        self._state = state

    def now(self) -> str:
        """Return the time as objects carry it."""
        return times.timestamp(self._state.now())

    def write(self, about: Json, *, reason: str, message: str, source: str, kind: str = "Normal", **more: Any) -> None:
        """Write one event about an object; `more` are further arguments of `events.recorded`."""
        state = self._state
        resource = state.registry.of_kind(about["kind"], api_version=about["apiVersion"])[0]
        now = state.now()
        event = events.recorded(
            involved=about,
            resource=resource,
            reason=reason,
            message=message,
            kind=kind,
            source=source,
            first=now,
            last=now,
            number=state.next_event(),
            **more,
        )
        self._put(event)

    def scaled(self, owner: Json, *, name: str, before: int, after: int) -> None:
        message = scaling_text(name, before=before, after=after)
        self.write(owner, reason="ScalingReplicaSet", message=message, source=CONTROLLERS[owner["kind"]])

    def made(self, owner: Json, pod: Json) -> None:
        message = creation_text(owner, pod)
        self.write(owner, reason="SuccessfulCreate", message=message, source=CONTROLLERS[owner["kind"]])

    def unmade(self, owner: Json, pod: Json) -> None:
        message = f"Deleted pod: {pod['metadata']['name']}"
        self.write(owner, reason="SuccessfulDelete", message=message, source=CONTROLLERS[owner["kind"]])

    def ended(self, job: Json, *, reason: str, message: str) -> None:
        kind = "Normal" if reason == "Completed" else "Warning"
        self.write(job, reason=reason, message=message, kind=kind, source=CONTROLLERS["Job"])

    def started(self, pod: Json) -> None:
        """Write the events of a pod that starts: scheduled, and each container pulled, created and started."""
        metadata, node = pod["metadata"], pod["spec"].get("nodeName", "")
        if not node:
            return
        assigned = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
        self.write(pod, reason="Scheduled", message=assigned, source=events.SCHEDULER, series=True)
        for container in pod["spec"].get("containers") or ():
            name, image = container["name"], container.get("image", "")
            pulled = f'Container image "{image}" already present on machine and can be accessed by the pod'
            self.write(pod, reason="Pulled", message=pulled, source="kubelet", container=name)
            self.write(pod, reason="Created", message="Container created", source="kubelet", container=name)
            self.write(pod, reason="Started", message="Container started", source="kubelet", container=name)

    def again(self, old: Json, new: Json) -> None:
        """Repeat the events of a pod for the pod that replaces it and has its fault."""
        namespace, uid = old["metadata"]["namespace"], old["metadata"]["uid"]
        now = self._state.now()
        plain, micro = times.timestamp(now), times.micro_timestamp(now)
        for event in self._state.store.objects(table=EVENTS, namespace=namespace):
            involved = event.get("involvedObject") or {}
            if involved.get("uid") != uid or event.get("reason") == "Killing":
                continue
            number = int(now.timestamp() * 1_000_000) * 1000 + self._state.next_event()
            name = f"{new['metadata']['name']}.{number:x}"
            message = event.get("message", "").replace(uid, new["metadata"]["uid"])
            copied = event | {
                "metadata": {"name": name, "namespace": namespace, "creationTimestamp": plain},
                "involvedObject": involved | {"name": new["metadata"]["name"], "uid": new["metadata"]["uid"]},
                "message": message.replace(old["metadata"]["name"], new["metadata"]["name"]),
            }
            if event.get("eventTime"):
                copied["eventTime"] = micro
                if event.get("series"):
                    copied["series"] = event["series"] | {"lastObservedTime": micro}
            else:
                copied |= {"firstTimestamp": plain, "lastTimestamp": plain}
            self._put(copied)

    def _put(self, event: Json) -> None:
        metadata = event["metadata"]
        uid = self._state.store.new_uid(table=EVENTS, namespace=metadata["namespace"], name=metadata["name"])
        named = event | {"metadata": metadata | {"uid": uid}}
        self._state.put(resource=self._state.registry.of_table(EVENTS), obj=named)


def creation_text(owner: Json, pod: Json) -> str:
    """Return the message of a controller that made a pod."""
    name = pod["metadata"]["name"]
    if owner["kind"] == "StatefulSet":
        return f"create Pod {name} in StatefulSet {owner['metadata']['name']} successful"
    return f"Created pod: {name}"


def scaling_text(name: str, *, before: int, after: int) -> str:
    """Return the message of the Deployment controller that scaled a ReplicaSet."""
    return f"Scaled {'up' if after > before else 'down'} replica set {name} from {before} to {after}"
