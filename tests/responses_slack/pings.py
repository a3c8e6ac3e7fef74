"""Find mentions in what goes out to Slack, independently of the code that prevents them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_MENTION = re.compile(r"<[!@#]")
_PINGING = frozenset({"broadcast", "usergroup"})


def pings(payload: Any) -> tuple[str, ...]:
    """Return where a message or view would mention somebody: markup in a text that Slack parses, or a broadcast.

    A `user` leaf is allowed: it names who pressed a button, in a message that is updated and so notifies nobody.
    """
    found = [f"text: {payload['text']}"] if _is_calling(payload, "text") else []
    return (*found, *_pings(payload.get("blocks") if isinstance(payload, Mapping) else payload))


def _pings(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _pings(item)
    elif isinstance(value, Mapping):
        kind = value.get("type")
        if kind in _PINGING:
            yield f"{kind}: {value}"
        if kind in ("mrkdwn", "markdown") and _is_calling(value, "text"):
            yield f"{kind}: {value['text']}"
        for item in value.values():
            yield from _pings(item)


def _is_calling(value: Any, key: str) -> bool:
    text = value.get(key) if isinstance(value, Mapping) else None
    return isinstance(text, str) and bool(_MENTION.search(text))
