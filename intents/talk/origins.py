"""Tell what runs in clusters from other tools, builds and laptops, by what it prints: a classifier of pasted texts."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files

from intents.talk.classifier import Classifier
from intents.talk.features import features_of_print


class Origin(StrEnum):
    """The place where a program printed a text."""

    CLUSTER = "cluster"  # by a part of a cluster, or by a program that runs there
    ELSEWHERE = "elsewhere"


def share_of_clusters(text: str) -> float:
    """Return how likely a text was printed in a cluster, from 0 to 1."""
    return dict(_origins().shares(features_of_print(text)))[Origin.CLUSTER]


@cache
def _origins() -> Classifier:
    return Classifier((files(__package__) / "origins.npz").read_bytes())
