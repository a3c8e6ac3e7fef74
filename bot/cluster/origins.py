"""The source from which a GitOps tool applies an object, and how soon it reverts a change of it.

Read from the tool's own objects, if they are in this cluster and may be read. The source of a Helm release is in
Secrets, which are not read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotFound, NotServed
from bot.cluster.owners import owners_of
from bot.cluster.snapshot import Snapshot
from bot.kube.gitops import ManagedBy, Tool, managed_by
from bot.kube.objects import namespace_of, ref
from bot.kube.owners import controller_of
from bot.kube.repositories import RefKind, link_to
from intents.domain import ExternalManager, Json, Link, ObjectRef, Permission, Text
from responses.safety import safe_line

APPLICATIONS: Final = "applications.argoproj.io"
_KUSTOMIZATIONS: Final = "kustomizations.kustomize.toolkit.fluxcd.io"
_HELM_RELEASES: Final = "helmreleases.helm.toolkit.fluxcd.io"
# The sources of Flux whose address is read. Of other kinds only the name is shown.
_SOURCES: Final[Mapping[str, str]] = {
    "GitRepository": "gitrepositories",
    "HelmRepository": "helmrepositories",
    "OCIRepository": "ocirepositories",
}
_SOURCE_GROUP: Final = "source.toolkit.fluxcd.io"

PERMISSIONS: Final = (
    Permission(verb="get", group="argoproj.io", resource="applications"),
    # Argo CD may be installed in any namespace.
    Permission(verb="list", group="argoproj.io", resource="applications"),
    Permission(verb="get", group="helm.toolkit.fluxcd.io", resource="helmreleases"),
    Permission(verb="get", group="kustomize.toolkit.fluxcd.io", resource="kustomizations"),
    *(Permission(verb="get", group=_SOURCE_GROUP, resource=plural) for plural in _SOURCES.values()),
)

_ARGO_CD_HOME: Final = "argocd"
_MOST: Final = 4
_TEXT: Final = 120
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:h|m|s|ms))+")
_REF_KINDS: Final = (("commit", RefKind.COMMIT), ("tag", RefKind.TAG), ("branch", RefKind.BRANCH))

_SOME_TIME: Final = Text(en="its next sync may revert the change", zh="其下次同步可能会还原此修改")
_AT_UPGRADE: Final = Text(
    en="the change stays until the next upgrade or rollback of the release",
    zh="此修改会保留到该 release 下次升级或回滚为止",
)
_SELF_HEAL: Final = Text(
    en="self-heal is on: the change is reverted within minutes",
    zh="已开启自动修复（self-heal）：数分钟内会还原此修改",
)
_AUTOMATED: Final = Text(
    en="self-heal is off: the change stays until the source changes, then a sync reverts it",
    zh="未开启自动修复（self-heal）：此修改会保留到配置源变更并自动同步为止",
)
_MANUAL: Final = Text(
    en="automatic sync is off: the change stays until somebody syncs",
    zh="未开启自动同步：此修改会保留到有人手动同步为止",
)
_SUSPENDED: Final = Text(
    en="it is suspended: the change stays until it is resumed", zh="其同步已暂停：此修改会保留到恢复为止"
)
_LEFT_ALONE: Final = Text(
    en="this object is excluded from reconciliation: the change stays", zh="该对象已被标注为不再同步：此修改会保留"
)
_NO_DRIFT: Final = Text(
    en="drift is not corrected: the change stays until the next upgrade of the release",
    zh="未开启漂移纠正：此修改会保留到该 release 下次升级为止",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The delay after which a change is reverted, the sources, and what could not be read."""

    soon: Text = _SOME_TIME
    sources: tuple[Link, ...] = ()
    unread: tuple[Text, ...] = ()


async def origin_of(snapshot: Snapshot, manager: ManagedBy, obj: Json) -> Origin:
    """Return what is known about the source of an object that this tool applies. Never raises ClusterError."""
    if manager.tool is Tool.HELM:
        chart = str(((obj.get("metadata") or {}).get("labels") or {}).get("helm.sh/chart") or "")
        return Origin(soon=_AT_UPGRADE, sources=_named(f"chart {chart}") if chart else ())
    return await _source_of(snapshot, manager, obj) if manager.name else Origin()


async def _source_of(snapshot: Snapshot, manager: ManagedBy, obj: Json, *, further: bool = True) -> Origin:
    try:
        if manager.tool is Tool.ARGO_CD:
            return await _of_application(snapshot, manager, further=further)
        if manager.kind == "HelmRelease":
            return await _of_helm_release(snapshot, manager, obj)
        return await _of_kustomization(snapshot, manager, obj)
    except ClusterError as error:
        return Origin(unread=(_unread(error, manager),))


def _unread(error: ClusterError, manager: ManagedBy) -> Text:
    what = f"{manager.kind} {manager.namespace}/{manager.name}".replace(" /", " ")
    if not isinstance(error, NotFound | NotServed):
        return error.gap(safe_line(what, limit=_TEXT)).says
    return Text(
        en=f"{safe_line(what, limit=_TEXT)} is not in this cluster; it may be in another one",
        zh=f"{safe_line(what, limit=_TEXT)} 不在本集群中：可能位于其他集群",
    )


# --- Argo CD ---


async def _of_application(snapshot: Snapshot, manager: ManagedBy, *, further: bool = True) -> Origin:
    application = await _application(snapshot, manager)
    spec, annotations = application.get("spec") or {}, (application.get("metadata") or {}).get("annotations") or {}
    automated = (spec.get("syncPolicy") or {}).get("automated")
    if annotations.get("argocd.argoproj.io/skip-reconcile") == "true":
        soon = _SUSPENDED
    elif automated is None or automated.get("enabled") is False:
        soon = _MANUAL
    else:
        soon = _SELF_HEAL if automated.get("selfHeal") else _AUTOMATED
    hydrated = (spec.get("sourceHydrator") or {}).get("drySource")
    sources: Sequence[Mapping[str, Any]] = spec.get("sources") or list(filter(None, (spec.get("source") or hydrated,)))
    # The values of an external chart are in the Application, so most changes belong to the Application's own source.
    inline = further and any(each.get("chart") for each in sources)
    above = await _above(snapshot, application) if inline else Origin()
    links = (*above.sources, *map(_argo_source, sources[:_MOST]))
    return Origin(soon=soon, sources=tuple(dict.fromkeys(links)), unread=above.unread)


async def _application(snapshot: Snapshot, manager: ManagedBy) -> Json:
    """Read the Application from its usual namespace, else from any. Raises ClusterError, NotFound also for several."""
    try:
        return await snapshot.get(APPLICATIONS, manager.name, namespace=manager.namespace or _ARGO_CD_HOME)
    except NotFound:
        if manager.namespace:
            raise
        found = (await snapshot.list(APPLICATIONS, fields=f"metadata.name={manager.name}", limit=2, fresh=False)).items
        if len(found) != 1:
            raise
        return found[0]


def _argo_source(source: Mapping[str, Any]) -> Link:
    chart = str(source.get("chart") or "")
    return link_to(
        str(source.get("repoURL") or ""),
        path="" if chart else str(source.get("path") or ""),
        revision=str(source.get("targetRevision") or ""),
        also=f"chart {chart}" if chart else "",
    )


# --- Flux ---


async def _of_kustomization(snapshot: Snapshot, manager: ManagedBy, obj: Json) -> Origin:
    found = await snapshot.get(_KUSTOMIZATIONS, manager.name, namespace=manager.namespace)
    spec, annotations = found.get("spec") or {}, (obj.get("metadata") or {}).get("annotations") or {}
    once = str(annotations.get("kustomize.toolkit.fluxcd.io/ssa") or "").lower() in ("ifnotpresent", "ignore")
    disabled = str(annotations.get("kustomize.toolkit.fluxcd.io/reconcile") or "").lower() == "disabled"
    soon = _LEFT_ALONE if once or disabled else _SUSPENDED if spec.get("suspend") else _each(spec.get("interval"))
    where, unread = await _flux_source(
        snapshot, spec.get("sourceRef") or {}, home=namespace_of(found), path=str(spec.get("path") or "")
    )
    return Origin(soon=soon, sources=where, unread=unread)


async def _of_helm_release(snapshot: Snapshot, manager: ManagedBy, obj: Json) -> Origin:
    found = await snapshot.get(_HELM_RELEASES, manager.name, namespace=manager.namespace)
    spec, annotations = found.get("spec") or {}, (obj.get("metadata") or {}).get("annotations") or {}
    left_alone = annotations.get("helm.toolkit.fluxcd.io/driftDetection") == "disabled"
    corrects = (spec.get("driftDetection") or {}).get("mode") == "enabled" and not left_alone
    soon = _SUSPENDED if spec.get("suspend") else _each(spec.get("interval")) if corrects else _NO_DRIFT
    chart = (spec.get("chart") or {}).get("spec") or {}
    where, unread = await _flux_source(
        snapshot,
        spec.get("chartRef") or chart.get("sourceRef") or {},
        home=namespace_of(found),
        path=str(chart.get("chart") or ""),
        version=str(chart.get("version") or ""),
    )
    # As for a chart of Argo CD: most changes belong to the source of the HelmRelease.
    above = await _above(snapshot, found)
    return Origin(soon=soon, sources=(*above.sources, *where), unread=(*above.unread, *unread))


def _each(interval: Any) -> Text:
    """Say when drift is corrected: at every reconciliation."""
    if not isinstance(interval, str) or not _DURATION.fullmatch(interval):
        return Text(en="its next reconciliation reverts the change", zh="下次调谐（reconcile）会还原此修改")
    return Text(
        en=f"it is reconciled every {interval}: the change is reverted by then",
        zh=f"每 {interval} 调谐（reconcile）一次：届时会还原此修改",
    )


async def _flux_source(
    snapshot: Snapshot, reference: Mapping[str, Any], *, home: str, path: str, version: str = ""
) -> tuple[tuple[Link, ...], tuple[Text, ...]]:
    """Return the page of the source of a Kustomization or HelmRelease, and what could not be read of it.

    `path` is a folder in it; for a Helm or OCI repository, the name of a chart.
    """
    kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
    namespace = str(reference.get("namespace") or "") or home
    called = f"{kind} {namespace}/{name}"
    plural = _SOURCES.get(kind)
    if plural is None or not name:
        return (_named(f"{called} · {path}" if path else called), ()) if name else ((), ())
    try:
        spec = (await snapshot.get(f"{plural}.{_SOURCE_GROUP}", name, namespace=namespace)).get("spec") or {}
    except ClusterError as error:
        return _named(f"{called} · {path}" if path else called), (error.gap(safe_line(called, limit=_TEXT)).says,)
    url, ref = str(spec.get("url") or ""), spec.get("ref") or {}
    if kind == "GitRepository":
        return (_git(url, ref, path=path),), ()
    revision = version or str(ref.get("digest") or ref.get("semver") or ref.get("tag") or "")
    if kind == "HelmRepository":
        return (link_to(url, also=f"chart {path}", revision=revision),), ()
    return (link_to(url, path=path, revision=revision),), ()


def _git(url: str, ref: Mapping[str, Any], *, path: str) -> Link:
    """Return the link, by Flux's precedence: a commit, a name, a range of versions, a tag, a branch."""
    kind: RefKind | None = None
    if not ref.get("commit") and (named := str(ref.get("name") or ref.get("semver") or "")):
        return link_to(url, path=path, revision=named)
    revision = ""
    for key, each in _REF_KINDS:
        if ref.get(key):
            revision, kind = str(ref[key]), each
            break
    return link_to(url, path=path, revision=revision, kind=kind)


async def _above(snapshot: Snapshot, applied: Json) -> Origin:
    """Return the source of the tool's own object, if a tool applies that too. One step: two may apply each other."""
    manager = managed_by(applied)
    if manager is None or manager.kind not in ("Application", "Kustomization"):
        return Origin()
    return await _source_of(snapshot, manager, applied, further=False)


def _named(what: str) -> tuple[Link, ...]:
    return (Link(title=safe_line(what, limit=_TEXT), url=""),)


# The share of a preview's remaining time: the dry runs come after it, and a warning is useful without its link too.
_SHARE: Final = 0.25

# Created from a template with its labels, and never reconciled with it again.
_MADE_ONCE: Final = frozenset({"Pod", "Job", "PersistentVolumeClaim"})


async def custodian_of(snapshot: Snapshot, obj: Json) -> ExternalManager | None:
    """Return the tool that would revert a change of an object, and where the change belongs; None if no tool would.

    For an object that a controller owns, the tool that applies the owner counts. Never raises ClusterError: the result
    says what could not be read.
    """
    manager, applied = await _manager(snapshot, obj)
    if manager is None:
        return None
    try:
        async with asyncio.timeout(_SHARE * snapshot.remaining()):
            origin = await origin_of(snapshot, manager, applied)
    except TimeoutError:
        late = Text(en="its source could not be read in time", zh="未能及时读取其来源")
        origin = Origin(unread=(late,))
    says = _says(manager, None if applied is obj else ref(applied), origin.soon)
    return ExternalManager(name=str(manager), says=says, sources=origin.sources, unread=origin.unread)


async def _manager(snapshot: Snapshot, obj: Json) -> tuple[ManagedBy | None, Json]:
    """Return the tool and the object it applies: this one or one of its owners, the topmost first."""
    if controller_of(obj) is not None:
        if obj.get("kind") in _MADE_ONCE:
            return None, obj
        # Operators copy labels to the objects they create, so the topmost owner's count.
        for owner in reversed((await owners_of(snapshot, obj)).manifests):
            if manager := managed_by(owner):
                return manager, owner
    return managed_by(obj), obj


def _says(manager: ManagedBy, owner: ObjectRef | None, soon: Text) -> Text:
    if owner is None:
        return Text(
            en=f"{manager} applies this object from a source; {soon.en}",
            zh=f"该对象由 {manager} 从配置源应用；{soon.zh}",
        )
    return Text(
        en=f"{manager} applies {owner}, which owns this object, from a source; {soon.en}",
        zh=f"{owner}（该对象的所有者）由 {manager} 从配置源应用；{soon.zh}",
    )
