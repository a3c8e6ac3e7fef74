"""Apply the app's responses to commands, to dialog submissions and through response URLs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from bot.playground.slack.events import EventPublisher
from bot.playground.slack.limits import check_view
from bot.playground.slack.methods.chat import formatting, own_content, read_content
from bot.playground.slack.methods.registry import Arguments
from bot.playground.slack.records import AppResponse, ImpossibleActionError, Json, Refused
from bot.playground.slack.state import State
from bot.playground.slack.tickets import ResponseUrl
from bot.playground.slack.workspace import Channel, User


class ResponseHandler:
    """Applies what a response of the app asks for."""

    def __init__(self, *, state: State, publisher: EventPublisher) -> None:
        self._state = state
        self._publisher = publisher

    def handle_command(self, user: User, channel: Channel, response: AppResponse) -> None:
        """Show the acknowledgement's body to the user, or to the channel if it says `in_channel`.

        Raise ImpossibleActionError if Slack would reject it.
        """
        body = response.body
        if not response.ok or not body:
            return
        given = body if isinstance(body, dict) else {"text": str(body)}
        if not (given.get("text") or given.get("blocks") or given.get("attachments")):
            return
        with _rejected_as_impossible("the command"):
            self._show(user.id, channel, given)

    def handle_submission(self, user: User, view: Json, response: AppResponse) -> None:
        """Close the dialog, or update it or show errors as `response_action` says.

        Raise ImpossibleActionError if Slack would reject it.
        """
        if response.ok:
            with _rejected_as_impossible("the dialog"):
                self._apply_action(user, view, response)

    def handle_suggestion(self, view: Json, action_id: str, response: AppResponse) -> None:
        """Offer the options in a menu of a dialog; raise ImpossibleActionError if Slack would reject them."""
        body: Any = response.body if isinstance(response.body, dict) else {}
        options = body.get("options", [])
        if not response.ok:
            return
        if options:
            menu = {"type": "static_select", "action_id": action_id, "options": options}
            words = {"type": "plain_text", "text": "-"}
            shown = {"type": "input", "label": words, "element": menu}
            with _rejected_as_impossible("a menu"):
                check_view({"type": "modal", "title": words, "submit": words, "blocks": [shown]})
        self._state.views.offer(view["id"], action_id, options)

    def _apply_action(self, user: User, view: Json, response: AppResponse) -> None:
        body: Any = response.body if isinstance(response.body, dict) else {}
        action = body.get("response_action", "")
        views = self._state.views
        if action == "errors":
            views.refuse(user.id, view["id"], errors=body.get("errors", {}))
        elif action == "update":
            check_view(body.get("view"))
            views.update(view["id"], body["view"])
        # The app may have closed the dialog before it responded.
        elif views.is_open(user.id, view["id"]):
            views.close(user.id, view["id"])

    async def handle_response_url(self, request: web.Request) -> web.StreamResponse:
        """Handle a POST to a response URL.

        Return 404 if the URL is used up or expired, 400 or 500 for a payload that Slack rejects.
        """
        try:
            ticket = self._state.tickets.use_response(request.path)
            given = json.loads(await request.text())
            if not isinstance(given, dict):
                raise Refused("invalid_payload", status=400)
            self._apply(ticket, given)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        except Refused as refused:
            status = refused.status if refused.status != 200 else 400
            return web.json_response(refused.answer, status=status)
        return web.Response(text="ok")

    def _apply(self, ticket: ResponseUrl, given: Json) -> None:
        channel = self._state.workspace.channel(ticket.channel)
        ephemeral = self._state.ephemerals.get(ticket.ts) if ticket.ts else None
        message = self._state.messages.get(channel.id, ticket.ts) if ticket.ts else None
        own = message is not None and message.get("bot_id") == self._state.identity.bot_id
        if given.get("delete_original") is True:
            if ephemeral:
                self._state.ephemerals.delete(ticket.ts)
            elif own:
                self._publisher.delete(channel, ticket.ts)
            return
        if given.get("replace_original") is True and (ephemeral or own):
            fields = own_content(self._state, _content(given))
            removed = tuple(name for name in ("blocks", "mrkdwn") if name not in fields)
            if ephemeral:
                self._state.ephemerals.change(ticket.ts, fields, remove=removed)
            else:
                self._publisher.change(channel, ticket.ts, fields, remove=removed)
            return
        self._show(ticket.user, channel, given, thread_ts=str(given.get("thread_ts") or ""))

    def _show(self, user_id: str, channel: Channel, given: Json, *, thread_ts: str = "") -> None:
        message = own_content(self._state, _content(given), sender=True)
        if thread_ts:
            message["thread_ts"] = thread_ts
        if given.get("response_type") == "in_channel":
            self._publisher.post(channel, message)
        else:
            self._state.ephemerals.post(channel.id, user_id, message)


def _content(given: Json) -> Json:
    arguments = Arguments(given)
    return read_content(arguments) | formatting(arguments)


@contextmanager
def _rejected_as_impossible(what: str) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        said = f"Slack rejects the app's response to {what}: {refused.error}"
        raise ImpossibleActionError(f"{said} {refused.extra}" if refused.extra else said) from refused
