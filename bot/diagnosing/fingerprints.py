"""Compute the fingerprint of a paste: the same incident on the same object, whatever the current pod names."""

from __future__ import annotations

from bot.kube.owners import generated_stem
from intents.catalog.schema import Incident
from intents.domain import Hypothesis
from intents.focus import focus_of


def fingerprint(incident: Incident, hypothesis: Hypothesis, *, cluster: str = "", audience: str = "") -> str:
    """Return a short stable text; the generated suffix of a pod's name does not count.

    `cluster` is the one the text is marked with, if there are several; "" for none. `audience` stands for the part of
    the clusters that the requester may see: people of another audience get another answer.
    """
    focus = focus_of(incident, hypothesis)
    name = (generated_stem(focus.name) or focus.name) if focus.kind == "Pod" else focus.name
    about = "|".join((incident.id, focus.kind, focus.namespace, name, focus.container, focus.node))
    return "|".join((about, *filter(None, (cluster, audience))))
