"""The extra containers that a TidbCluster asks for, and what its operator made of them.

An extra container with the name of one of the operator's own is merged into that one and changes it; any other runs
beside it. A row per extra container, and one per component that has none, so that a rule can say "there is none".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.containers import containers_in
from bot.kube.objects import all_containers, label_selector, name_of, namespace_of, place_of, pod_spec_of, ref, spec_of
from bot.kube.owners import last_written
from bot.kube.pod_states import is_ready
from bot.kube.tidb_clusters import COMPONENTS, generated_containers, operator_image
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, at_most, may, probe
from intents.domain import Focus, Json, ProbeResult, Row

_KIND: Final = "tidbclusters.pingcap.com"
_MOST_CLUSTERS: Final = 20
# An older failure has nothing to do with this change.
_RECENT_S: Final = 3600
# Fields that decide which program a container runs; an extra container that sets one replaces the operator's.
_PROGRAM: Final = ("image", "command", "args")
# A request about the operator's own pods is about every TidbCluster.
_OPERATOR: Final = ("tidb-controller-manager", "tidb-scheduler")


class _Merge(RowValues):
    """What an extra container changes, and whether the operator has merged it into its own."""

    generated: bool
    changes: tuple[str, ...]
    merged: bool
    running_image: str


class _OfWorkload(RowValues):
    """The containers that a component should have and has, and its pods in trouble."""

    implied: int
    made: int
    absent: tuple[str, ...]
    pods: int
    troubled_pods: tuple[str, ...]


class _Container(RowValues):
    of_subject = ("namespace", "cluster")

    component: str
    workload: str
    field: str
    index: int  # its place in additionalContainers, which a JSON patch names; -1 where there is none
    extra: str
    merge: _Merge
    of_workload: _OfWorkload
    set_by: str
    set_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Component:
    """A component of a cluster as the TidbCluster asks for it."""

    cluster: Json
    name: str
    spec: Mapping[str, Any]

    @property
    def workload(self) -> str:
        return f"{name_of(self.cluster)}-{self.name}"

    @property
    def extras(self) -> tuple[Mapping[str, Any], ...]:
        listed = self.spec.get("additionalContainers")
        return tuple(each for each in listed if isinstance(each, Mapping)) if isinstance(listed, list) else ()

    @property
    def generated(self) -> tuple[str, ...]:
        return generated_containers(self.name, self.spec)

    def is_meant(self, focus: Focus) -> bool:
        """Tell whether a request names this component, its cluster, one of its pods, the operator, or no object."""
        name = focus.name
        if not focus.names_object or _names_operator(focus):
            return True
        if focus.kind == "TidbCluster":
            return name == name_of(self.cluster)
        return name in (name_of(self.cluster), self.workload) or name.startswith(f"{self.workload}-")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The workload that the operator made of a component; `template` is None where it does not exist."""

    template: Json | None = None
    pods: tuple[Json, ...] = ()


@probe(
    says="a row per extra container of TidbClusters (spec.*.additionalContainers) beside the operator's own",
    row=_Container,
    permissions=(
        *may("get list", "tidbclusters.pingcap.com"),
        *may("get", "statefulsets.apps", "deployments.apps"),
        *may("list", "pods"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the TidbClusters in question, and the workloads of components with extra containers."""
    clusters = await _clusters(look)
    components = [each for cluster in clusters for each in _components(cluster) if each.is_meant(look.focus)]
    if not components:
        return ProbeResult(not_applicable=f"no component of a TidbCluster belongs to {look.focus}")
    made = await asyncio.gather(*(look.unless_refused(_made(look.snapshot, each), _Made()) for each in components))
    rows = [row for component, its in zip(components, made, strict=True) for row in _rows(look, component, its)]
    return ProbeResult(rows=tuple(rows))


def _names_operator(focus: Focus) -> bool:
    return focus.name.startswith(_OPERATOR)


async def _clusters(look: Look) -> Sequence[Json]:
    """Return the TidbClusters in the namespace in question.

    The operator's own pods run in another namespace. Raise ClusterError.
    """
    namespace = "" if _names_operator(look.focus) else look.focus.namespace
    listing = await look.snapshot.list(_KIND, namespace=namespace)
    found = sorted(listing.items, key=place_of)
    return at_most(_MOST_CLUSTERS, found, what="all TidbClusters", says="TidbClusters were read")


def _components(cluster: Json) -> list[_Component]:
    specs = spec_of(cluster)
    return [
        _Component(cluster=cluster, name=name, spec=specs[name])
        for name in COMPONENTS
        if isinstance(specs.get(name), Mapping)
    ]


async def _made(snapshot: Snapshot, component: _Component) -> _Made:
    """Read the workload of a component with extra containers; without them nothing was merged. Raise ClusterError."""
    if not component.extras:
        return _Made()
    namespace = namespace_of(component.cluster)
    kind = "Deployment" if component.name == "discovery" else "StatefulSet"
    workload = await snapshot.find(kind, component.workload, namespace=namespace)
    if workload is None:
        return _Made()
    labels = (spec_of(workload).get("selector") or {}).get("matchLabels") or {}
    pods = (await snapshot.list("Pod", namespace=namespace, labels=label_selector(labels))).items if labels else ()
    template = dict(pod_spec_of(workload))
    return _Made(template=template, pods=tuple(sorted(pods, key=name_of)))


def _rows(look: Look, component: _Component, made: _Made) -> list[Row]:
    rows = [_row(look, component, made, extra, index=index) for index, extra in enumerate(component.extras)]
    return rows or [_row(look, component, made, {}, index=UNKNOWN)]


def _row(look: Look, component: _Component, made: _Made, extra: Mapping[str, Any], *, index: int) -> Row:
    field = f"spec.{component.name}.additionalContainers" + (f"[{index}]" if index >= 0 else "")
    cluster, name = component.cluster, str(extra.get("name") or "")
    namespace, cluster_name = namespace_of(cluster), name_of(cluster)
    written = last_written(cluster, ("spec", component.name, "additionalContainers"))
    return _Container(
        component=component.name,
        workload=component.workload,
        field=field,
        index=index,
        extra=name,
        merge=_merge(component, made, extra),
        of_workload=_of_workload(look, component, made),
        set_by=written.manager,
        set_s=look.age_s(written.time),
    ).row(
        ref(cluster, "TidbCluster"),
        quote=f"{field}.name: {name}" if name else "",
        reproduce=f"kubectl -n {namespace} get tidbcluster {cluster_name}"
        f" -o jsonpath='{{.spec.{component.name}.additionalContainers}}'",
    )


def _merge(component: _Component, made: _Made, extra: Mapping[str, Any]) -> _Merge:
    name = str(extra.get("name") or "")
    own_image = operator_image(component.name, spec_of(component.cluster)) if name == component.name else ""
    running = _containers(made.template).get(name, {})
    replaces = tuple(key for key in _PROGRAM if extra.get(key) and not (key == "image" and extra[key] == own_image))
    return _Merge(
        generated=name in component.generated,
        changes=tuple(sorted(str(key) for key in extra if key != "name")),
        merged=bool(replaces) and all(running.get(key) == extra[key] for key in replaces),
        running_image=str(running.get("image") or ""),
    )


def _of_workload(look: Look, component: _Component, made: _Made) -> _OfWorkload:
    held, exists = _containers(made.template), made.template is not None
    return _OfWorkload(
        implied=len(component.generated) + len(component.extras),
        made=len(held) if exists else UNKNOWN,
        absent=_absent(component, held) if exists else (),
        pods=len(made.pods),
        troubled_pods=tuple(name_of(pod) for pod in made.pods if _is_in_trouble(look.snapshot, pod)),
    )


def _containers(template: Json | None) -> dict[str, Mapping[str, Any]]:
    """Return the containers of a pod template by name; newer operators make log tailers init containers."""
    return {str(each.get("name") or ""): each for each in all_containers(template or {})}


def _absent(component: _Component, held: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the extra containers that do not exist, or not as their own because two share one name."""
    names = [str(each.get("name") or "") for each in component.extras]
    return tuple(sorted({name for name in names if name not in held or names.count(name) > 1}))


def _is_in_trouble(snapshot: Snapshot, pod: Json) -> bool:
    if not is_ready(pod):
        return True
    ended: Sequence[Any] = [each.ended(snapshot.now) for each in containers_in(pod)]
    return any(run and run.exit_code != 0 and UNKNOWN < run.finished_s <= _RECENT_S for run in ended)
