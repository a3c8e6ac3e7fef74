"""Read pod logs, with the options of the log subresource and the checks of the API server and the kubelet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from bot.playground.kubernetes import times
from bot.playground.kubernetes.objects import annotations_of, condition, container_names, status_of
from bot.playground.kubernetes.resources import WIRE, Json
from bot.playground.kubernetes.selectors import parse_integer
from bot.playground.kubernetes.status import (
    Refusal,
    bad_request,
    invalid,
    invalid_value,
    not_allowed,
    not_found,
    refusal,
)

_LAST_WORDS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The log of one run of a container; `since` is the time of its first line, if the world gives it."""

    text: str
    since: datetime | None = None


# The logs on the nodes' disks, by pod uid (a new pod with an old name starts without logs), container, and whether the
# run is the previous one.
Logs: TypeAlias = dict[tuple[str, str, bool], Log]


def copy(logs: Logs, *, uid: str, to: str) -> None:
    """Give a new pod the logs of the pod it replaces."""
    for (owner, container, previous), log in list(logs.items()):
        if owner == uid:
            logs[to, container, previous] = Log(text=log.text)


def read(*, pod: Json, node: Json | None, logs: Logs, query: Mapping[str, str], now: datetime) -> str | None:
    """Return the log as text; None where the real server answers 204 (the pod has no node yet).

    Refusal 422 for wrong options, 400 for a wrong container or one without a log, 404 for a pod on a node that does not
    exist, 500 if the kubelet does not answer.
    """
    tail, limit, since = _limits(pod=pod, query=query, now=now)
    container = _container(pod=pod, asked=query.get("container", ""))
    node_name = (pod.get("spec") or {}).get("nodeName")
    if not node_name:
        return None
    declared = any((pod["metadata"]["uid"], container, each) in logs for each in (False, True))
    if node is None and not declared:
        raise not_found(group="", resource="pods", name=node_name)
    if node is not None:
        _require_kubelet(node, pod=pod, container=container)
    log, status = _choose(pod=pod, container=container, last_run=_flag(query.get("previous")), logs=logs)
    lines = [(line, at) for line, at in _dated_lines(log, status=status, now=now) if since is None or at >= since]
    if tail is not None:
        lines = lines[max(0, len(lines) - tail) :]
    if _flag(query.get("timestamps")):
        shown = "".join(f"{at.strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z {line}\n" for line, at in lines)
    else:
        shown = "".join(f"{line}\n" for line, _ in lines)
    return shown.encode()[:limit].decode(errors="ignore") if limit else shown


def _limits(*, pod: Json, query: Mapping[str, str], now: datetime) -> tuple[int | None, int | None, datetime | None]:
    """Return the number of last lines, the number of bytes and the time of the first line that a request asks for."""
    tail = parse_integer(query.get("tailLines"))
    limit = parse_integer(query.get("limitBytes"))
    seconds = parse_integer(query.get("sinceSeconds"))
    since_time = query.get("sinceTime")
    causes = []
    if tail is not None and tail < 0:
        causes.append(invalid_value("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        causes.append(invalid_value("limitBytes", limit, "must be greater than 0"))
    if seconds is not None and since_time:
        causes.append(not_allowed("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif seconds is not None and seconds < 1:
        causes.append(invalid_value("sinceSeconds", seconds, "must be greater than 0"))
    if causes:
        raise invalid(kind="PodLogOptions", name=pod["metadata"]["name"], causes=causes)
    return tail, limit, now - timedelta(seconds=seconds) if seconds else _moment(since_time)


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return times.parse(text).astimezone(UTC)
    except ValueError:
        layout = "2006-01-02T15:04:05Z07:00"
        raise bad_request(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"') from None


def _flag(text: str | None) -> bool:
    return text in ("true", "1", "t", "True", "TRUE")


def _container(*, pod: Json, asked: str) -> str:
    name, known = pod["metadata"]["name"], container_names(pod)
    if asked:
        if asked not in known:
            raise bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    default = annotations_of(pod).get("kubectl.kubernetes.io/default-container")
    if len(known) > 1 and default not in known:
        raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(known)}]")
    return str(default) if default in known else known[0]


def _require_kubelet(node: Json, *, pod: Json, container: str) -> None:
    status = status_of(node)
    if condition(node, "Ready").get("status") != "Unknown":
        return
    addresses = status.get("addresses") or [{"address": node["metadata"]["name"]}]
    endpoint = (status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}
    at = f"{addresses[0]['address']}:{endpoint.get('Port', 10250)}"
    path = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}/{container}"
    message = f'Get "https://{at}/containerLogs/{path}": dial tcp {at}: connect: connection refused'
    raise refusal(code=500, message=message)


def _choose(*, pod: Json, container: str, last_run: bool, logs: Logs) -> tuple[Log | None, Json]:
    """Return the log a kubelet would open, and the state of the run that wrote it.

    The checks are those of the kubelet's validateContainerLogStatus.
    """
    uid = pod["metadata"]["uid"]
    status = container_status(pod, container)
    current, previous = (logs.get((uid, container, each)) for each in (False, True))
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    running_or_done = state.get("running") or state.get("terminated")
    if last_run:
        if last is None and previous is None:
            name = pod["metadata"]["name"]
            raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        # While a container waits for its next start, the log of its last run is both the current and the previous log.
        return previous or (None if running_or_done else current), last or {}
    if running_or_done is not None:
        return current, running_or_done
    if current is not None or last is not None:
        return current or previous, last or {}
    raise _not_started(status, container=f'container "{container}" in pod "{pod["metadata"]["name"]}"')


def _not_started(status: Json, *, container: str) -> Refusal:
    """Return the refusal for the log of a container that has not written one, with the reason it waits for."""
    if not status:
        return bad_request(f"{container} is not available")
    reason = ((status.get("state") or {}).get("waiting") or {}).get("reason")
    why = WIRE["waits"].get(reason, f": {reason}") if reason is not None else " - no logs yet"
    return bad_request(f"{container} is waiting to start{why}")


def container_status(pod: Json, container: str) -> dict[str, Any]:
    """Return the status of a regular, init or ephemeral container, {} if it has none yet."""
    status = status_of(pod)
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for each in status.get(key) or ():
            if each.get("name") == container:
                return dict(each)
    return {}


def _dated_lines(log: Log | None, *, status: Json, now: datetime) -> list[tuple[str, datetime]]:
    """Return each line with its time, spread evenly over the run of its container; worlds give no time for each line.

    The lines of a run that has ended fall into its last minute.
    """
    if log is None:
        return []
    lines = log.text.splitlines()
    start, end = status.get("startedAt"), status.get("finishedAt")
    first = log.since or (times.parse(start) if start else now - timedelta(minutes=1))
    last = times.parse(end) if end else now
    if end and log.since is None:
        first = max(first, last - _LAST_WORDS)
    step = max((last - first) / len(lines), timedelta()) if lines else timedelta()
    return [(line, first + step * at) for at, line in enumerate(lines)]
