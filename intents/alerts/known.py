"""The alerts of the common mixins, by the labels that name their object, or by the part of the cluster that they mean.

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
