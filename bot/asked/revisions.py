"""Tell which version of an object runs and what ran before, who controls and applies it, and whose it is."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from bot.asked.changes import BY, REVISION, history_of, quoted
from bot.asked.contract import OF_PODS, Asked, look_at
from bot.cluster.access import collect_gaps
from bot.cluster.origins import PERMISSIONS as OF_ORIGINS
from bot.cluster.origins import custodian_of
from bot.cluster.owners import PERMISSIONS as OF_OWNERS
from bot.kube.object_changes import latest_first, of_object
from bot.kube.objects import annotations_of, has_ended, labels_of, named_ref, namespace_of, uid_of
from bot.kube.owners import controller_reference
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import KEPT_IN, Revision, alike, revision_name_of, revisions_in
from bot.kube.template_changes import template_changes
from bot.probes.contract import Look, may
from bot.probes.shared.scope import pods_of
from intents.domain import Json, Text
from intents.sheets import Sheet, SheetRow
from intents.talk.asks import Ask
from responses.next_asks import further
from responses.words import DOT

PERMISSIONS: Final = (
    *OF_PODS, *OF_OWNERS, *OF_ORIGINS,
    *may("list", "replicasets.apps", "controllerrevisions.apps"),
    *may("get", "namespaces"),
)  # fmt: skip
_SHOWN: Final = (4, 20)
_MOST_FIELDS = 3
_MOST_MARKS: Final = 4
# The last words of the keys of labels and annotations by which people say whose an object is.
_WHOSE: Final = re.compile(
    r"(?i)(?:^|[/._-])(?:team|squad|tribe|owner|owners|owned-?by|service-owner|maintainers?|contacts?|on-?call"
    r"|slack(?:-channel)?|pager(?:duty)?|cost-?center)$"
)

_HEADING: Final = Text(en="History of {}", zh="{} 的版本历史")
_CONTROLLED: Final = Text(en="Controlled by {}", zh="由 {} 控制")
_APPLIED: Final = Text(en="Applied by {}", zh="由 {} 应用")
_WHOSE_IT_IS: Final = Text(en="Owner, by labels and annotations of {}", zh="归属（来自 {} 的标签与注解）")
_NOBODY: Final = Text(en="No label or annotation names an owner.", zh="没有标签或注解说明归属。")
_RUNS: Final = Text(en="runs now, {} of {} pods ready", zh="正在运行，{1} 个 Pod 中 {0} 个就绪")
_RESTARTED: Final = Text(en="a restart", zh="重启")
_NO_REVISIONS: Final = Text(en="No revisions are kept of a {}.", zh="{} 没有保留版本记录。")


async def revisions(asked: Asked) -> Sheet:
    """Return the revisions of an object's workload with their images, its controllers, its source and its owner."""
    about, snapshot = asked.about, asked.snapshot
    with collect_gaps() as gaps:
        look = look_at(asked)
        obj = {**await snapshot.get(about.kind, about.name, namespace=about.namespace), "kind": about.kind}
        owners = await look.owners_of(obj)
        chain = (obj, *({**one, "kind": ref.kind} for one, ref in zip(owners.manifests, owners.refs, strict=False)))
        workload = next((one for one in chain if one["kind"] in KEPT_IN), None)
        rollout, marks, custodian = await asyncio.gather(
            _rollout(asked, look, workload), _marks(look, chain), custodian_of(snapshot, workload or obj)
        )
    rows = [] if rollout else [*_written(obj, asked)]
    if owners.refs:
        rows.append(SheetRow(says=_CONTROLLED.filled(" ← ".join(map(str, owners.refs)))))
    if custodian:
        sources = tuple(one.url or one.title for one in custodian.sources)
        rows.append(SheetRow(says=_APPLIED.filled(custodian.name), lines=sources))
    return asked.sheet(
        _HEADING.filled(about),
        rollout,
        most=_SHOWN,
        ask=Ask.REVISIONS,
        after=(*rows, *marks),
        further=further(about, Ask.HEALTH, Ask.CHANGES, Ask.WHERE),
        gaps=gaps,
        reproduce=history_of(named_ref(workload or obj)),
    )


async def _rollout(asked: Asked, look: Look, workload: Json | None) -> list[SheetRow]:
    """Return a row per revision of a workload, the newest first."""
    if workload is None:
        return []
    listed, found = await asyncio.gather(
        look.list(KEPT_IN[workload["kind"]], namespace=namespace_of(workload)),
        look.unless_refused(pods_of(look_at(asked, named_ref(workload))), None),
    )
    kept = revisions_in(one for one in listed if controller_reference(one).get("uid") == uid_of(workload))
    pods = [pod for pod in found.pods if not has_ended(pod)] if found else []
    counts = Counter(map(revision_name_of, pods))
    ready = Counter(revision_name_of(pod) for pod in pods if is_ready(pod))
    rows = [
        _revision(after, before, asked, counts=counts, ready=ready)
        for before, after in pairwise((None, *kept))
        if after
    ]
    return rows[::-1]


def _revision(
    one: Revision, before: Revision | None, asked: Asked, *, counts: Mapping[str, int], ready: Mapping[str, int]
) -> SheetRow:
    parts = [REVISION.filled(one.number)]
    parts += [_RUNS.filled(ready.get(one.name, 0), counts[one.name])] if counts.get(one.name) else []
    images = ", ".join(dict.fromkeys(one.images.values()))
    parts.append(Text.same(images))
    changed: Sequence[str] = ()
    if before is not None:
        restart = alike(before.template, one.template, but_restarts=True)
        parts += [_RESTARTED] if restart else []
        changed = [str(each) for each in template_changes(before.template, one.template) if each.field != "image"]
    age = asked.snapshot.age(one.made)
    # A revision that was returned to keeps the time of its first creation.
    ago = None if age is None or one.returned else max(0, int(age))
    return SheetRow(says=Text.joined(parts, DOT), quote=quoted(one.cause, changed, _MOST_FIELDS), ago_s=ago)


def _written(obj: Json, asked: Asked) -> Iterator[SheetRow]:
    """Yield who wrote an object last and when it was created, where no revisions are kept."""
    yield SheetRow(says=_NO_REVISIONS.filled(obj["kind"]))
    for one in latest_first(of_object(obj)):
        by = [BY.filled(one.by)] if one.by else []
        says = Text.joined([*([one.says] if one.says else []), *by], DOT)
        yield SheetRow(says=says, ago_s=max(0, int((asked.snapshot.now - one.at).total_seconds())))


async def _marks(look: Look, chain: Sequence[Json]) -> list[SheetRow]:
    """Return what labels and annotations say of whose an object is: its own, its controllers', its namespace's."""
    for one in reversed(chain):
        if told := _whose(one):
            return [SheetRow(says=_WHOSE_IT_IS.filled(named_ref(one)), lines=told)]
    if space := namespace_of(chain[0]):
        namespace = await look.find("Namespace", space)
        if namespace and (told := _whose(namespace)):
            return [SheetRow(says=_WHOSE_IT_IS.filled(named_ref(namespace, "Namespace")), lines=told)]
    return [SheetRow(says=_NOBODY)]


def _whose(obj: Json) -> tuple[str, ...]:
    marks: Iterable[tuple[str, str]] = {**labels_of(obj), **annotations_of(obj)}.items()
    found = [f"{key}: {value}" for key, value in marks if value and _WHOSE.search(key)]
    return tuple(sorted(found)[:_MOST_MARKS])
