"""Which cluster a request means: what tells it, in which order, and what tells nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.cluster_choice import (
    AmbiguousCluster,
    ChoiceReason,
    ChosenCluster,
    ClusterChoice,
    ClusterHints,
    UnknownCluster,
    choose,
)

THREE = ("prod-eu1", "prod-us1", "staging")
TOLD = [
    ("pressed", ChoiceReason.PRESSED),
    ("named", ChoiceReason.NAMED),
    ("place", ChoiceReason.NAMED),
    ("text", ChoiceReason.TEXT),
    ("thread", ChoiceReason.THREAD),
    ("channel", ChoiceReason.CHANNEL),
    ("configured", ChoiceReason.CONFIGURED),
]


def clue(name: str, cluster: str) -> str:
    return f'cluster="{cluster}"' if name == "text" else cluster


@pytest.mark.parametrize("index", range(len(TOLD)))
def test_the_strongest_clue_counts(index: int) -> None:
    name, why = TOLD[index]
    hints: dict[str, Any] = {each: clue(each, "prod-us1") for each, _ in TOLD[index + 1 :]}
    hints[name] = clue(name, "staging")

    chosen = choose(THREE, ClusterHints(**hints))

    assert chosen == ChosenCluster(cluster="staging", why=why)


@pytest.mark.parametrize(
    ("visible", "hints", "choice"),
    [
        (THREE, ClusterHints(), AmbiguousCluster(clusters=THREE)),
        (("prod-eu1",), ClusterHints(), ChosenCluster(cluster="prod-eu1", why=ChoiceReason.ONLY)),
        (("prod-eu1",), ClusterHints(channel="staging"), ChosenCluster(cluster="prod-eu1", why=ChoiceReason.ONLY)),
        ((), ClusterHints(configured="prod-eu1"), AmbiguousCluster(clusters=())),
        (THREE, ClusterHints(named="prod-eu"), UnknownCluster(named="prod-eu", closest="prod-eu1")),
        (THREE, ClusterHints(named="PROD-US1"), UnknownCluster(named="PROD-US1", closest="prod-us1")),
        (THREE, ClusterHints(named="xyz"), UnknownCluster(named="xyz")),
        (("staging",), ClusterHints(named="prod-eu1"), UnknownCluster(named="prod-eu1")),
        (THREE, ClusterHints(place="trouble"), AmbiguousCluster(clusters=THREE)),
        (THREE, ClusterHints(thread="gone", channel="hidden"), AmbiguousCluster(clusters=THREE)),
    ],
)
def test_what_cannot_be_seen_plays_no_part(
    visible: tuple[str, ...], hints: ClusterHints, choice: ClusterChoice
) -> None:
    assert choose(visible, hints) == choice


@pytest.mark.parametrize(
    ("text", "cluster"),
    [
        ('alertname="KubePodCrashLooping", cluster="prod-eu1", pod="api-0"', "prod-eu1"),
        ("k8s_cluster: prod-eu1", "prod-eu1"),
        ("cluster=prod-eu1,namespace=shop", "prod-eu1"),
        ("kubectl --context prod-eu1 get pods", "prod-eu1"),
        ('Switched to context "prod-eu1".', "prod-eu1"),
        ("the cluster staging.", "staging"),
        ("集群 staging，请看", "staging"),
        ('{"cluster":"staging"}', "staging"),
        ("cluster: prod", ""),
        ("cluster: prod-eu10", ""),
        ("cluster: Prod-EU1", ""),
        ("namespace=staging", ""),
        ("deployed to staging", ""),
        ("it fails in staging", ""),
        ('cluster="staging" is fine, cluster="prod-eu1" is not', ""),
        ("cluster autoscaler", ""),
    ],
)
def test_a_text_tells_it_where_it_names_one_cluster_as_a_cluster(text: str, cluster: str) -> None:
    choice = choose(THREE, ClusterHints(text=text))
    assert choice == (
        ChosenCluster(cluster=cluster, why=ChoiceReason.TEXT) if cluster else AmbiguousCluster(clusters=THREE)
    )


@pytest.mark.parametrize(
    "text", ["why does it fail in staging?", "pod on staging", "api-0 @staging", "api-0在staging怎么了"]
)
def test_what_is_said_to_us_says_where_in_plain_words(text: str) -> None:
    assert choose(THREE, ClusterHints(text=text, addressed=True)) == ChosenCluster(
        cluster="staging", why=ChoiceReason.TEXT
    )


@given(st.lists(st.text(min_size=1), unique=True, max_size=4), st.text(), st.text(), st.booleans())
def test_only_what_may_be_seen_is_ever_chosen_or_suggested(
    visible: list[str], named: str, text: str, addressed: bool
) -> None:
    match choose(visible, ClusterHints(named=named, text=text, addressed=addressed)):
        case ChosenCluster(cluster=cluster):
            assert cluster in visible
        case UnknownCluster(closest=closest):
            assert closest in ("", *visible)
        case AmbiguousCluster(clusters=clusters):
            assert clusters == tuple(visible)
