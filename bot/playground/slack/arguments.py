"""Read the arguments of a Web API call from a query, a form or JSON, depending on the client."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from bot.playground.slack.errors import Refused, invalid
from bot.playground.slack.records import Json

_FALSE = (None, "", "0", "false", "False", False, 0)


class Arguments:
    """The arguments of one call by name. Forms carry structures as JSON text."""

    def __init__(self, values: Json) -> None:
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.values.get(name, default)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        """Return an argument as text. Refuse with `invalid_arguments` if it is missing or empty."""
        if not (value := self.text(name)):
            raise invalid(f"missing required field: {name}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return an argument as a boolean."""
        value = self.values.get(name)
        return default if value is None else value not in _FALSE

    def number(self, name: str, default: int) -> int:
        """Return an argument as an integer. Refuse with `invalid_arguments` if it is not one."""
        value = self.values.get(name)
        if value in (None, ""):
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise invalid(f"must be an integer [json-pointer:/{name}]") from None

    def structure(self, name: str, *, error: str = "invalid_arguments") -> Any:
        """Return a list or mapping, or None if not given. Refuse with `error` if it is not JSON."""
        value = self.values.get(name)
        if value in (None, ""):
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(error) from None


async def read_arguments(request: web.Request) -> Json:
    """Merge query and body; the body wins. Refuse with `invalid_json` or `json_not_object`."""
    values: Json = dict(request.query)
    if request.method != "POST":
        return values
    if request.content_type == "application/json":
        body = await request.read()
        try:
            decoded = json.loads(body) if body else {}
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(decoded, dict):
            raise Refused("json_not_object")
        return values | decoded
    form = await request.post()
    return values | {name: value for name, value in form.items() if isinstance(value, str)}
