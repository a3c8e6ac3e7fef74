"""When two pastes tell the same story: the same incident about the same object, however its pods are called today."""

from __future__ import annotations

from bot.probes.shared.scope import generated_stem
from intents.catalog.schema import Incident
from intents.domain import Hypothesis
from intents.focus import focus_of


def fingerprint(incident: Incident, hypothesis: Hypothesis, *, cluster: str = "") -> str:
    """A short stable text; the suffix that a controller gives to a pod's name does not count.

    `cluster` is the one the text is marked with, of several; "" for none.
    """
    focus = focus_of(incident, hypothesis)
    name = (generated_stem(focus.name) or focus.name) if focus.kind == "Pod" else focus.name
    about = "|".join((incident.id, focus.kind, focus.namespace, name, focus.container, focus.node))
    return f"{about}|{cluster}" if cluster else about
