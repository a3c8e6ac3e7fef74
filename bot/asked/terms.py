"""Answer what a term means and how something is done, by the catalog alone: nothing is judged, nobody is accused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from bot.cluster.access import collect_gaps
from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import has_ended, named_ref, status_of
from bot.kube.owners import workload_of
from bot.probes.contract import may
from intents import templates
from intents.catalog.schema import Incident, RunbookStep
from intents.domain import Json, Link, ObjectRef, Text
from intents.sheets import NextAsk, Sheet, SheetRow
from intents.talk.terms import Meant, kind_in
from responses.words import ENUMERATION

PERMISSIONS: Final = may("list", "pods")
_STEPS: Final = 6
_LOOK_AT: Final = 2
_HAVING: Final = 3
# The first of a cluster's pods tell enough: nothing is said of those that are not read.
_READ: Final = 500
_REASON: Final = re.compile(r"\b(?:[A-Z]{2,}[a-z]\w+|[A-Z][a-z]+(?:[A-Z][a-z]+)+|Evicted|Pending|Unknown|Error)\b")
_PLACEHOLDER: Final = re.compile(r"<[a-z_]+\.([a-z_]+)>")
# The objects of actions, which a person names otherwise.
_OBJECT: Final = re.compile(r",|\b(?:node|workload|job|pods?|all)\b")
_HAN_OBJECT: Final = re.compile(r"[A-Za-z ]+|滚动|节点")
_ANY_OBJECT: Final = "object"
_HOW: Final = Text(en="What to do: {}", zh="处理步骤：{}")
_FIX: Final = Text(en="How to fix it", zh="如何处理")
_MEANS: Final = Text(en="What it means", zh="含义")
_HAS_IT: Final = Text(en="{} now: {}", zh="{} 当前状态：{}")
_NO_ENTRY: Final = Text(en="No entry explains that", zh="没有条目解释它")
_NO_RUNBOOK: Final = Text(en="I have no steps for that", zh="没有对应的处理步骤")
_LOOKED: Final = Text(
    en="I searched the {} entries of my catalog for it, and invent nothing.",
    zh="已检索目录中的 {} 个条目；我不会编造答案。",
)
_NEAR: Final = Text(en="Near it: {}", zh="相近的条目：{}")
_OFFERS: Final = Text(
    en="Name the object, as in “{}”: I check it and show what would change before anything happens.",
    zh="请指明对象，例如“{}”：我会先检查并显示将要发生的变更，然后才执行。",
)
_WARNS: Final = Text(en="{} ({})", zh="{}（{}）")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAction:
    """An action that can be asked for: its words, and the kinds of objects that it is for."""

    title: Text
    does: Text
    kinds: tuple[str, ...] = ()


async def concept(text: str, meant: Meant, *, entries: int, snapshot: Snapshot | None = None, home: str = "") -> Sheet:
    """Return what a term means and what to look at, and at most three objects that have it now.

    `home` is the namespace of which the pods are read, "" for all. Raise no ClusterError.
    """
    entry = meant.entry
    if entry is None:
        return _unknown(_NO_ENTRY, meant.near, entries, asks="what is {}?")
    having = await _having(text, snapshot, home) if snapshot else ()
    return Sheet(
        heading=entry.title,
        cluster=snapshot.cluster if snapshot else "",
        rows=(SheetRow(says=_plain(entry.root_cause)), *map(_step, entry.runbook[:_LOOK_AT]), *having),
        links=_links(entry),
        next=(NextAsk(label=_FIX, text=f"how do I fix {entry.id}?"), *_asks(meant.near, "what is {}?")),
    )


def howto(text: str, meant: Meant, *, entries: int, actions: Iterable[KnownAction], about: ObjectRef | None) -> Sheet:
    """Return the runbook of the entry that a text means, else what an action can do about it."""
    entry = meant.entry
    if entry is not None:
        return Sheet(
            heading=_HOW.filled(entry.title),
            rows=tuple(map(_step, entry.runbook[:_STEPS])),
            left=max(0, len(entry.runbook) - _STEPS),
            links=_links(entry),
            next=(NextAsk(label=_MEANS, text=f"what is {entry.id}?"),),
        )
    if (found := _action_in(text, actions, kind=about.kind if about else kind_in(text))) is not None:
        verb, action = found
        place = f"{about.kind.lower()} {about.namespace}/{about.name}".replace(" /", " ") if about else ""
        example = f"{verb} {place or 'deployment NAMESPACE/NAME'}"
        return Sheet(
            heading=action.title,
            about=about,
            rows=(SheetRow(says=action.does), SheetRow(says=_OFFERS.filled(example))),
            next=(NextAsk(label=action.title, text=example),) if place else (),
        )
    return _unknown(_NO_RUNBOOK, meant.near, entries, asks="how do I fix {}?")


def _unknown(heading: Text, near: Sequence[Incident], entries: int, *, asks: str) -> Sheet:
    rows = [SheetRow(says=_LOOKED.filled(entries))]
    if near:
        titles = Text.joined((each.title for each in near), ENUMERATION)
        rows.append(SheetRow(says=_NEAR.filled(titles)))
    return Sheet(heading=heading, rows=tuple(rows), next=tuple(_asks(near, asks)))


def _asks(near: Iterable[Incident], words: str) -> Iterator[NextAsk]:
    return (NextAsk(label=each.title, text=words.format(each.id)) for each in near)


def _plain(text: Text) -> Text:
    """Return a sentence of the catalog with no object in it: `<pod>` stands for any."""
    rendered = templates.render_text(text, {})
    return Text(en=_PLACEHOLDER.sub(r"<\1>", rendered.en), zh=_PLACEHOLDER.sub(r"<\1>", rendered.zh))


def _step(step: RunbookStep) -> SheetRow:
    says = _plain(step.says)
    if step.warning is not None:
        says = _WARNS.filled(says, _plain(step.warning))
    return SheetRow(says=says, run=templates.render_command(step.run, {}))


def _links(entry: Incident) -> tuple[Link, ...]:
    """Return the page that helps most, and the runbook."""
    runbook = next((each for each in entry.links[1:] if each.title.startswith("Runbook")), None)
    return tuple(Link(title=each.title, url=each.url) for each in (*entry.links[:1], runbook) if each)


def _action_in(text: str, actions: Iterable[KnownAction], *, kind: str) -> tuple[str, KnownAction] | None:
    """Return the action that a text names, with the verb for it: "restart", "roll back". One for the kind leads."""
    named = [(verb, action) for action in actions if (verb := _verb_in(text, action))]
    return min(named, key=lambda found: kind not in found[1].kinds) if named else None


def _verb_in(text: str, action: KnownAction) -> str:
    """Return the words for an action without its object, if a text has them all; else ""."""
    said, words = text.lower(), _OBJECT.sub("", action.title.en.lower()).split()
    han = _HAN_OBJECT.sub("", action.title.zh)
    if not words or _ANY_OBJECT in action.title.en:
        return ""
    first = re.search(rf"\b{re.escape(words[0])}", said)
    return " ".join(words) if (first and all(word in said for word in words)) or (len(han) > 1 and han in text) else ""


async def _having(text: str, snapshot: Snapshot, home: str) -> tuple[SheetRow, ...]:
    """Return pods that show a reason which the text names, one of each workload."""
    wanted = frozenset(_REASON.findall(text))
    found: dict[ObjectRef, SheetRow] = {}
    # What cannot be read is left out: the explanation does not rest on it.
    with suppress(ClusterError), collect_gaps():
        for pod in (await snapshot.list("Pod", namespace=home, limit=_READ)).items if wanted else ():
            shown = next((reason for reason in _reasons(pod) if reason in wanted), "")
            if (shown and not has_ended(pod)) or shown == "Evicted":
                one = named_ref(pod, "Pod")
                found.setdefault(workload_of(pod), SheetRow(says=_HAS_IT.filled(one, shown), about=one))
    return tuple(found.values())[:_HAVING]


def _reasons(pod: Json) -> Iterator[str]:
    """Yield the reasons that a pod's status shows now."""
    status = status_of(pod)
    yield from (str(status.get("reason") or ""), str(status.get("phase") or ""))
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        for state in (each.get("state"), each.get("lastState")):
            for part in (state or {}).values():
                yield str((part or {}).get("reason") or "")
