"""Tell which object an alert is about, from its labels.

kube-state-metrics puts its own `job`, `pod`, `instance` and `container` beside the labels of what it measures:
the most specific label names the object. For an alert of a common mixin, its name tells which labels that are, or the
part of the cluster that it means. Sources: kubernetes-mixin, node-exporter's mixin, etcd's mixin, the CoreDNS mixin and
kube-prometheus.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from intents.kinds import CLUSTER_SCOPED
from intents.named_objects import Focus

_BY_LABELS: Final[Mapping[tuple[str, ...], str]] = {
    ("container", "namespace", "pod"): "KubePodCrashLooping KubePodNotReady KubeContainerWaiting CPUThrottlingHigh",
    ("deployment", "namespace"): (
        "KubeDeploymentGenerationMismatch KubeDeploymentReplicasMismatch KubeDeploymentRolloutStuck"
    ),
    ("namespace", "statefulset"): (
        "KubeStatefulSetReplicasMismatch KubeStatefulSetGenerationMismatch KubeStatefulSetUpdateNotRolledOut"
    ),
    ("daemonset", "namespace"): "KubeDaemonSetRolloutStuck KubeDaemonSetNotScheduled KubeDaemonSetMisScheduled",
    ("job_name", "namespace"): "KubeJobNotCompleted KubeJobFailed",
    ("horizontalpodautoscaler", "namespace"): "KubeHpaReplicasMismatch KubeHpaMaxedOut",
    ("namespace", "poddisruptionbudget"): "KubePdbNotEnoughHealthyPods",
    ("namespace", "resource", "resourcequota"): "KubeQuotaAlmostFull KubeQuotaFullyUsed KubeQuotaExceeded",
    ("namespace", "persistentvolumeclaim"): ("KubePersistentVolumeFillingUp KubePersistentVolumeInodesFillingUp"),
    ("persistentvolume",): "KubePersistentVolumeErrors",
    ("node",): (
        "KubeNodeNotReady KubeNodeUnreachable KubeNodeReadinessFlapping KubeNodePressure KubeNodeEviction"
        " KubeletTooManyPods KubeletPlegDurationHigh KubeletPodStartUpLatencyHigh KubeletClientCertificateExpiration"
        " KubeletServerCertificateExpiration KubeletClientCertificateRenewalErrors"
        " KubeletServerCertificateRenewalErrors KubeletInstanceUnreachable"
    ),
    ("instance",): (
        "NodeFilesystemSpaceFillingUp NodeFilesystemAlmostOutOfSpace NodeFilesystemFilesFillingUp"
        " NodeFilesystemAlmostOutOfFiles NodeNetworkReceiveErrs NodeNetworkTransmitErrs"
        " NodeHighNumberConntrackEntriesUsed NodeBondingDegraded NodeClockSkewDetected NodeClockNotSynchronising"
        " NodeRAIDDegraded NodeRAIDDiskFailure NodeDiskIOSaturation NodeCPUHighUsage NodeSystemSaturation"
        " NodeMemoryMajorPagesFaults NodeMemoryHighUtilization NodeFileDescriptorLimit NodeSystemdServiceFailed"
        " NodeSystemdServiceCrashlooping NodeTextFileCollectorScrapeError"
    ),
    ("name",): "KubeAggregatedAPIErrors KubeAggregatedAPIDown",
    ("namespace", "service"): "TargetDown",
    ("namespace", "pod", "service"): "PrometheusTargetMissing",
}
_BY_SUBJECT: Final[Mapping[str, str]] = {
    "API server": (
        "KubeAPIDown KubeAPIInstanceUnreachable KubeAPIErrorBudgetBurn KubeAPITerminatedRequests KubeClientErrors"
    ),
    "certificates": "KubeClientCertificateExpiration",
    "scheduler": "KubeSchedulerDown KubeSchedulerInstanceUnreachable",
    "controller manager": "KubeControllerManagerDown KubeControllerManagerInstanceUnreachable",
    "kube-proxy": "KubeProxyDown KubeProxyInstanceUnreachable",
    "nodes": "KubeVersionMismatch KubeletDown",
    "etcd": (
        "etcdMembersDown etcdInsufficientMembers etcdNoLeader etcdHighNumberOfLeaderChanges"
        " etcdHighNumberOfFailedGRPCRequests etcdGRPCRequestsSlow etcdMemberCommunicationSlow"
        " etcdHighNumberOfFailedProposals etcdHighFsyncDurations etcdHighCommitDurations etcdDatabaseQuotaLowSpace"
        " etcdExcessiveDatabaseGrowth etcdDatabaseHighFragmentationRatio"
    ),
    "cluster DNS": (
        "CoreDNSDown CoreDNSLatencyHigh CoreDNSErrorsHigh CoreDNSForwardLatencyHigh CoreDNSForwardErrorsHigh"
        " CoreDNSForwardHealthcheckFailureCount CoreDNSForwardHealthcheckBrokenCount"
    ),
    "capacity": "KubeCPUOvercommit KubeMemoryOvercommit KubeCPUQuotaOvercommit KubeMemoryQuotaOvercommit",
}
# The labels, in the order of their names, that tell the object of an alert.
LABELS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    name: labels for labels, names in _BY_LABELS.items() for name in names.split()
}
# The part of the cluster that an alert is about: its labels name at most the target that Prometheus scrapes.
SUBJECT_OF: Final[Mapping[str, str]] = {
    name: subject for subject, names in _BY_SUBJECT.items() for name in names.split()
}


# From specific to general. `job` is the scrape job of Prometheus, never a Job of Kubernetes.
KINDS: Final[Mapping[str, str]] = {
    "job_name": "Job",
    "cronjob": "CronJob",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler",
    "hpa": "HorizontalPodAutoscaler",
    "poddisruptionbudget": "PodDisruptionBudget",
    "persistentvolumeclaim": "PersistentVolumeClaim",
    "persistentvolume": "PersistentVolume",
    "resourcequota": "ResourceQuota",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "deployment": "Deployment",
    "replicaset": "ReplicaSet",
    "ingress": "Ingress",
    "exported_pod": "Pod",
    "pod": "Pod",
    "pod_name": "Pod",
    "exported_node": "Node",
    "node": "Node",
    "service": "Service",
}
# Exporters measure a machine; their `instance` is its name or address with a port.
_OF_MACHINES: Final = re.compile(r"Node[A-Z]\w+|Kubelet\w+|KubeNode\w+")
_MACHINE: Final = re.compile(r"\[?([a-z0-9][a-z0-9.-]{0,252}|(?<=\[)[0-9a-f:.]{2,45}(?=\]))\]?(?::\d+)?")
# Prometheus itself reports these: their `instance` is the target, which may be a pod.
_OF_ADDRESSES: Final = re.compile(r"TargetDown|PrometheusTargetMissing|InstanceDown")
_ADDRESS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}:[0-9a-f:.]{2,45}")
# The API server names the aggregated API as `name`, and the namespace of who asked.
_OF_APIS: Final = re.compile(r"KubeAggregatedAPI\w+")
# Labels that say where Prometheus scrapes.
OF_TARGETS: Final = frozenset({"job", "service", "container", "endpoint", "instance", "prometheus"})
# Where most clusters run what an alert about a part of the cluster is about.
USUAL_OBJECTS: Final[Mapping[str, Focus]] = {
    "kube-proxy": Focus(kind="DaemonSet", namespace="kube-system", name="kube-proxy"),
    "cluster DNS": Focus(kind="Deployment", namespace="kube-system", name="coredns"),
}


def object_of(labels: Mapping[str, str]) -> Focus | None:
    """Return the object that the labels name; None where they name none, or no more than what Prometheus scrapes.

    A namespace without an object in it is the object. A node may be named by its address.
    """
    name = labels.get("alertname", "")
    if name in SUBJECT_OF:
        return _kubelet(labels)
    if _OF_APIS.fullmatch(name) and labels.get("name"):
        return Focus(kind="APIService", name=labels["name"])
    if machine := _machine(labels):
        return Focus(kind="Node", name=machine)
    namespace = labels.get("exported_namespace") or labels.get("namespace", "")
    for label, kind in KINDS.items():
        if name := labels.get(label, ""):
            container = labels.get("exported_container") or labels.get("container", "") if kind == "Pod" else ""
            home = "" if kind in CLUSTER_SCOPED else namespace
            return Focus(kind=kind, namespace=home, name=name, container=container)
    return Focus(kind="Namespace", name=namespace) if namespace else None


def scraped_pod(labels: Mapping[str, str]) -> Focus | None:
    """Return the pod that Prometheus cannot scrape, by its address; None where the labels name an object."""
    about, target = object_of(labels), _machine_in(labels)
    if (about and about.kind != "Namespace") or not _OF_ADDRESSES.fullmatch(labels.get("alertname", "")):
        return None
    return Focus(kind="Pod", namespace=labels.get("namespace", ""), name=target) if is_address(target) else None


def is_address(name: str) -> bool:
    """Return whether a name is an IP: only the cluster tells which object has it."""
    return _ADDRESS.fullmatch(name) is not None


def _kubelet(labels: Mapping[str, str]) -> Focus | None:
    """Return the node whose kubelet is the one instance that an alert about a part of the cluster names."""
    instance = _machine_in(labels) if labels.get("job") == "kubelet" else ""
    return Focus(kind="Node", name=labels.get("node") or instance) if instance else None


def _machine(labels: Mapping[str, str]) -> str:
    """Return the name or the address of the node that an alert about machines names, "" for any other alert."""
    if not _OF_MACHINES.fullmatch(labels.get("alertname", "")):
        return ""
    named = labels.get("exported_node") or labels.get("node") or labels.get("nodename", "")
    return named or _machine_in(labels)


def _machine_in(labels: Mapping[str, str]) -> str:
    match = _MACHINE.fullmatch(labels.get("instance", ""))
    return match[1] if match else ""
