"""Build the texts of kubelet, scheduler and controllers: events, and messages of waiting containers."""

from __future__ import annotations

from typing import Any, Final

from bot.playground.kubernetes.recorder import CONTROLLERS, creation_text, scaling_text
from bot.playground.kubernetes.resources import Json

CRASH_LOOP: Final = "CrashLoopBackOff"
PULLING: Final = frozenset({"ImagePullBackOff", "ErrImagePull"})
# The reasons of the events of a pod that was scheduled and whose containers started.
OF_START: Final = frozenset({"Scheduled", "Pulled", "Created", "Started"})
_LONGEST_BACK_OFF: Final = 300

# The exit codes of the reasons in a container's status.
EXIT_CODES: Final = {
    "Completed": 0,
    "ContainerCannotRun": 127,
    "ContainerStatusUnknown": 137,
    "Error": 1,
    "OOMKilled": 137,
    "StartError": 128,
}
# Faults that block the creation of every container of a pod: the event's reason, the start of its message, its source.
PREPARATIONS: Final = {
    "sandbox_error": ("FailedCreatePodSandBox", "Failed to create pod sandbox: ", "kubelet"),
    "mount_error": ("FailedMount", "", "kubelet"),
    "attach_error": ("FailedAttachVolume", "", "attachdetach-controller"),
}
# The condition of a node under pressure, with its reason and message.
PRESSURES: Final = {
    "disk": ("DiskPressure", "KubeletHasDiskPressure", "kubelet has disk pressure"),
    "memory": ("MemoryPressure", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    "pid": ("PIDPressure", "KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
}


def back_off(pod: Json, container: str, *, restarts: int) -> str:
    """Return the message of a container in CrashLoopBackOff; the pause doubles from ten seconds to five minutes."""
    seconds = min(10 * 2 ** max(0, restarts - 1), _LONGEST_BACK_OFF)
    minutes, rest = divmod(seconds, 60)
    span = f"{minutes}m{rest}s" if minutes else f"{rest}s"
    return f"back-off {span} restarting failed container={container} pod={_full_name(pod)}"


def waiting_message(pod: Json, container: Json, *, reason: str, restarts: int, cause: str) -> str:
    """Return the kubelet's message beside the reason for which a container waits."""
    if reason == CRASH_LOOP:
        return back_off(pod, container["name"], restarts=restarts)
    if reason == "ImagePullBackOff":
        return f'Back-off pulling image "{container.get("image", "")}"'
    return cause if reason in PULLING else ""


def of_waiting(pod: Json, container: Json, *, reason: str, message: str, count: int) -> list[Json]:
    """Return the events a kubelet writes about a container that does not start."""
    name, image = container["name"], container.get("image", "")
    if reason == CRASH_LOOP:
        text = f"Back-off restarting failed container {name} in pod {_full_name(pod)}"
        return [_event("BackOff", text, container=name, count=count)]
    if reason in PULLING:
        return of_pulling(container, cause=message)
    if reason in ("ContainerCreating", "PodInitializing") or not message:
        return []
    if reason == "InvalidImageName":
        text = f'Failed to apply default image tag "{image}": {message}'
        return [_event("InspectFailed", text, container=name, count=count)]
    return [_event("Failed", f"Error: {message}", container=name, count=count)]


def of_pulling(container: Json, *, cause: str) -> list[Json]:
    """Return the events a kubelet writes about an image that it cannot pull."""
    name, image = container["name"], container.get("image", "")
    failed = [_event("Failed", f'Failed to pull image "{image}": {cause}', container=name, count=4)] if cause else []
    return [
        _event("Pulling", f'Pulling image "{image}"', container=name, count=4, type="Normal"),
        *failed,
        _event("Failed", "Error: ErrImagePull", container=name, count=4),
        _event("BackOff", f'Back-off pulling image "{image}"', container=name, count=18, type="Normal"),
        _event("Failed", "Error: ImagePullBackOff", container=name, count=18),
    ]


def of_pull(container: Json, *, took: str) -> list[Json]:
    """Return the events of a pull in progress, or of a slow pull after which the container started."""
    name, image = container["name"], container.get("image", "")
    pulling = _event("Pulling", f'Pulling image "{image}"', container=name, type="Normal")
    return [pulling, *_of_run(name, pulled=f'Successfully pulled image "{image}" in {took}')] if took else [pulling]


def _of_run(container: str, *, pulled: str) -> list[Json]:
    messages = {
        "Pulled": pulled,
        "Created": f"Created container: {container}",
        "Started": f"Started container {container}",
    }
    return [_event(reason, text, container=container, type="Normal") for reason, text in messages.items()]


def of_probe(kind: str, text: str, *, container: str, count: int) -> list[Json]:
    """Return the events of a probe that fails: `kind` is Readiness, Liveness or Startup."""
    failing = [_event("Unhealthy", f"{kind} probe failed: {text}", container=container, count=count)]
    if kind == "Readiness":
        return failing
    killed = f"Container {container} failed {kind.lower()} probe, will be restarted"
    return [*failing, _event("Killing", killed, container=container, type="Normal")]


def of_start(pod: Json, *, owner: Json | None) -> list[Json]:
    """Return the events of a pod that starts."""
    metadata, spec = pod["metadata"], pod["spec"]
    assigned = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {spec.get('nodeName', '')}"
    # The scheduler binds a DaemonSet's pods too; a static pod has its node in its manifest.
    told = [_event("Scheduled", assigned, type="Normal")] if owner is not None else []
    for each in spec.get("containers") or ():
        present = f'Container image "{each.get("image", "")}" already present on machine'
        told += _of_run(each["name"], pulled=present)
    return told


def of_creation(owner: Json, pod: Json) -> Json:
    """Return the event that a controller writes about itself when it makes a pod."""
    return _event("SuccessfulCreate", creation_text(owner, pod), source=CONTROLLERS[owner["kind"]], type="Normal")


def of_scaling(owner: Json, replica_set: str, *, replicas: int) -> Json:
    """Return the event that a Deployment's controller writes when it makes a ReplicaSet."""
    text = scaling_text(replica_set, before=0, after=replicas)
    return _event("ScalingReplicaSet", text, source=CONTROLLERS[owner["kind"]], type="Normal")


def refusal_of(owner: Json, *, pod: str, because: str) -> Json:
    """Return the event that a controller writes when the API server refuses its pod."""
    text = f"Error creating: {because}"
    if owner["kind"] == "StatefulSet":
        text = f"create Pod {pod} in StatefulSet {owner['metadata']['name']} failed error: {because}"
    return _event("FailedCreate", text, source=CONTROLLERS[owner["kind"]])


def _full_name(pod: Json) -> str:
    metadata = pod["metadata"]
    return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"


def _event(reason: str, message: str, **more: Any) -> Json:
    return {"reason": reason, "message": message} | more
