"""Compute what makes two requests the same question, and two answers the same fault."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from bot.kube.owners import generated_stem
from intents.anchors import names
from intents.catalog.schema import Incident
from intents.domain import Finding, Hypothesis, JudgedHypothesis, Verdict
from intents.focus import focus_of
from intents.named_objects import ObjectKey
from intents.subjects import ties

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
# Begins only where such a run of characters begins: otherwise a long run would be read again from each of them.
_NAME: Final = re.compile(r"(?<![a-z0-9-])(-*)([a-z0-9][a-z0-9-]*-[bcdfghjklmnpqrstvwxz2456789]{5})(?![\w.-])")
_FAULT: Final = "fault|"
# The kinds that many objects need: one that is missing, used up or refused is at fault for all of them.
_NEEDED: Final = frozenset({
    "ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim", "StorageClass", "PriorityClass", "RuntimeClass",
    "ResourceQuota",
})  # fmt: skip


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


def fault_of(one: JudgedHypothesis, *, cluster: str = "", audience: str = "") -> str:
    """Return the same text for answers with the same incident and object at fault; "" for one that proves none.

    The object at fault is what the evidence names as missing or refused, the owner of a pod, or the object itself.
    """
    if one.verdict not in (Verdict.CONFIRMED, Verdict.LIKELY):
        return ""
    supports = one.cluster_support
    best = next((each for each in supports if each.decisive), supports[0] if supports else None)
    if best is None or best.subject is None:
        return ""
    at_fault = _named_in(best) or _owner_in(best) or str(best.subject)
    return _FAULT + "|".join((one.incident, at_fault, *filter(None, (cluster, audience))))


def _named_in(best: Finding) -> str:
    """Return what the quote names and the row ties to its subject: what several objects need, or an image."""
    for row in best.rows[:1]:
        needed = [_place(key) for key in sorted(ties(row)) if key[0] in _NEEDED and names(best.quote, key[2])]
        by, image = str(row.values.get("by") or ""), str(row.values.get("image") or "")
        if needed:
            return needed[0]
        if by and row.subject.kind != "Pod" and names(best.quote, by):
            return f"{row.subject.namespace}/{by}"
        if image and names(best.quote, image):
            return f"image {image}"
    return _place(best.subject.key) if best.subject and best.subject.kind in _NEEDED else ""


def _owner_in(best: Finding) -> str:
    values, subject = best.rows[0].values if best.rows else {}, best.subject
    if subject is None or subject.kind != "Pod" or not values.get("owner"):
        return ""
    return f"{values.get('owner_kind', '')} {subject.namespace}/{values['owner']}"


def _place(key: ObjectKey) -> str:
    return "/".join(key[1:])


def _digest(text: str) -> str:
    plain = _NAME.sub(lambda name: name[1] + (generated_stem(name[2]) or name[2]), _VARYING.sub("", text))
    return blake2b(" ".join(plain.split()).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
