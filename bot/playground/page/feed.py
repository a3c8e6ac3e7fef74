"""Stream to each page what it shows, as items by key, and which of them changed.

Each change is the difference between what the page has and the current state, so a page can never miss an event.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from bot.playground.kubernetes.resources import Json
from bot.playground.page.cluster_watch import ClusterWatch
from bot.playground.slack import Delivery, RecordedCall, SimulatedSlack
from bot.playground.slack.records import as_json

_SHOWN_CALLS = 150
_RECORDED = ("call/", "delivery/", "request/")
# Changes that belong together (a reply, its count, the API call) reach the page as one.
_SETTLE = 0.04
_HEARTBEAT = 15.0


class Feed:
    """Items by key (`message/<channel>/<ts>`, `ephemeral/<ts>`, `view/<id>`, `call/<n>`, …) for one acting user."""

    def __init__(self, *, slack: SimulatedSlack, watch: ClusterWatch, page: Callable[[str], Json]) -> None:
        self._slack = slack
        self._watch = watch
        self._page = page
        self._noticed: dict[str, float] = {}
        self._waiting: set[asyncio.Event] = set()

    def state(self, user: str) -> Json:
        """Return the full state, as the first change of a stream: {reset, page, put: {key: item}, drop}."""
        page = self._page(user)
        listed = [each["id"] for each in page["channels"]]
        return {"reset": True, "page": page, "put": self._items(user, listed), "drop": []}

    async def changes(self, user: str) -> AsyncIterator[Json | None]:
        """Yield the state, then each change of it, without end; None after a while without changes."""
        woken = asyncio.Event()
        self._waiting.add(woken)
        try:
            state = self.state(user)
            sent, page = _written(state), _text(state["page"])
            yield state
            while True:
                try:
                    async with asyncio.timeout(_HEARTBEAT):
                        await woken.wait()
                except TimeoutError:
                    yield None
                    continue
                await asyncio.sleep(_SETTLE)
                woken.clear()
                state = self.state(user)
                now = _written(state)
                put = {key: state["put"][key] for key, text in now.items() if sent.get(key) != text}
                change: Json = {"put": put, "drop": [key for key in sent if key not in now]}
                if (text := _text(state["page"])) != page:
                    page = text
                    change["page"] = state["page"]
                sent = now
                if put or change["drop"] or "page" in change:
                    yield change
        finally:
            self._waiting.discard(woken)

    def wake(self) -> None:
        """Wake every stream, because something may have changed."""
        for each in self._waiting:
            each.set()

    def notice(self) -> None:
        """Record when each delivery and request was first seen, because they carry no time."""
        now = time.time()
        for name in (*self._deliveries(), *self._requests()):
            self._noticed.setdefault(name, now)

    def _items(self, user: str, channels: list[str]) -> dict[str, Json]:
        self.notice()
        items: dict[str, Json] = {}
        for channel in channels:
            for message in self._slack.messages(channel):
                items[f"message/{channel}/{message['ts']}"] = message | {"channel": channel}
        for message in self._slack.ephemerals(user):
            items[f"ephemeral/{message['ts']}"] = message
        items |= self._app_places(user, channels)
        items |= {f"view/{view['id']}": view for view in self._slack.views(user)}
        items["cluster/now"] = self._watch.snapshot()
        items |= _latest("call", self._slack.calls)
        return items | self._stamped(self._deliveries()) | self._stamped(self._requests())

    def _app_places(self, user: str, channels: list[str]) -> dict[str, Json]:
        """Return the user's Home tab, and the prompts and sessions of the channels."""
        items: dict[str, Json] = {}
        if home := self._slack.home(user):
            items[f"home/{user}"] = home
        for channel in channels:
            if prompts := self._slack.prompts(channel):
                items[f"prompts/{channel}"] = prompts
            for session in self._slack.sessions(channel):
                items[f"session/{channel}/{session['thread_ts']}"] = session
        return items

    def _deliveries(self) -> dict[str, Json]:
        return _latest("delivery", self._slack.deliveries)

    def _requests(self) -> dict[str, Json]:
        return {f"request/{each['number']}": each for each in self._watch.requests()}

    def _stamped(self, items: dict[str, Json]) -> dict[str, Json]:
        return {key: item | {"at": self._noticed[key]} for key, item in items.items()}


def _written(state: Json) -> dict[str, str]:
    """Return items as text to compare. Recorded items never change, so their key is enough."""
    return {key: "" if key.startswith(_RECORDED) else _text(item) for key, item in state["put"].items()}


def _text(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False, sort_keys=True, default=str)


def _latest(name: str, records: Sequence[RecordedCall | Delivery]) -> dict[str, Json]:
    first = max(0, len(records) - _SHOWN_CALLS)
    return {f"{name}/{at}": as_json(each) | {"number": at} for at, each in enumerate(records[first:], first)}
