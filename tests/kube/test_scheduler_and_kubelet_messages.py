"""Test the readers of the scheduler's and the kubelet's messages, in the wordings of many releases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.placement import Unschedulable, parse_unschedulable
from bot.kube.pod_states import EvictionCause, parse_eviction


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # 1.36, as recorded
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient memory."
            " no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for"
            " scheduling.",
            Unschedulable(lacks=("cpu", "memory"), reasons=("taint",)),
        ),
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient nvidia.com/gpu. no new"
            " claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            Unschedulable(lacks=("nvidia.com/gpu",), reasons=("taint",)),
        ),
        # 1.24 to 1.35
        (
            "0/6 nodes are available: 2 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 4"
            " Insufficient cpu. preemption: 0/6 nodes are available: 2 Preemption is not helpful for scheduling, 4 No"
            " preemption victims found for incoming pod.",
            Unschedulable(lacks=("cpu",), wants_taint=("node-role.kubernetes.io/control-plane",), reasons=("taint",)),
        ),
        # up to 1.23
        (
            "0/4 nodes are available: 1 Insufficient memory, 1 Too many pods, 2 node(s) had taint {team: blue}, that"
            " the pod didn't tolerate.",
            Unschedulable(lacks=("memory", "pods"), wants_taint=("team=blue",), reasons=("taint", "pods")),
        ),
        (
            "0/1 nodes are available: 1 Insufficient ephemeral-storage.",
            Unschedulable(lacks=("ephemeral-storage",)),
        ),
        (
            "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
            Unschedulable(reasons=("selector",)),
        ),
        ("no nodes available to schedule pods", Unschedulable()),
        ("", Unschedulable()),
    ],
)
def test_the_schedulers_reasons_are_read_without_its_remarks_on_preemption(
    message: str, expected: Unschedulable
) -> None:
    assert parse_unschedulable(message) == expected


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("2 node(s) didn't match Pod's node affinity/selector", "selector"),
        ("2 node(s) didn't match node selector", "selector"),
        ("2 node(s) didn't satisfy plugin(s) [NodeAffinity]", "selector"),
        ("MatchNodeSelector (2)", "selector"),
        ("2 node(s) had untolerated taint(s)", "taint"),
        ("2 node(s) had taint {a: b}, that the pod didn't tolerate", "taint"),
        ("2 node(s) were unschedulable", "taint"),
        ("2 node(s) didn't have free ports for the requested pod ports", "ports"),
        ("2 Too many pods", "pods"),
        ("2 node(s) had volume node affinity conflict", "volume"),
        ("2 node(s) didn't match PersistentVolume's node affinity", "volume"),
        ("2 node(s) had no available volume zone", "volume"),
        ("2 node(s) didn't match pod topology spread constraints (missing required label)", "spread"),
        ("2 node(s) didn't satisfy existing pods anti-affinity rules", "spread"),
        ("2 node(s) didn't match pod affinity rules", "spread"),
    ],
)
def test_each_filter_is_known_by_its_words_in_every_release(words: str, reason: str) -> None:
    message = f"0/2 nodes are available: {words}. preemption: 0/2 nodes are available: 2 No preemption victims found."

    assert parse_unschedulable(message).reasons == (reason,)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "The node was low on resource: ephemeral-storage. Threshold quantity: 10120387530, available: 9520612Ki."
            " Container web was using 4Ki, request is 0, has larger consumption of ephemeral-storage. ",
            EvictionCause.EPHEMERAL_STORAGE,
        ),
        ("The node was low on resource: imagefs.", EvictionCause.IMAGEFS),
        ("The node was low on resource: nodefs.", EvictionCause.NODEFS),
        ("The node was low on resource: inodes.", EvictionCause.NODEFS),
        ("The node was low on resource: [DiskPressure].", EvictionCause.EPHEMERAL_STORAGE),
        ("Pod was rejected: The node had condition: [DiskPressure]. ", EvictionCause.EPHEMERAL_STORAGE),
        ("The node had condition: [MemoryPressure, DiskPressure]. ", EvictionCause.EPHEMERAL_STORAGE),
        ("The node was low on resource: memory. Container a was using 2Gi", EvictionCause.MEMORY),
        ("The node had condition: [PIDPressure]. ", EvictionCause.PIDS),
        ("Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ", EvictionCause.OWN_LIMIT),
        ('Usage of EmptyDir volume "cache" exceeds the limit "256Mi". ', EvictionCause.OWN_LIMIT),
        ('Container web exceeded its local ephemeral storage limit "1Gi". ', EvictionCause.OWN_LIMIT),
        ("The node was low on resource: example.com/dongles.", EvictionCause.OTHER),
        ("The node had condition: [Sunburn]. ", EvictionCause.OTHER),
        ("", EvictionCause.OTHER),
    ],
)
def test_an_eviction_names_what_there_was_too_little_of(message: str, expected: EvictionCause) -> None:
    assert parse_eviction(message) is expected


@given(st.text(max_size=300))
def test_no_message_breaks_the_readers(message: str) -> None:
    parse_eviction(message)
    parse_unschedulable(message)
