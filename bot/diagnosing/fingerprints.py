"""Compute what makes two requests the same question, and two answers the same fault."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from bot.kube.owners import generated_stem
from intents.catalog.schema import Incident
from intents.domain import Hypothesis, JudgedHypothesis, Verdict
from intents.focus import focus_of

# What differs between two pastes of one error: times, ages, counts of repetitions, uids, process ids of klog.
_VARYING: Final = re.compile(
    r"""\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?[\d.,]*(?:Z|[+-]\d\d:?\d\d)?
    |\b[IWEF]\d{4}[ ]\d\d:\d\d:\d\d\.\d+\s+\d+
    |\b\d\d:\d\d:\d\d[\d.,]*
    |\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b
    |\(x\d+[ ]over[ ][^)]{1,20}\)
    |(?<![\w.:/@-])(?:\d+(?:\.\d+)?(?:ms|us|µs|[smhd]))+(?![\w.-])""",
    re.VERBOSE,
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*-[bcdfghjklmnpqrstvwxz2456789]{5}(?![\w.-])")
_FAULT: Final = "fault|"


def fingerprint(incident: Incident, hypothesis: Hypothesis, *, text: str, cluster: str = "", audience: str = "") -> str:
    """Return a short stable text for a question: the same words about the same named object.

    Times, ages and the generated suffix of a pod's name do not count. `cluster` is the one the text is marked with, if
    there are several; "" for none. `audience` stands for the part of the clusters that the requester may see: people of
    another audience get another answer.
    """
    focus = focus_of(incident, hypothesis)
    name = (generated_stem(focus.name) or focus.name) if focus.kind == "Pod" else focus.name
    about = "|".join((incident.id, focus.kind, focus.namespace, name, focus.container, focus.node, _digest(text)))
    return "|".join((about, *filter(None, (cluster, audience))))


def fault_of(one: JudgedHypothesis, *, cluster: str, audience: str) -> str:
    """Return the same text for answers with the same incident and object at fault; "" for one that proves none.

    The object at fault is the image, the owner of a pod, or the object itself.
    """
    if one.verdict not in (Verdict.CONFIRMED, Verdict.LIKELY):
        return ""
    supports = one.cluster_support
    best = next((each for each in supports if each.decisive), supports[0] if supports else None)
    if best is None or best.subject is None:
        return ""
    values = best.rows[0].values if best.rows else {}
    at_fault = str(best.subject)
    if image := values.get("image"):
        at_fault = f"image {image}"
    elif best.subject.kind == "Pod" and values.get("owner"):
        at_fault = f"{values.get('owner_kind', '')} {best.subject.namespace}/{values['owner']}"
    return _FAULT + "|".join((one.incident, at_fault, *filter(None, (cluster, audience))))


def _digest(text: str) -> str:
    plain = _NAME.sub(lambda name: generated_stem(name.group()) or name.group(), _VARYING.sub("", text))
    return blake2b(" ".join(plain.split()).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
