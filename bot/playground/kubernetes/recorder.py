"""Record the events that controllers, the scheduler and kubelets write when they act."""

from __future__ import annotations

from datetime import datetime

from bot.playground.kubernetes import events, times
from bot.playground.kubernetes.resources import EVENTS, WIRE, Json, Resource
from bot.playground.kubernetes.state import State

# The names under which controllers write events, by the kind of their objects.
CONTROLLERS: dict[str, str] = WIRE["controllers"]


class Recorder:
    """Writes events about objects of a state, at the time of its clock."""

    def __init__(self, *, state: State) -> None:
        self._state = state

    def write(
        self, about: Json, *, reason: str, message: str, source: str = "", kind: str = "Normal", container: str = ""
    ) -> None:
        """Write one event about an object, by default of its controller."""
        written = {"type": kind, "reason": reason, "message": message, "last": "-0s", "container": container}
        written["source"] = source or CONTROLLERS[about["kind"]]
        resource = self._state.registry.of_kind(about["kind"], api_version=about["apiVersion"])[0]
        self.record(written, about=about, resource=resource, now=self._state.now())

    def record(self, written: Json, *, about: Json, resource: Resource, now: datetime) -> None:
        """Write an event about an object from the short form of worlds."""
        number = self._state.next_event()
        self._put(events.recorded(written, involved=about, resource=resource, now=now, number=number))

    def scaled(self, owner: Json, *, name: str, before: int, after: int) -> None:
        self.write(owner, reason="ScalingReplicaSet", message=scaling_text(name, before=before, after=after))

    def started(self, pod: Json) -> None:
        """Write the events of a pod that starts: scheduled, and each container pulled, created and started."""
        metadata, node = pod["metadata"], pod["spec"].get("nodeName", "")
        if not node:
            return
        assigned = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
        self.write(pod, reason="Scheduled", message=assigned, source=events.SCHEDULER)
        for container in pod["spec"].get("containers") or ():
            for reason, message in WIRE["started"].items():
                told = message.format(container.get("image", ""))
                self.write(pod, reason=reason, message=told, source="kubelet", container=container["name"])

    def again(self, old: Json, new: Json) -> None:
        """Repeat the events of a pod for the pod that replaces it and has its fault."""
        before, after = old["metadata"], new["metadata"]
        for event in self._state.objects(EVENTS, before["namespace"]):
            about = event.get("involvedObject") or {}
            if about.get("uid") == before["uid"] and event.get("reason") != "Killing":
                message = event.get("message", "").replace(before["uid"], after["uid"])
                copied = event | {
                    "involvedObject": about | {"name": after["name"], "uid": after["uid"]},
                    "message": message.replace(before["name"], after["name"]),
                }
                self._put(_dated(copied, now=self._state.now(), number=self._state.next_event()))

    def _put(self, event: Json) -> None:
        metadata = event["metadata"]
        head = self._state.new_metadata(EVENTS, metadata["name"], namespace=metadata["namespace"])
        self._state.put(EVENTS, event | {"metadata": metadata | {"uid": head["uid"]}})


def _dated(event: Json, *, now: datetime, number: int) -> Json:
    """Return an event of now: with the name and the times of a new one."""
    plain, micro = times.timestamp(now), times.micro_timestamp(now)
    about, namespace = event["involvedObject"]["name"], event["metadata"]["namespace"]
    dated = event | {"metadata": events.new_metadata(about, namespace, at=now, number=number)}
    if not event.get("eventTime"):
        return dated | {"firstTimestamp": plain, "lastTimestamp": plain}
    series = {"series": event["series"] | {"lastObservedTime": micro}} if event.get("series") else {}
    return dated | {"eventTime": micro} | series


def creation_text(owner: Json, pod: Json) -> str:
    """Return the message of a controller that made a pod."""
    name = pod["metadata"]["name"]
    if owner["kind"] == "StatefulSet":
        return f"create Pod {name} in StatefulSet {owner['metadata']['name']} successful"
    return f"Created pod: {name}"


def scaling_text(name: str, *, before: int, after: int) -> str:
    """Return the message of the Deployment controller that scaled a ReplicaSet."""
    return f"Scaled {'up' if after > before else 'down'} replica set {name} from {before} to {after}"
