"""The alerts of the common mixins, by the labels that name their object.

Sources: kubernetes-mixin, node-exporter's mixin, etcd's mixin, the CoreDNS mixin and kube-prometheus.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
        " KubeletServerCertificateRenewalErrors"
    ),
    ("instance",): (
        "NodeFilesystemSpaceFillingUp NodeFilesystemAlmostOutOfSpace NodeFilesystemFilesFillingUp"
        " NodeFilesystemAlmostOutOfFiles NodeNetworkReceiveErrs NodeNetworkTransmitErrs"
        " NodeHighNumberConntrackEntriesUsed NodeBondingDegraded NodeClockSkewDetected NodeClockNotSynchronising"
        " NodeRAIDDegraded NodeRAIDDiskFailure NodeDiskIOSaturation NodeCPUHighUsage NodeSystemSaturation"
        " NodeMemoryMajorPagesFaults NodeMemoryHighUtilization NodeFileDescriptorLimit NodeSystemdServiceFailed"
        " NodeSystemdServiceCrashlooping NodeTextFileCollectorScrapeError KubeletInstanceUnreachable"
    ),
    ("namespace", "service"): "TargetDown PrometheusTargetMissing",
}
# The labels, in the order of their names, that tell the object of an alert.
LABELS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    name: labels for labels, names in _BY_LABELS.items() for name in names.split()
}
