"""What the selector of a Service leads to: its pods and their state, the pods it misses, the ports they declare."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.kube.containers import containers_in
from bot.kube.objects import created_at, label_selector, name_of, namespace_of, ref, spec_of
from bot.kube.pod_states import changed_at, unready_reason
from bot.kube.rollouts import replicas_of
from bot.kube.services import (
    address_named,
    certain_label,
    certain_target,
    near_misses,
    selected_pods,
    selector_of,
    shown_declared,
    shown_ports,
    targets_of,
    undeclared_ports,
    unnamed_ports,
)
from bot.kube.settling import is_settling, is_starting
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.listeners import loopback_targets
from bot.probes.shared.questioned import questioned_services, workloads_selected_by
from bot.probes.shared.scope import READS_PODS
from intents.domain import Json, ProbeResult, Row

_MOST_ROWS: Final = 200
_MOST_PODS: Final = 20
_MOST_CLOSEST: Final = 3
_HOUR_S: Final = 3600
# A pod that got ready later than this after its creation did not simply start.
_LATE_S: Final = 300


class _Unready(RowValues):
    """The pods of a Service that are not ready, since when none is, and since when one is again."""

    pods: tuple[str, ...]
    pod_states: tuple[str, ...]  # the same with what kubectl shows of them
    starting: bool  # all of these, or the first of its workload, start within their time
    unready_s: int  # since none of its pods is ready
    recovered_s: int  # since one is ready again, -1 if none lacked for long


class _Closest(RowValues):
    """What a Service without pods and workload nearly selects."""

    closest: tuple[str, ...]  # the pods
    lacking: tuple[str, ...]  # the labels that it asks for and these lack
    instead: tuple[str, ...]  # the labels that these have in their place
    wrong_label: str  # the only such label of its selector, where one workload has all of these pods
    right_label: str  # what these have in its place


class _Endpoints(RowValues):
    of_subject = ("namespace", "name")

    asked: bool  # the request names it, an address of it, or its pods; not one of all Services
    selector: str  # "" where it needs none
    selected: int  # pods that it means and that have not ended; -1 without a selector
    ready: int  # of them, those that take traffic
    unready: _Unready
    workload: str  # without pods: Deployment/web, whose pods the selector would mean
    wanted: int  # its replicas, -1 without such a workload
    near: _Closest
    ports: tuple[str, ...]
    unnamed: tuple[str, ...]  # target ports by a name that no container of a pod declares
    undeclared: tuple[str, ...]  # by a number that no container declares, though they declare others
    declared: tuple[str, ...]  # the ports that the containers declare
    wrong_port: int  # its port with the only such target, where its pods declare one port; 0 otherwise
    right_target: str  # the name or number of that one
    address_named: str  # the IP address that its externalName is, "" for none
    loopback: str  # the target port at which the program behind says that it listens on the loopback interface alone
    loopback_line: str  # the line of its log that says so


@dataclass(frozen=True, slots=True, kw_only=True)
class _Behind:
    """What is behind one Service: its pods, and without any the workload that should have them, or other pods."""

    pods: Sequence[Json]
    workload: Json | None = None
    others: Sequence[Json] = ()
    loopback: Mapping[int, str] = field(default_factory=dict)  # see loopback_targets


@probe(
    says="a row per Service in question: the pods that its selector means, those it misses by a label, and their ports",
    row=_Endpoints,
    permissions=(
        *READS_PODS,
        *may("get", "pods/log"),
        *may("list", "services", "deployments.apps", "statefulsets.apps", "daemonsets.apps"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the Services in question with their pods; workloads and other pods only for one that selects none."""
    found = await questioned_services(look)
    services = found.services[:_MOST_ROWS]
    asked = found.called or bool(look.focus.name)
    behind = await asyncio.gather(
        *(
            look.unless_refused(
                _behind(look, each, alone=len(services) == 1), None, what=f"the pods behind {ref(each, 'Service')}"
            )
            for each in services
        )
    )
    rows = tuple(_row(look, service, one, asked=asked) for service, one in zip(services, behind, strict=True) if one)
    return ProbeResult(rows=rows, missing=found.missing)


async def _behind(look: Look, service: Json, *, alone: bool) -> _Behind | None:
    """Return what is behind a Service, None if that is not known. Raise ClusterError."""
    selector, home = selector_of(service), namespace_of(service)
    if not selector:
        return _Behind(pods=())
    # Several Services share one list of pods.
    scope = look.focus.namespace or home if alone else look.focus.namespace
    labels = label_selector(selector) if alone else ""
    listing = await look.snapshot.list("Pod", namespace=scope, labels=labels)
    if pods := selected_pods(service, listing.items):
        return _Behind(pods=pods, loopback=await loopback_targets(look, service, pods) if alone else {})
    if listing.truncated:
        return None
    if meant := await workloads_selected_by(look, service, scope=scope):
        return _Behind(pods=(), workload=meant[0])
    everywhere = await look.snapshot.list("Pod", namespace=scope)
    return _Behind(pods=(), others=everywhere.items)


def _row(look: Look, service: Json, behind: _Behind, *, asked: bool) -> Row:
    selector = selector_of(service)
    labels = label_selector(dict(selector))
    published = bool(spec_of(service).get("publishNotReadyAddresses"))
    wrong_port, right_target = certain_target(service, behind.pods)
    # An address that is published all the same is answered by nobody while no container runs.
    ready = [pod for pod in behind.pods if (_runs(pod) if published else not unready_reason(pod))]
    selected = len(behind.pods) if selector else -1
    return _Endpoints(
        asked=asked,
        selector=labels,
        selected=selected,
        ready=len(ready),
        unready=_unready(look, behind, ready),
        workload=f"{behind.workload.get('kind')}/{name_of(behind.workload)}" if behind.workload else "",
        wanted=replicas_of(behind.workload).desired if behind.workload else UNKNOWN,
        near=_closest(service, behind.others),
        ports=shown_ports(service),
        unnamed=unnamed_ports(targets_of(service), behind.pods) if behind.pods else (),
        undeclared=undeclared_ports(targets_of(service), behind.pods) if behind.pods else (),
        declared=shown_declared(behind.pods),
        wrong_port=wrong_port,
        right_target=right_target,
        address_named=address_named(service),
        loopback=str(next(iter(behind.loopback), "")),
        loopback_line=next(iter(behind.loopback.values()), ""),
    ).row(
        ref(service, "Service"),
        quote=f"{selected} pods for selector {labels}, {len(ready)} ready" if selector else "no selector",
        reproduce=f"kubectl -n {namespace_of(service)} get pods -l {labels}" if selector else "",
    )


def _runs(pod: Json) -> bool:
    return any(each.state == "running" and not each.init for each in containers_in(pod))


def _unready(look: Look, behind: _Behind, ready: Sequence[Json]) -> _Unready:
    unready = sorted((pod for pod in behind.pods if pod not in ready), key=name_of)
    workload = behind.workload
    since = [look.age_s(changed_at(pod)) for pod in unready]
    got = [(look.age_s(changed_at(pod)), look.age_s(created_at(pod))) for pod in ready]
    late = bool(got) and all(s != UNKNOWN and s < _HOUR_S and made - s > _LATE_S for s, made in got)
    return _Unready(
        pods=tuple(name_of(pod) for pod in unready[:_MOST_PODS]),
        pod_states=tuple(f"{name_of(pod)} ({unready_reason(pod)})" for pod in unready[:_MOST_PODS]),
        starting=(bool(unready) and all(is_starting(pod, look.now) for pod in unready))
        or (workload is not None and is_settling(workload, str(workload.get("kind")), look.now)),
        unready_s=min(since, default=UNKNOWN) if not ready else UNKNOWN,
        recovered_s=max(s for s, _ in got) if late else UNKNOWN,
    )


def _closest(service: Json, others: Sequence[Json]) -> _Closest:
    near = near_misses(service, others)
    wrong_label, right_label = certain_label(near)
    return _Closest(
        closest=tuple(name_of(each.pod) for each in near[:_MOST_CLOSEST]),
        lacking=near[0].lacking if near else (),
        instead=near[0].instead if near else (),
        wrong_label=wrong_label,
        right_label=right_label,
    )
