"""Say what of a request was understood, what was looked at, and which questions could be meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from bot.asked.inventory import inventory_of
from bot.cluster.snapshot import Snapshot
from intents.domain import ObjectRef, Text
from intents.sheets import NextAsk, Sheet, SheetRow
from intents.talk.asks import Ask
from intents.talk.mentions import Inventory
from intents.talk.turns import Request
from responses.next_asks import about_object, of_all, wrong_in

_ALIKE: Final = 0.7
_OFFERED: Final = 3
# Below this share the request is a guess that is not told.
_SURE: Final = 0.5
_ASKED: Final = {
    Ask.HEALTH: Text(en="whether something is healthy", zh="某对象是否健康"),
    Ask.WHY: Text(en="what is wrong with something", zh="某对象出了什么问题"),
    Ask.CHANGES: Text(en="what changed", zh="有什么变更"),
    Ask.LOGS: Text(en="for a log", zh="日志"),
    Ask.EVENTS: Text(en="for events", zh="事件"),
    Ask.REVISIONS: Text(en="for versions", zh="版本"),
    Ask.WHERE: Text(en="where something runs", zh="某对象运行在哪里"),
    Ask.CALLERS: Text(en="who calls something", zh="谁在调用某对象"),
    Ask.REACH: Text(en="whether one can reach another", zh="两者能否连通"),
    Ask.COMPARE: Text(en="to compare two", zh="比较两个对象"),
    Ask.ACTION: Text(en="for an action", zh="执行操作"),
}
_HEADING: Final = Text(en="What do you mean?", zh="您指的是什么？")
_NAMELESS: Final = Text(en="Nothing here is called “{}”", zh="这里没有名为“{}”的对象")
_WHICH: Final = Text(en="Of which object?", zh="针对哪个对象？")
_UNDERSTOOD: Final = Text(en="You ask {}; I cannot tell of which object.", zh="您问的是{}；但无法确定针对哪个对象。")
_NO_ASK: Final = Text(en="I could not tell what you ask for.", zh="无法确定您要问什么。")
_LOOKED: Final = Text(
    en="Looked at: {} names in {} namespaces of cluster {}, and {} catalog entries.",
    zh="已查看：集群 {2} 中 {1} 个命名空间的 {0} 个名称，以及 {3} 个目录条目。",
)
_ABOUT: Final = Text(en="Is {} healthy?", zh="{} 健康吗？")
_LOGS: Final = Text(en="Log of {}", zh="{} 的日志")


async def not_understood(asked: Request, text: str, *, entries: int, snapshot: Snapshot, home: str = "") -> Sheet:
    """Return what is known of a request that nothing answers. `home` is the asker's namespace.

    Raise no ClusterError.
    """
    inventory = await inventory_of(snapshot, "")
    close = {word: names for word in asked.unknown if (names := _close(word, inventory))}
    lacking = next(iter(close), "")
    understood = _ASKED.get(asked.ask) if asked.sure >= _SURE else None
    rows = [SheetRow(says=_UNDERSTOOD.filled(understood) if understood else _NO_ASK)]
    counts = (len(inventory.objects), len(inventory.namespaces), snapshot.cluster, entries)
    rows.append(SheetRow(says=_LOOKED.filled(*counts)))
    corrected = [NextAsk(label=Text.same(name), text=text.replace(lacking, name)) for name in close.get(lacking, ())]
    return Sheet(
        heading=_NAMELESS.filled(lacking) if lacking else _WHICH if understood else _HEADING,
        about=asked.about,
        cluster=snapshot.cluster,
        rows=tuple(rows),
        next=tuple(corrected or _questions(asked.about, home, inventory))[:_OFFERED],
    )


def _close(word: str, inventory: Inventory) -> list[str]:
    """Return the names that a word may have been meant as."""
    names: Iterable[str] = {*inventory.objects, *inventory.namespaces}
    return get_close_matches(word, sorted(names), n=_OFFERED, cutoff=_ALIKE)


def _questions(about: ObjectRef | None, home: str, inventory: Inventory) -> Iterator[NextAsk]:
    if about is not None and about.namespace:
        yield about_object(Ask.HEALTH, about, _ABOUT.filled(about.name))
        yield about_object(Ask.LOGS, about, _LOGS.filled(about.name))
    if home in inventory.namespaces:
        yield wrong_in(home)
    yield from of_all()
