"""Test what a preview says about external managers: how soon they revert a change, and where it belongs."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.kube.access import Access
from bot.remedies import execution
from bot.remedies.contract import Preview
from intents.domain import ExternalManager, ObjectRef
from tests.remedies.scene import HEALED, Enter, Scene, through_journal

ADAPTER = ObjectRef(kind="Deployment", namespace="monitoring", name="prometheus-adapter")
TRACKING = "argocd.argoproj.io/tracking-id"
ID = "adapter:apps/Deployment:monitoring/prometheus-adapter"
REPO = "https://github.com/acme/platform.git"
PAGE = "https://github.com/acme/platform/tree/main/adapter"

KUSTOMIZED = {"kustomize.toolkit.fluxcd.io/name": "infra", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
RELEASED = {"helm.toolkit.fluxcd.io/name": "adapter", "helm.toolkit.fluxcd.io/namespace": "monitoring"}

Objects = list[dict[str, Any]]


def application(namespace: str = "argocd", *, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    source = {"repoURL": REPO, "path": "adapter", "targetRevision": "main"}
    return {
        "kind": "Application",
        "apiVersion": "argoproj.io/v1alpha1",
        "metadata": {"name": "adapter", "namespace": namespace, "labels": labels or {}},
        "spec": {"project": "platform", "source": source, **spec},
    }


def synced(**automated: Any) -> dict[str, Any]:
    return {"syncPolicy": {"automated": automated}}


def flux(kind: str, name: str, spec: dict[str, Any], *, namespace: str = "flux-system", **metadata: Any) -> Any:
    group = {"Kustomization": "kustomize", "HelmRelease": "helm"}.get(kind, "source")
    version = "v2" if kind == "HelmRelease" else "v1"
    metadata = {"name": name, "namespace": namespace, **metadata}
    return {"kind": kind, "apiVersion": f"{group}.toolkit.fluxcd.io/{version}", "metadata": metadata, "spec": spec}


def kustomization(**spec: Any) -> dict[str, Any]:
    source = {"kind": "GitRepository", "name": "platform"}
    return flux("Kustomization", "infra", {"interval": "10m0s", "path": "./adapter", "sourceRef": source, **spec})


def repository(url: str = "ssh://git@github.com/acme/platform", **ref: str) -> dict[str, Any]:
    return flux("GitRepository", "platform", {"url": url, "ref": ref or {"branch": "main"}})


def release(**spec: Any) -> dict[str, Any]:
    source = {"kind": "HelmRepository", "name": "charts", "namespace": "flux-system"}
    chart = {"spec": {"chart": "prometheus-adapter", "version": "4.x", "sourceRef": source}}
    made = {"interval": "30m", "chart": chart, **spec}
    return flux("HelmRelease", "adapter", made, namespace="monitoring", labels=KUSTOMIZED)


CHARTS = flux("HelmRepository", "charts", {"url": "https://user:hunter22@charts.example.com/stable"})


async def told(scene: Scene, **options: Any) -> ExternalManager | None:
    """Return the preview of scaling the adapter."""
    plan = await scene.made("scale", ADAPTER, replicas=5)
    preview = through_journal(await execution.preview(plan, session=scene.session(**options)))
    assert isinstance(preview, Preview), preview
    return preview.outlook.custodian


def marked(scene: Scene, *, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None) -> None:
    """Return the deployment is nobody's but whose marks these are."""

    def mark(found: dict[str, Any]) -> None:
        found["metadata"] |= {"labels": labels or {}, "annotations": annotations or {}}

    scene.change("Deployment", "monitoring", "prometheus-adapter", mark)


@pytest.mark.parametrize(
    ("objects", "soon"),
    [
        ([application(**synced(selfHeal=True))], "self-heal is on: the change is reverted within minutes"),
        ([application(**synced(prune=True))], "self-heal is off: the change stays until the source changes"),
        ([application(**synced(enabled=False, selfHeal=True))], "automatic sync is off: the change stays"),
        ([application()], "automatic sync is off: the change stays until somebody syncs"),
        # Wherever Argo CD is installed.
        ([application("gitops", **synced(selfHeal=True))], "self-heal is on"),
    ],
)
async def test_an_application_tells_how_soon_and_from_where(enter: Enter, objects: Objects, soon: str) -> None:
    async with enter(HEALED, {"objects": objects}) as scene:
        marked(scene, annotations={TRACKING: ID})
        custodian = await told(scene)

    assert custodian is not None
    assert custodian.says.en.startswith(f"Argo CD (Application adapter) applies this object from a source; {soon}")
    assert custodian.says.zh != custodian.says.en
    (source,) = custodian.sources
    assert (source.title, source.url) == ("github.com/acme/platform · adapter @ main", PAGE)
    assert custodian.unread == ()


async def test_an_application_of_a_teams_own_namespace_is_found_there(enter: Enter) -> None:
    async with enter(HEALED, {"objects": [application("team-a"), application("team-b")]}) as scene:
        marked(scene, labels={"argocd.argoproj.io/instance": "team-b_adapter"})
        custodian = await told(scene)
        read = [one.path for one in scene.cluster.requests if "applications" in one.path]

    assert custodian is not None
    assert custodian.name == "Argo CD (Application team-b/adapter)"
    assert [each.url for each in custodian.sources] == [PAGE]
    assert read == ["/apis/argoproj.io/v1alpha1/namespaces/team-b/applications/adapter"]


async def test_of_several_applications_of_a_name_none_is_picked(enter: Enter) -> None:
    async with enter(HEALED, {"objects": [application("team-a"), application("team-b")]}) as scene:
        marked(scene, annotations={TRACKING: ID})
        custodian = await told(scene)

    assert custodian is not None
    assert custodian.sources == ()
    assert "is not in this cluster" in custodian.unread[0].en


async def test_a_chart_of_an_application_is_told_beside_where_its_values_stand(enter: Enter) -> None:
    chart = {"repoURL": "registry.example.com/charts", "chart": "adapter", "targetRevision": "4.*"}
    values = {"repoURL": "git@gitlab.acme.io:ops/values.git", "targetRevision": "main", "ref": "values"}
    apps = {"repoURL": REPO, "path": "apps", "targetRevision": "main"}
    objects = [
        application(source=None, sources=[chart, values], labels={"argocd.argoproj.io/instance": "apps"}),
        {**application(source=apps), "metadata": {"name": "apps", "namespace": "argocd"}},
    ]
    async with enter(HEALED, {"objects": objects}) as scene:
        marked(scene, annotations={TRACKING: ID})
        custodian = await told(scene)

    assert custodian is not None
    assert [(each.title, each.url) for each in custodian.sources] == [
        ("github.com/acme/platform · apps @ main", "https://github.com/acme/platform/tree/main/apps"),
        ("registry.example.com/charts · chart adapter @ 4.*", ""),
        ("gitlab.acme.io/ops/values @ main", "https://gitlab.acme.io/ops/values/-/tree/main"),
    ]


async def test_two_applications_that_apply_each_other_end_somewhere(enter: Enter) -> None:
    chart = {"repoURL": "https://charts.example.com", "chart": "adapter", "targetRevision": "4.0.1"}
    itself = application(source=chart, labels={"argocd.argoproj.io/instance": "adapter"})
    async with enter(HEALED, {"objects": [itself]}) as scene:
        marked(scene, annotations={TRACKING: ID})
        custodian = await told(scene)

    assert custodian is not None
    assert [each.title for each in custodian.sources] == ["charts.example.com · chart adapter @ 4.0.1"]


@pytest.mark.parametrize(
    ("objects", "annotations", "soon"),
    [
        ([kustomization(), repository()], {}, "it is reconciled every 10m0s: the change is reverted by then"),
        ([kustomization(suspend=True), repository()], {}, "it is suspended: the change stays until it is resumed"),
        (
            [kustomization(), repository()],
            {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"},
            "this object is excluded from reconciliation",
        ),
        (
            [kustomization(), repository()],
            {"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"},
            "this object is excluded from reconciliation",
        ),
        ([kustomization(interval="<!channel>"), repository()], {}, "its next reconciliation reverts the change"),
    ],
)
async def test_a_kustomization_tells_how_soon_and_from_where(
    enter: Enter, objects: Objects, annotations: dict[str, str], soon: str
) -> None:
    async with enter(HEALED, {"objects": objects}) as scene:
        marked(scene, labels=KUSTOMIZED, annotations=annotations)
        custodian = await told(scene)

    assert custodian is not None
    assert custodian.says.en.startswith(
        f"Flux (Kustomization flux-system/infra) applies this object from a source; {soon}"
    )
    assert [each.url for each in custodian.sources] == [PAGE]


@pytest.mark.parametrize(
    ("spec", "annotations", "soon"),
    [
        ({"driftDetection": {"mode": "enabled"}}, {}, "it is reconciled every 30m: the change is reverted by then"),
        ({"driftDetection": {"mode": "warn"}}, {}, "drift is not corrected"),
        ({}, {}, "drift is not corrected: the change stays until the next upgrade of the release"),
        ({"driftDetection": {"mode": "enabled"}, "suspend": True}, {}, "it is suspended"),
        (
            {"driftDetection": {"mode": "enabled"}},
            {"helm.toolkit.fluxcd.io/driftDetection": "disabled"},
            "drift is not corrected",
        ),
    ],
)
async def test_a_helm_release_of_flux_tells_how_soon_its_chart_and_where_it_stands_itself(
    enter: Enter, spec: dict[str, Any], annotations: dict[str, str], soon: str
) -> None:
    objects = [release(**spec), CHARTS, kustomization(), repository()]
    async with enter(HEALED, {"objects": objects}) as scene:
        # As Helm itself marks what it installs for Flux.
        marked(scene, labels=RELEASED, annotations={"meta.helm.sh/release-name": "adapter", **annotations})
        custodian = await told(scene)

    assert custodian is not None
    assert f"Flux (HelmRelease monitoring/adapter) applies this object from a source; {soon}" in custodian.says.en
    assert [(each.title, each.url) for each in custodian.sources] == [
        ("github.com/acme/platform · adapter @ main", PAGE),
        ("charts.example.com/stable · chart prometheus-adapter @ 4.x", "https://charts.example.com/stable"),
    ]


async def test_what_flux_takes_from_a_registry_is_told_without_a_link(enter: Enter) -> None:
    bundle = flux("OCIRepository", "platform", {"url": "oci://ghcr.io/acme/manifests", "ref": {"tag": "v7"}})
    from_registry = kustomization(sourceRef={"kind": "OCIRepository", "name": "platform"}, path="./adapter")
    async with enter(HEALED, {"objects": [from_registry, bundle]}) as scene:
        marked(scene, labels=KUSTOMIZED)
        custodian = await told(scene)

    assert custodian is not None
    assert [(each.title, each.url) for each in custodian.sources] == [
        ("oci://ghcr.io/acme/manifests · adapter @ v7", "")
    ]


async def test_a_release_of_helm_is_told_by_its_chart_and_no_secret_is_read(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        names = {"meta.helm.sh/release-name": "adapter", "meta.helm.sh/release-namespace": "monitoring"}
        marked(scene, labels={"helm.sh/chart": "prometheus-adapter-4.11.0"}, annotations=names)
        custodian = await told(scene)
        read = [one.path for one in scene.cluster.requests]

    assert custodian is not None
    assert custodian.says.en == (
        "Helm (release monitoring/adapter) applies this object from a source; "
        "the change stays until the next upgrade or rollback of the release"
    )
    assert [(each.title, each.url) for each in custodian.sources] == [("chart prometheus-adapter-4.11.0", "")]
    assert not any("secrets" in path for path in read)


@pytest.mark.parametrize(
    ("labels", "annotations", "forbidden", "needs"),
    [
        ({}, {TRACKING: ID}, "argoproj.io", "cannot read Application adapter: needs get on argoproj.io/applications"),
        (KUSTOMIZED, {}, "kustomize.toolkit.fluxcd.io", "needs get on kustomize.toolkit.fluxcd.io/kustomizations"),
        (KUSTOMIZED, {}, "source.toolkit.fluxcd.io", "needs get on source.toolkit.fluxcd.io/gitrepositories"),
    ],
)
async def test_what_may_not_be_read_is_named_and_stops_nothing(
    enter: Enter, labels: dict[str, str], annotations: dict[str, str], forbidden: str, needs: str
) -> None:
    async with enter(HEALED, {"objects": [application(), kustomization(), repository()]}) as scene:
        scene.cluster.forbid(group=forbidden)
        marked(scene, labels=labels, annotations=annotations)
        custodian = await told(scene)

    assert custodian is not None
    assert [each for each in custodian.unread if needs in each.en and each.zh != each.en]
    assert not any(each.url for each in custodian.sources)


async def test_an_application_of_another_cluster_is_said_not_to_be_here(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        marked(scene, annotations={TRACKING: ID})
        custodian = await told(scene)

    assert custodian is not None
    assert "its next sync may revert the change" in custodian.says.en
    assert [each.en for each in custodian.unread] == [
        "Application adapter is not in this cluster; it may be in another one"
    ]


async def test_whoever_may_not_see_argo_cds_namespace_is_told_nothing_from_it(enter: Enter) -> None:
    async with enter(HEALED, {"objects": [application(**synced(selfHeal=True))]}) as scene:
        marked(scene, annotations={TRACKING: ID})
        custodian = await told(scene, access=Access(namespaces=frozenset({"monitoring"})))
        read = [one.path for one in scene.cluster.requests if "applications" in one.path]

    assert custodian is not None
    assert custodian.sources == ()
    assert "namespace argocd may not be shown here" in custodian.unread[0].en
    assert read == []


async def test_a_source_that_does_not_come_in_time_holds_up_no_preview(enter: Enter) -> None:
    async with enter(HEALED, {"objects": [application()]}) as scene:
        marked(scene, annotations={TRACKING: ID})
        scene.cluster.fail(path_prefix="/apis/argoproj.io", hang=True)
        custodian = await told(scene, deadline=1.2)

    assert custodian is not None
    assert [each.en for each in custodian.unread] == ["its source could not be read in time"]


@pytest.mark.parametrize(
    "tracking",
    [
        "adapter:monitoring.coreos.com/Prometheus:monitoring/prometheus-adapter",
        "adapter:apps/Deployment:monitoring/another",
        "adapter:apps/Deployment:elsewhere/prometheus-adapter",
    ],
)
async def test_a_tracking_id_that_was_copied_from_another_object_says_nothing(enter: Enter, tracking: str) -> None:
    async with enter(HEALED, {"objects": [application()]}) as scene:
        marked(scene, annotations={TRACKING: tracking})

        assert await told(scene) is None


async def test_whoever_applies_the_owner_is_told_for_what_the_owner_makes(enter: Enter) -> None:
    cluster = {
        "kind": "TidbCluster",
        "apiVersion": "pingcap.com/v1alpha1",
        "metadata": {
            "name": "basic",
            "namespace": "monitoring",
            "annotations": {TRACKING: "adapter:pingcap.com/TidbCluster:monitoring/basic"},
        },
        "spec": {"version": "v7.5.0"},
    }
    made = {"kind": "TidbCluster", "name": "basic", "apiVersion": "pingcap.com/v1alpha1", "controller": True}
    job = {
        "kind": "CronJob",
        "apiVersion": "batch/v1",
        "metadata": {"name": "backup", "namespace": "monitoring", "ownerReferences": [made]},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}}},
    }
    objects = [application(**synced(selfHeal=True)), cluster, job]
    async with enter(HEALED, {"objects": objects}) as scene:
        backup = ObjectRef(kind="CronJob", namespace="monitoring", name="backup")
        plan = await scene.made("patch-object", backup, type="merge", patch={"spec": {"suspend": True}})
        preview = await scene.preview(plan)

    assert preview.outlook.custodian is not None
    assert preview.outlook.custodian.says.en == (
        "Argo CD (Application adapter) applies TidbCluster monitoring/basic, which owns this object, from a source; "
        "self-heal is on: the change is reverted within minutes"
    )


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://github.com/acme/x\n<!channel>",
        "http://github.com/acme/x",
        "<!channel>",
        "a" * 5000,
    ],
)
async def test_what_is_no_address_of_a_page_is_no_link(enter: Enter, url: str) -> None:
    hostile = copy.deepcopy(application(source={"repoURL": url, "path": "../../..", "targetRevision": "\n<!here>"}))
    async with enter(HEALED, {"objects": [hostile]}) as scene:
        marked(scene, annotations={TRACKING: ID})
        custodian = await told(scene)

    assert custodian is not None
    (source,) = custodian.sources
    assert source.url == ""
    assert "\n" not in source.title
    assert len(source.title) <= 200
