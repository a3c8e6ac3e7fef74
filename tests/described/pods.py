"""Write pods, and what descriptions of all kinds begin with, as `kubectl describe` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Object = Mapping[str, Any]
WIDTH: Final = 18


def field(key: str, value: object, indent: int = 0) -> str:
    text = "<none>" if value in (None, "") else str(value)
    return f"{' ' * indent}{key + ':':<{WIDTH}}  {text}"


def map_lines(key: str, values: Mapping[str, Any] | None, indent: int = 0, *, by: str = "=") -> Iterator[str]:
    pairs = [f"{name}{by}{value}" for name, value in sorted((values or {}).items())]
    yield field(key, pairs[0] if pairs else None, indent)
    yield from (f"{' ' * (indent + WIDTH + 2)}{pair}" for pair in pairs[1:])


def head_lines(obj: Object, *, namespace: bool = True) -> Iterator[str]:
    meta = obj["metadata"]
    yield field("Name", meta["name"])
    if namespace:
        yield field("Namespace", meta.get("namespace", ""))


def tag_lines(obj: Object) -> Iterator[str]:
    yield from map_lines("Labels", obj["metadata"].get("labels"))
    yield from map_lines("Annotations", obj["metadata"].get("annotations"), by=": ")


def owner_lines(obj: Object) -> Iterator[str]:
    for owner in obj["metadata"].get("ownerReferences", ()):
        if owner.get("controller"):
            yield field("Controlled By", f"{owner['kind']}/{owner['name']}")


def selector_of(of: Object) -> str:
    selector = of["spec"].get("selector") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(selector.get("matchLabels", selector).items()))


def pod_lines(pod: Object) -> Iterator[str]:
    spec, status = pod["spec"], pod.get("status", {})
    yield from head_lines(pod)
    yield field("Priority", spec.get("priority", 0))
    yield field("Service Account", spec.get("serviceAccountName", "default"))
    node = spec.get("nodeName")
    yield field("Node", f"{node}/{status.get('hostIP', '')}" if node else None)
    yield field("Start Time", status.get("startTime", ""))
    yield from tag_lines(pod)
    deleted = pod["metadata"].get("deletionTimestamp")
    yield field("Status", "Terminating (lasts 3m)" if deleted else status.get("phase", "Unknown"))
    yield from (field(key, status[key.lower()]) for key in ("Reason", "Message") if status.get(key.lower()))
    yield field("IP", status.get("podIP", ""))
    yield from owner_lines(pod)
    for title, containers, states in (
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
    ):
        if spec.get(containers):
            yield f"{title}:"
            by_name = {each["name"]: each for each in status.get(states, ())}
            for container in spec[containers]:
                yield f"  {container['name']}:"
                yield from container_lines(container, by_name.get(container["name"]), 4)
    yield "Conditions:"
    yield "  Type                        Status"
    for each in status.get("conditions", ()):
        yield f"  {each['type']:<26}  {each['status']} "
    yield from volume_lines(spec, 0)
    yield field("QoS Class", status.get("qosClass", "BestEffort"))
    yield from placement_lines(spec, 0)


def container_lines(container: Object, status: Object | None, indent: int) -> Iterator[str]:
    yield field("Image", container.get("image"), indent)
    ports = (f"{port.get('containerPort')}/{port.get('protocol', 'TCP')}" for port in container.get("ports", ()))
    yield field("Port", ", ".join(ports), indent)
    for key in ("command", "args"):
        if container.get(key):
            yield f"{' ' * indent}{key.capitalize()}:"
            yield from (f"{' ' * (indent + 2)}{line}" for each in container[key] for line in str(each).split("\n"))
    if status is not None:
        for title, state in (("State", status.get("state")), ("Last State", status.get("lastState"))):
            yield from _state(title, state or {}, indent)
        yield field("Ready", bool(status.get("ready")), indent)
        yield field("Restart Count", status.get("restartCount", 0), indent)
    for title in ("Limits", "Requests"):
        if values := container.get("resources", {}).get(title.lower()):
            yield f"{' ' * indent}{title}:"
            yield from (field(key, value, indent + 2) for key, value in sorted(values.items()))
    for title in ("Liveness", "Readiness", "Startup"):
        if probe := container.get(f"{title.lower()}Probe"):
            how = probe.get("httpGet", {})
            yield field(title, f"http-get http://:{how.get('port', 80)}{how.get('path', '/')} delay=0s", indent)
    variables = container.get("env", ())
    if variables:
        yield f"{' ' * indent}Environment:"
        yield from (field(each["name"], each.get("value", ""), indent + 2) for each in variables)
    else:
        yield field("Environment", None, indent)
    yield f"{' ' * indent}Mounts:"
    for mount in container.get("volumeMounts", ()):
        yield f"{' ' * (indent + 2)}{mount['mountPath']} from {mount['name']} (rw)"


def _state(title: str, state: Object, indent: int) -> Iterator[str]:
    name = next(iter(state), "")
    if not name and title == "Last State":
        return
    yield field(title, name.capitalize() or "Waiting", indent)
    details = state.get(name, {})
    for key in ("reason", "message"):
        if details.get(key):
            yield field(key.capitalize(), details[key], indent + 2)
    if name == "terminated":
        yield field("Exit Code", details.get("exitCode", 0), indent + 2)
        yield field("Finished", details.get("finishedAt", ""), indent + 2)
    if name != "waiting":
        yield field("Started", details.get("startedAt", ""), indent + 2)


def volume_lines(spec: Object, indent: int) -> Iterator[str]:
    yield f"{' ' * indent}Volumes:"
    for volume in spec.get("volumes", ()):
        yield f"{' ' * (indent + 2)}{volume['name']}:"
        for key, source in volume.items():
            if key != "name":
                yield field("Type", key, indent + 4)
                yield from (field(name, value, indent + 4) for name, value in source.items() if isinstance(value, str))


def placement_lines(spec: Object, indent: int) -> Iterator[str]:
    yield from map_lines("Node-Selectors", spec.get("nodeSelector"), indent)
    written = [
        f"{each.get('key', '')}:{each.get('effect', '')} op=Exists for {each.get('tolerationSeconds', 300)}s"
        for each in spec.get("tolerations", ())
    ]
    yield field("Tolerations", written[0] if written else None, indent)
    yield from (f"{' ' * (indent + WIDTH + 2)}{each}" for each in written[1:])
