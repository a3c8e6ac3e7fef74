"""Define the kinds of objects that a text, an entry or a row may name, each once. Other modules derive their lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of object. Fields that have several values separate them by spaces.

    word: what a signature captures its name as, `<pvc>`; none for a kind that no text names.
    short, group: as the API server has them. Commands and controllers write these and the plural.
    about: whether an incident may be about it. Secrets are never read, a Namespace is the place of others.
    general: whether a text can be about it whatever its incident is about.
    shared: whether many others depend on one of it: rows that have only this in common are about different objects.
    absence: whether rules judge that it is missing, so that no note has to say so.
    said, han: how people call it right before or after its name, in English and in Chinese.
    fields: keys of logs and manifests whose value is its name.
    rows: keys of rows whose value is its name.
    means: what a captured name is, beside "the name of a Pod".
    """

    kind: str
    word: str = ""
    short: str = ""
    group: str = ""
    namespaced: bool = True
    about: bool = True
    general: bool = False
    shared: bool = False
    absence: bool = False
    said: str = ""
    han: str = ""
    fields: str = ""
    rows: str = ""
    means: str = ""

    @property
    def plural(self) -> str:
        """Return the name of its resource."""
        name = self.kind.lower()
        return name[:-1] + "ies" if name.endswith("y") else name + ("es" if name.endswith("s") else "s")

    @property
    def spellings(self) -> tuple[str, ...]:
        """Return all that kubectl accepts and controllers write for it."""
        plain = (self.kind.lower(), self.plural)
        return (*plain, *self.short.split(), *(f"{name}.{self.group}" for name in plain if self.group))

    @property
    def meaning(self) -> str:
        """Return what a name captured under its word is."""
        return self.means or f"the name of {'an' if self.kind[0] in 'AEIO' else 'a'} {self.kind}"


# An incident's text can be about the general ones, the likeliest first.
TABLE: Final = (
    Kind(
        word="pod", kind="Pod", short="po", general=True, said="pod", han="容器组", fields="pod podname",
        rows="pod unready_pod last_restart_pod holder_pod driver_pod pods unready_pods",
    ),
    Kind(
        word="statefulset", kind="StatefulSet", short="sts", group="apps", general=True, said="statefulset sts",
        han="有状态副本集 有状态集 有状态负载", fields="statefulset", rows="statefulset",
    ),
    Kind(
        word="deployment", kind="Deployment", short="deploy", group="apps", general=True, said="deployment deploy",
        han="部署 无状态负载", fields="deployment", rows="deployment",
    ),
    Kind(
        word="daemonset", kind="DaemonSet", short="ds", group="apps", general=True, said="daemonset ds",
        han="守护进程集", fields="daemonset", rows="daemonset",
    ),
    Kind(word="replicaset", kind="ReplicaSet", short="rs", group="apps", general=True, said="replicaset rs"),
    Kind(word="job", kind="Job", group="batch", general=True, said="job", han="任务", fields="job", rows="job"),
    Kind(
        word="cronjob", kind="CronJob", short="cj", group="batch", general=True, said="cronjob", han="定时任务",
        rows="cron_job",
    ),
    Kind(
        word="service", kind="Service", short="svc", general=True, said="service svc", han="服务",
        fields="service servicename service_name service-name", rows="service",
    ),
    Kind(
        word="node", kind="Node", short="no", namespaced=False, general=True, shared=True, said="node", han="节点",
        fields="node nodename", rows="node nodes",
    ),
    Kind(
        word="pvc", kind="PersistentVolumeClaim", short="pvc", said="pvc", han="存储卷声明",
        fields="pvc persistentvolumeclaim claimname", rows="pvc",
    ),
    Kind(
        word="pv", kind="PersistentVolume", short="pv", namespaced=False, absence=True, said="pv",
        fields="volumename", rows="pv",
    ),
    Kind(
        word="lease", kind="Lease", group="coordination.k8s.io", said="lease",
        means="the name of a Lease or another lock of a leader election",
    ),
    Kind(
        word="apiservice", kind="APIService", group="apiregistration.k8s.io", namespaced=False, shared=True,
        absence=True, said="apiservice", means="the name of an APIService: v1beta1.metrics.k8s.io",
    ),
    Kind(
        word="storageclass", kind="StorageClass", short="sc", group="storage.k8s.io", namespaced=False, shared=True,
        absence=True, said="storageclass", han="存储类", fields="storageclass storageclassname",
        rows="storage_class",
    ),
    Kind(
        word="tidbcluster", kind="TidbCluster", short="tc", group="pingcap.com", said="tidbcluster tc",
        rows="cluster",
    ),
    Kind(
        word="hpa", kind="HorizontalPodAutoscaler", short="hpa", group="autoscaling", said="hpa",
        fields="horizontalpodautoscaler",
    ),
    Kind(word="pdb", kind="PodDisruptionBudget", short="pdb", group="policy", said="pdb", fields="poddisruptionbudget"),
    # Those without `said` are everyday words or rare: people write them with a slash, as kubectl does.
    Kind(word="resourcequota", kind="ResourceQuota", short="quota", rows="quota"),
    Kind(word="limitrange", kind="LimitRange", short="limits"),
    Kind(word="ingress", kind="Ingress", short="ing", group="networking.k8s.io", rows="ingress"),
    Kind(word="configmap", kind="ConfigMap", short="cm"),
    Kind(
        word="crd", kind="CustomResourceDefinition", short="crd crds", group="apiextensions.k8s.io",
        namespaced=False, shared=True, rows="crd",
    ),
    Kind(
        word="namespace", kind="Namespace", short="ns", namespaced=False, about=False, shared=True,
        fields="namespace namespacename podnamespace", means="a namespace",
    ),
    Kind(word="secret", kind="Secret", about=False),
    Kind(
        word="application", kind="Application", short="app", group="argoproj.io", about=False,
        means="the name of an Argo CD Application",
    ),
    *(
        Kind(
            word="webhook", kind=kind, group="admissionregistration.k8s.io", namespaced=False, about=False,
            means="the name of an admission webhook",
        )
        for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
    ),
    Kind(kind="ServiceAccount", rows="account"),
    Kind(kind="NetworkPolicy", rows="policy"),
    Kind(kind="Prometheus", shared=True, rows="prometheus"),
    Kind(kind="PriorityClass", namespaced=False, shared=True),
    Kind(kind="IngressClass", namespaced=False, shared=True),
    *(
        Kind(kind=kind, namespaced=False)
        for kind in ("CSIDriver", "CSINode", "GatewayClass", "Image", "RuntimeClass", "VolumeAttachment")
    ),
)  # fmt: skip
# The kinds that a text names, by their word.
NAMED: Final = tuple(kind for kind in TABLE if kind.word)
# The kinds that an incident may be about.
KINDS: Final[Mapping[str, str]] = MappingProxyType({kind.word: kind.kind for kind in NAMED if kind.about})
WORDS: Final[Mapping[str, str]] = MappingProxyType({kind: word for word, kind in KINDS.items()})
IN_GENERAL: Final = tuple(kind.word for kind in NAMED if kind.general)
# Kinds whose objects are in no namespace, beside all whose name begins with "Cluster".
CLUSTER_SCOPED: Final = frozenset(kind.kind for kind in TABLE if not kind.namespaced)
# Every spelling of a kind that kubectl accepts or a controller writes → our word for it.
SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {spelling: kind.word for kind in NAMED for spelling in kind.spellings}
)
