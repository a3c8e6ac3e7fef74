"""Run the simulated Slack of tests and the demo: a workspace on loopback, with users and injected faults."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from aiohttp import web

from bot.playground.slack.canvases import Canvases
from bot.playground.slack.changes import Subscription
from bot.playground.slack.channel_actions import ChannelActions
from bot.playground.slack.errors import ImpossibleActionError
from bot.playground.slack.event_publisher import EventPublisher
from bot.playground.slack.fault_controls import FaultControls
from bot.playground.slack.files import SharedFile
from bot.playground.slack.identity import Identity
from bot.playground.slack.inspection import Inspection
from bot.playground.slack.marks import Marks
from bot.playground.slack.methods.chat import open_im
from bot.playground.slack.methods.registry import MethodContext
from bot.playground.slack.payload_sender import OutgoingPayload, PayloadSender
from bot.playground.slack.rate_limits import RateLimits
from bot.playground.slack.records import AppResponse, Json, PayloadKind
from bot.playground.slack.response_handler import ResponseHandler
from bot.playground.slack.scopes import EVERY_SCOPE
from bot.playground.slack.sockets import SocketMode
from bot.playground.slack.state import State
from bot.playground.slack.transfers import Transfers
from bot.playground.slack.user_actions import UserActions
from bot.playground.slack.web_api import WebApi

T = TypeVar("T")

_LARGEST_BODY = 32 * 1024 * 1024
_RETRY_PAUSES = (0.0, 60.0, 300.0)
_ANSWER_WITHIN = 3.0
_SHOWN_CALLS = 8

# A name and its content, as text or bytes; SharedFile has more options.
Shareable = SharedFile | tuple[str, str | bytes]


class SimulatedSlack(FaultControls, Inspection):
    """One workspace with one installed app. Start it inside a running event loop.

    Each instance has new random secrets; the signing secret may be given. `rate_limits` enforces Slack's rate limits,
    measured by `clock` (epoch seconds), which also sets message timestamps. `signature_clock` sets signatures and
    dates, for a Slack whose time differs from the workspace's. `events` are the event types the app is subscribed to,
    `scopes` the scopes it was granted. A failed event is delivered again after each of `retry_pauses` (seconds); the
    app has `answer_within` seconds for every payload.
    """

    def __init__(
        self,
        *,
        signing_secret: str = "",
        clock: Callable[[], float] = time.time,
        signature_clock: Callable[[], float] | None = None,
        rate_limits: bool = True,
        events: Iterable[str] = ("app_mention", "message"),
        scopes: Iterable[str] = EVERY_SCOPE,
        retry_pauses: Sequence[float] = _RETRY_PAUSES,
        answer_within: float = _ANSWER_WITHIN,
    ) -> None:
        # Random, so that no other program or web page on this machine can call a running instance.
        self._identity = Identity(
            signing_secret=signing_secret or secrets.token_hex(16),
            bot_token=f"xoxb-simulated-{secrets.token_hex(12)}",
            app_token=f"xapp-simulated-{secrets.token_hex(12)}",
        )
        self._state = State(identity=self._identity, clock=clock, scopes=scopes)
        self._sockets = SocketMode(identity=self._identity)
        self._sender = PayloadSender(
            secret=self._identity.signing_secret, clock=signature_clock or clock, changes=self._state.changes,
            sockets=self._sockets, retry_pauses=retry_pauses, within=answer_within,
        )  # fmt: skip
        self._publisher = EventPublisher(state=self._state, sender=self._sender, subscribed=frozenset(events))
        self._user_actions = UserActions(state=self._state, publisher=self._publisher, sender=self._sender)
        self._responses = ResponseHandler(state=self._state, publisher=self._publisher)
        self._transfers = Transfers(state=self._state)
        self._marks = Marks(state=self._state, publisher=self._publisher)
        self._channel_actions = ChannelActions(state=self._state, publisher=self._publisher)
        self._context = MethodContext(
            state=self._state, publisher=self._publisher, sender=self._sender,
            rate_limits=RateLimits(clock=clock, enforced=rate_limits), sockets=self._sockets, marks=self._marks,
            channel_actions=self._channel_actions,
        )  # fmt: skip
        self._web_api = WebApi(context=self._context, clock=signature_clock or clock)
        super().__init__(
            state=self._state, web_api=self._web_api, sender=self._sender, transfers=self._transfers,
            rate_limits=self._context.rate_limits,
        )  # fmt: skip
        self._runner: web.AppRunner | None = None

    # Addresses and identity.

    @property
    def url(self) -> str:
        """Return the base URL while it runs, "" otherwise."""
        return self._state.url

    @property
    def api_url(self) -> str:
        """Return the base URL for Slack's clients. Raise RuntimeError if it does not run."""
        if not self.url:
            raise RuntimeError("the simulated Slack is not running: call start() first")
        return f"{self.url}/api/"

    @property
    def signing_secret(self) -> str:
        """Return the secret that signs requests to the app."""
        return self._identity.signing_secret

    @property
    def bot_token(self) -> str:
        """Return the bot token."""
        return self._identity.bot_token

    @property
    def app_token(self) -> str:
        """Return the app-level token."""
        return self._identity.app_token

    @property
    def team_id(self) -> str:
        """Return the workspace's id."""
        return self._identity.team_id

    @property
    def bot_user_id(self) -> str:
        """Return the bot's user id."""
        return self._identity.bot_user_id

    @property
    def bot_id(self) -> str:
        """Return the bot's id."""
        return self._identity.bot_id

    @property
    def app_id(self) -> str:
        """Return the app's id."""
        return self._identity.app_id

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen on `host`:`port` (0: any free port) and return the base URL."""
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/api/{method}", self._web_api.handle)
        application.router.add_post("/actions/{number}/{token}", self._responses.handle_response_url)
        application.router.add_get("/link/", self._sockets.accept)
        application.router.add_post("/upload/v1/{file}", self._transfers.receive)
        application.router.add_get("/files-pri/{file}/{name:.+}", self._transfers.hand_out)
        self._web_api.stopping.clear()
        self._sender.open()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        listening = self._runner.addresses[0]
        self._state.url = self._sockets.url = f"http://{listening[0]}:{listening[1]}"
        return self.url

    async def stop(self) -> None:
        """Stop listening: cancel deliveries, close sockets, release calls that hang."""
        self._web_api.stopping.set()
        await self._sender.close()
        await self._sockets.close()
        self._state.changes.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner, self._state.url = None, ""

    async def stop_deliveries(self) -> None:
        """Cancel deliveries and start no more, because the app is about to stop. API calls still work."""
        await self._sender.close()

    # The workspace.

    def add_user(
        self, name: str, *, id: str = "", locale: str = "en-US", guest: bool = False, foreign: bool = False,
        email: str = "", confirmed: bool = True,
    ) -> str:  # fmt: skip
        """Add a user and return the id.

        `foreign` users belong to another organisation (Slack Connect). `confirmed`: the e-mail address is confirmed.
        """
        user = self._state.workspace.add_user(
            name, id=id, locale=locale, guest=guest, foreign=foreign, email=email, confirmed=confirmed
        )
        self._state.publish_directory()
        return user.id

    def deactivate(self, user: str) -> None:
        """Deactivate a user who left the workspace."""
        self._state.workspace.deactivate(user)
        self._state.publish_directory()

    def set_group(
        self, handle: str, *, id: str = "", members: Iterable[str] = (), external: bool = False, disabled: bool = False
    ) -> str:
        """Create or replace the user group with this handle and exactly these members; return its id."""
        group = self._state.workspace.set_group(
            handle, id=id, created=int(self._state.clock()), members=members, external=external, disabled=disabled
        )
        return group.id

    def add_channel(
        self, name: str, *, id: str = "", external: bool = False, private: bool = False, members: Iterable[str] = (),
        bot: bool = True, archived: bool = False,
    ) -> str:  # fmt: skip
        """Add a channel and return its id.

        Every user is a member of a public channel without `members`, later users too.
        """
        channel = self._state.workspace.add_channel(
            name, id=id, created=int(self._state.clock()), external=external, private=private, members=members, bot=bot,
            archived=archived,
        )  # fmt: skip
        self._state.publish_directory()
        return channel.id

    def open_im(self, user: str) -> str:
        """Return the channel id of the direct message between `user` and the bot."""
        return open_im(self._context, self._state.workspace.user(user).id).id

    @property
    def canvases(self) -> Canvases:
        """Return the canvases: delete one as a user would, or disable all of them."""
        return self._state.canvases

    # These three send the app no events; `channel_actions` does.

    def set_archived(self, channel: str, *, archived: bool = True) -> None:
        """Archive or unarchive a channel."""
        self._state.workspace.channel(channel).archived = archived
        self._state.publish_directory()

    def invite_bot(self, channel: str) -> None:
        """Add the bot to a channel."""
        self._state.workspace.channel(channel).members.add(self.bot_user_id)
        self._state.publish_directory()

    def remove_bot(self, channel: str) -> None:
        """Remove the bot from a channel."""
        self._state.workspace.channel(channel).members.discard(self.bot_user_id)
        self._state.publish_directory()

    # User actions. Each returns once the first delivery attempt has succeeded or failed.

    def deliver_to(self, *urls: str | None) -> None:
        """Set where events, commands and interactions are POSTed. None: over the app's sockets.

        Several URLs take turns, as replicas behind one address do.
        """
        self._sender.urls = urls or (None,)

    async def say(
        self, user: str, channel: str, text: str, *, thread_ts: str = "", files: Sequence[Shareable] = (),
        bot: bool = False, attachments: Sequence[Json] = (), blocks: Sequence[Json] = (),
    ) -> str:  # fmt: skip
        """Post a message as typed by `user` and return its ts.

        Slack escapes the text and marks links; write mentions as `<@U…>`. With `bot` the message comes from another
        integration with the user's name and `text` is stored unchanged; alerts carry most of their text in
        `attachments` or `blocks`.
        """
        shared = [_shared(each) for each in files]
        return await self._user_actions.say(
            user, channel, text, thread_ts=thread_ts, files=shared, bot=bot, attachments=attachments, blocks=blocks
        )

    async def edit(self, user: str, channel: str, ts: str, text: str, **shown: Sequence[Json]) -> None:
        """Edit the user's own message; `shown` are the new `attachments` and `blocks` of an integration's."""
        await self._user_actions.edit(user, channel, ts, text, **shown)

    async def remove(self, user: str, channel: str, ts: str, *, admin: bool = False) -> None:
        """Delete the user's own message; as an `admin`, any message, the app's included.

        A message with replies becomes a tombstone, which the app receives as `message_changed`.
        """
        await self._user_actions.remove(user, channel, ts, admin=admin)

    @property
    def marks(self) -> Marks:
        """Return the reactions and pins, to act on as a user."""
        return self._marks

    @property
    def channel_actions(self) -> ChannelActions:
        """Return the channel actions of users: create, join, leave, rename, archive."""
        return self._channel_actions

    async def slash(self, user: str, channel: str, text: str, *, command: str = "/diagnose") -> AppResponse:
        """Send a slash command and show the user the app's response."""
        return await self._user_actions.slash(user, channel, text, command=command)

    async def shortcut(self, user: str, channel: str, ts: str, *, callback_id: str) -> AppResponse:
        """Run a message shortcut."""
        return await self._user_actions.shortcut(user, channel, ts, callback_id=callback_id)

    async def click(
        self, user: str, channel: str, ts: str, action_id: str, *, block_id: str | None = None, value: str | None = None
    ) -> AppResponse:
        """Press an element of a message, also of an ephemeral one.

        `value` names an option, or one of several buttons.
        """
        return await self._user_actions.click(user, channel, ts, action_id, block_id=block_id, value=value)

    async def click_view(
        self, user: str, view_id: str, action_id: str, *, block_id: str | None = None, value: str | None = None
    ) -> AppResponse:
        """Press an element of an open dialog."""
        return await self._user_actions.click_view(user, view_id, action_id, block_id=block_id, value=value)

    async def submit(
        self, user: str, view_id: str, values: Mapping[str, Mapping[str, Any]] | None = None
    ) -> AppResponse:  # fmt: skip
        """Submit a dialog with `values` by block and action id. It closes unless the app responds otherwise."""
        return await self._user_actions.submit(user, view_id, values or {})

    async def close(self, user: str, view_id: str, *, all: bool = False) -> AppResponse | None:
        """Close a dialog, or with `all` the whole stack. Return None if the app is not notified."""
        return await self._user_actions.close(user, view_id, all=all)

    def sign(self, body: bytes, timestamp: float | None = None) -> dict[str, str]:
        """Return the signature headers for `body`, for now unless a time is given."""
        return self._sender.sign(body, timestamp)

    async def send_raw(self, body: bytes, headers: Mapping[str, str]) -> AppResponse:
        """POST exactly this to the request URL: a forged, replayed or broken payload."""
        return await self._sender.send_raw(body, dict(headers))

    async def verify_url(self) -> AppResponse:
        """Send the URL verification challenge, as Slack does when the request URL is set."""
        payload = {
            "token": self._identity.verification_token, "challenge": "simulated-challenge", "type": "url_verification"
        }  # fmt: skip
        return await self._sender.send(OutgoingPayload(kind=PayloadKind.EVENT, payload=payload))

    async def redeliver(self, event_id: str, *, reason: str = "http_timeout") -> AppResponse:
        """Deliver an event again, as Slack retries it."""
        sent = [each for each in self.deliveries if each.event_id == event_id]
        if not sent:
            raise ImpossibleActionError(f"no event {event_id!r} was delivered")
        outgoing = OutgoingPayload(kind=sent[0].kind, payload=dict(sent[0].payload), event_id=event_id)
        return await self._sender.resend(outgoing, attempt=len(sent), reason=reason)

    async def refresh_sockets(self, *, warning: float = 0.05) -> None:
        """Ask every socket to reconnect, as Slack does every few hours: warn, then disconnect.

        `warning` is the number of seconds between the two.
        """
        await self._sockets.refresh(warning=warning)

    def drop_socket(self) -> bool:
        """Reset a random Socket Mode connection without a word. Return whether there was one."""
        return self._sockets.drop()

    async def send_to_sockets(self, text: str) -> None:
        """Send exactly this over every Socket Mode connection: a broken envelope."""
        await self._sockets.send_text(text)

    @property
    def socket_count(self) -> int:
        """Return the number of open Socket Mode connections."""
        return self._sockets.count

    # Restoring and waiting.

    def restore(self, channel: str, messages: Iterable[Json], *, views: Mapping[str, Iterable[Json]]) -> None:
        """Restore the messages of a channel, and open dialogs by user, from an earlier simulation."""
        self._state.messages.restore(channel, messages)
        for user, shown in views.items():
            self._state.views.restore(user, shown)

    async def wait_for(self, predicate: Callable[[], T], *, timeout: float = 30) -> T:  # noqa: ASYNC109 - the caller sets the deadline, and the error's text is ours
        """Return the first truthy value of `predicate`, checked after every change.

        Raise TimeoutError with the latest calls and deliveries.
        """
        return await self._state.changes.wait_for(predicate, timeout=timeout, describe=self._recent_activity)

    def subscribe(self) -> Subscription:
        """Return a subscription to all changes from now on; close it, or use it as a context manager."""
        return self._state.changes.subscribe()

    def _recent_activity(self) -> str:
        calls = ", ".join(f"{each.method} {each.error or each.status}" for each in self.calls[-_SHOWN_CALLS:])
        sent = ", ".join(f"{each.type} {each.reason or each.status}" for each in self.deliveries[-_SHOWN_CALLS:])
        return f"latest calls: {calls or 'none'}; latest deliveries: {sent or 'none'}"


def _shared(file: Shareable) -> SharedFile:
    if isinstance(file, SharedFile):
        return file
    name, content = file
    return SharedFile(name=name, content=content.encode() if isinstance(content, str) else content)
