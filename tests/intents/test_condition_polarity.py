"""Which conditions are trouble, by kind and type."""

from __future__ import annotations

import pytest

from intents.condition_polarity import Polarity, is_trouble, polarity


@pytest.mark.parametrize(
    ("kind", "condition_type", "means"),
    [
        ("Node", "Ready", Polarity.GOOD),
        ("Node", "KernelDeadlock", Polarity.BAD),
        ("Node", "FrequentKubeletRestart", Polarity.BAD),
        ("Namespace", "NamespaceFinalizersRemaining", Polarity.BAD),
        ("Namespace", "NamespaceDeletionDiscoveryFailure", Polarity.BAD),
        ("Pod", "Ready", Polarity.NEUTRAL),
        ("Pod", "PodScheduled", Polarity.GOOD),
        ("Pod", "target-health.elbv2.k8s.aws/TargetHealthy", Polarity.GOOD),
        ("Deployment", "Progressing", Polarity.GOOD),
        ("Job", "Complete", Polarity.NEUTRAL),
        ("Job", "Failed", Polarity.BAD),
        ("CustomResourceDefinition", "Terminating", Polarity.BAD),
        ("Kustomization", "Ready", Polarity.GOOD),
        ("Kustomization", "Stalled", Polarity.BAD),
        ("Kustomization", "Reconciling", Polarity.NEUTRAL),
        ("Widget", "NotReady", Polarity.BAD),
        ("Widget", "Unavailable", Polarity.BAD),
        ("ClusterOperator", "Progressing", Polarity.NEUTRAL),
        ("Widget", "DiskPressure", Polarity.BAD),
        ("Widget", "Sleeping", Polarity.UNKNOWN),
    ],
)
def test_polarity_depends_on_kind_and_type(kind: str, condition_type: str, means: Polarity) -> None:
    assert polarity(kind, condition_type) is means


@pytest.mark.parametrize(
    ("kind", "condition", "trouble"),
    [
        ("Node", ("Ready", "False", "KubeletNotReady", "container runtime network not ready"), True),
        ("Node", ("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), True),
        ("Node", ("MemoryPressure", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), False),
        ("Node", ("KernelDeadlock", "False", "KernelHasNoDeadlock", "kernel has no deadlock"), False),
        ("Node", ("KernelDeadlock", "True", "DockerHung", "task docker:7 blocked"), True),
        ("Namespace", ("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", "x in 1 resource"), True),
        ("Namespace", ("NamespaceContentRemaining", "False", "ContentRemoved", "All content removed"), False),
        ("HorizontalPodAutoscaler", ("ScalingLimited", "True", "TooFewReplicas", "less than the minimum"), False),
        ("HorizontalPodAutoscaler", ("ScalingLimited", "True", "TooManyReplicas", "more than the maximum"), True),
        ("Job", ("Suspended", "True", "JobSuspended", "Job suspended"), False),
        ("Widget", ("Ready", "Unknown", "", ""), False),
        ("Widget", ("Ready", "False", "", ""), True),
        ("Widget", ("Sleeping", "False", "AsExpected", "nothing to do, no errors"), False),
        ("Widget", ("Sleeping", "True", "SyncError", "see the log"), True),
        ("Widget", ("Sleeping", "Unknown", "Waits", "dial tcp 10.0.0.1:443: connection refused"), True),
    ],
)
def test_condition_is_trouble(kind: str, condition: tuple[str, str, str, str], trouble: bool) -> None:
    assert is_trouble(kind, dict(zip(("type", "status", "reason", "message"), condition, strict=True))) is trouble
