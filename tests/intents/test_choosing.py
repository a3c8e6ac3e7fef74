"""Test which cluster a request means: the clues, their order, and texts without a clue."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.choosing import Ambiguous, Choice, Chosen, Clues, NoSuch, Why, choose

THREE = ("prod-eu1", "prod-us1", "staging")
TOLD = [
    ("pressed", Why.PRESSED),
    ("named", Why.NAMED),
    ("place", Why.NAMED),
    ("text", Why.TEXT),
    ("thread", Why.THREAD),
    ("channel", Why.CHANNEL),
    ("configured", Why.CONFIGURED),
]


def clue(name: str, cluster: str) -> str:
    return f'cluster="{cluster}"' if name == "text" else cluster


@pytest.mark.parametrize("index", range(len(TOLD)))
def test_strongest_clue_wins(index: int) -> None:
    name, why = TOLD[index]
    clues: dict[str, Any] = {each: clue(each, "prod-us1") for each, _ in TOLD[index + 1 :]}
    clues[name] = clue(name, "staging")

    chosen = choose(THREE, Clues(**clues))

    assert chosen == Chosen(cluster="staging", why=why)


@pytest.mark.parametrize(
    ("visible", "clues", "choice"),
    [
        (THREE, Clues(), Ambiguous(clusters=THREE)),
        (("prod-eu1",), Clues(), Chosen(cluster="prod-eu1", why=Why.ONLY)),
        (("prod-eu1",), Clues(channel="staging"), Chosen(cluster="prod-eu1", why=Why.ONLY)),
        ((), Clues(configured="prod-eu1"), Ambiguous(clusters=())),
        (THREE, Clues(named="prod-eu"), NoSuch(named="prod-eu", closest="prod-eu1")),
        (THREE, Clues(named="PROD-US1"), NoSuch(named="PROD-US1", closest="prod-us1")),
        (THREE, Clues(named="xyz"), NoSuch(named="xyz")),
        (("staging",), Clues(named="prod-eu1"), NoSuch(named="prod-eu1")),
        (THREE, Clues(place="trouble"), Ambiguous(clusters=THREE)),
        (THREE, Clues(thread="gone", channel="hidden"), Ambiguous(clusters=THREE)),
    ],
)
def test_hidden_cluster_has_no_influence(visible: tuple[str, ...], clues: Clues, choice: Choice) -> None:
    assert choose(visible, clues) == choice


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
def test_text_that_names_one_cluster_selects_it(text: str, cluster: str) -> None:
    choice = choose(THREE, Clues(text=text))
    assert choice == (Chosen(cluster=cluster, why=Why.TEXT) if cluster else Ambiguous(clusters=THREE))


@pytest.mark.parametrize(
    "text", ["why does it fail in staging?", "pod on staging", "api-0 @staging", "api-0在staging怎么了"]
)
def test_plain_words_in_a_question_select_the_cluster(text: str) -> None:
    assert choose(THREE, Clues(text=text, addressed=True)) == Chosen(cluster="staging", why=Why.TEXT)


@given(st.lists(st.text(min_size=1), unique=True, max_size=4), st.text(), st.text(), st.booleans())
def test_only_visible_clusters_are_chosen_or_suggested(
    visible: list[str], named: str, text: str, addressed: bool
) -> None:
    match choose(visible, Clues(named=named, text=text, addressed=addressed)):
        case Chosen(cluster=cluster):
            assert cluster in visible
        case NoSuch(closest=closest):
            assert closest in ("", *visible)
        case Ambiguous(clusters=clusters):
            assert clusters == tuple(visible)
