"""The HorizontalPodAutoscalers in question, and the part of their rows that needs no other read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.kube.autoscaling import above_target, hottest
from bot.kube.objects import condition, created_at, name_of, namespace_of, ref, spec_of, status_of
from bot.probes.contract import Look
from bot.probes.rows import RowValues
from intents.domain import Json, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(RowValues):
    """The pipeline of the metrics that an autoscaler lacks; empty where it has them or nothing of it was read."""

    api: str = ""  # the API of the metrics that it cannot read
    api_problem: str = ""  # why that API answers nothing, "" if it is available
    no_request: tuple[str, ...] = ()  # containers of its target without the request that the metric needs


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalerRow(RowValues):
    """A HorizontalPodAutoscaler."""

    namespace: str
    name: str
    target_kind: str
    target: str
    current: int
    max: int
    at_max: bool
    resource: str  # cpu or memory: the one of its metrics that is highest against its target
    percent: int  # of the request, over all containers; -1 unknown
    target_percent: int
    over: bool  # above its target now
    one_container: bool  # it measures single containers only, so that no proxy counts
    created_s: int
    no_scale: str  # why its controller cannot read the scale of its target, "" if it can
    no_scale_s: int  # since when
    active: str  # the condition ScalingActive: True, False, "" before the first look
    active_reason: str
    active_message: str
    active_s: int  # since when
    limited: bool  # it would run more replicas than its maximum
    limited_s: int  # since when it is limited or not
    above: str  # the metrics above their targets: cpu: 188%/60%
    pipeline: Pipeline


def in_question(look: Look, scalers: Iterable[Json]) -> tuple[list[Json], str]:
    """Return the autoscalers that the request means, and the name of the one that it names and that does not exist."""
    found = [each for each in scalers if _is_meant(look, each)]
    named = look.named.get("hpa", "") or (look.focus.name if look.focus.kind == "HorizontalPodAutoscaler" else "")
    return found, f"HorizontalPodAutoscaler {named}" if named and not found else ""


def target_of(scaler: Json) -> tuple[str, str]:
    """Return kind and name of the workload that an autoscaler scales."""
    reference = spec_of(scaler).get("scaleTargetRef") or {}
    return str(reference.get("kind") or ""), str(reference.get("name") or "")


def _is_meant(look: Look, scaler: Json) -> bool:
    """Tell whether the request means it: by its name, its target's, or that of a pod; else by the namespace."""
    focus = look.focus
    if focus.namespace and focus.namespace != namespace_of(scaler):
        return False
    if named := look.named.get("hpa", ""):
        return name_of(scaler) == named
    if focus.name and focus.kind == "HorizontalPodAutoscaler":
        return name_of(scaler) == focus.name
    kind, name = target_of(scaler)
    if focus.name and focus.kind == "Pod":
        return focus.name.startswith(f"{name}-")
    return not focus.name or (focus.kind, focus.name) == (kind, name)


def is_at_max(scaler: Json) -> bool:
    """Tell whether an autoscaler has reached its maximum, or would go beyond it."""
    most, current = int(spec_of(scaler).get("maxReplicas") or 0), int(status_of(scaler).get("currentReplicas") or 0)
    limited = condition(scaler, "ScalingLimited")
    held_back = limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas"
    return 1 < most <= current or held_back


def row_of(look: Look, scaler: Json, *, pipeline: Pipeline | None = None, proxies: RowValues | None = None) -> Row:
    """Return the row of an autoscaler, with the values that the argument `proxy` adds."""
    status, metric = status_of(scaler), hottest(scaler)
    kind, target = target_of(scaler)
    most, current = int(spec_of(scaler).get("maxReplicas") or 0), int(status.get("currentReplicas") or 0)
    namespace, name = namespace_of(scaler), name_of(scaler)
    active, limited = condition(scaler, "ScalingActive"), condition(scaler, "ScalingLimited")
    able = condition(scaler, "AbleToScale")
    unread = able if able.get("reason") == "FailedGetScale" else {}
    return ScalerRow(
        namespace=namespace,
        name=name,
        target_kind=kind,
        target=target,
        current=current,
        max=most,
        at_max=is_at_max(scaler),
        resource=metric.resource,
        percent=metric.current,
        target_percent=metric.target,
        over=metric.current > metric.target >= 0,
        one_container=metric.one_container,
        created_s=look.age_s(created_at(scaler)),
        no_scale=str(unread.get("message") or unread.get("reason") or ""),
        no_scale_s=look.age_s(unread.get("lastTransitionTime")),
        active=str(active.get("status") or ""),
        active_reason=str(active.get("reason") or ""),
        active_message=str(active.get("message") or ""),
        active_s=look.age_s(active.get("lastTransitionTime")),
        limited=limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas",
        limited_s=look.age_s(limited.get("lastTransitionTime")),
        above=", ".join(above_target(scaler)),
        pipeline=pipeline or Pipeline(),
    ).row(
        ref(scaler, "HorizontalPodAutoscaler"),
        quote=f"{current} of at most {most} replicas, {metric.resource}: {metric.current}%/{metric.target}%",
        reproduce=f"kubectl -n {namespace} describe hpa {name}; kubectl -n {namespace} top pods --containers",
        more=proxies.values() if proxies else None,
    )


def worst_first(row: Row) -> tuple[bool, bool, int, str]:
    """Return the sort key: those at their maximum first, then those above their target, then by the proxy's share."""
    values = row.values
    return not values["at_max"], not values["over"], -int(str(values.get("proxy_share", 0))), str(row.subject)
