"""Provide everything that goes out to Slack as one object: post, edit, ephemeral message, upload, lookups."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.common.recent import remember
from bot.slack.api import Api
from bot.slack.app_views import AppViews, Canvases
from bot.slack.continuations import Continuations
from bot.slack.edits import Edits
from bot.slack.errors import MessageGone, SlackError, TooLong
from bot.slack.files import Files, Uploads
from bot.slack.message_events import mapping_of, mappings_in, text_in
from bot.slack.message_forms import Form, checked, checked_view, forms, payload
from bot.slack.pacer import Limits
from bot.slack.people import Groups, Membership, People, Person, Place
from bot.slack.posts import Address, History, MessageSearch, Pins, PostedMessage, Posts, Reactions
from bot.slack.response_urls import respond
from bot.slack.web_client import Hosts, Watch
from bot.store.outbox import StoredDirectory
from responses.slack.as_text import text_only
from responses.slack.message import Message, Picture, View

_log: Final = structlog.get_logger(__name__)
# Number of our messages whose keys are remembered, so that edits keep them.
_REMEMBERED: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The bot's identity in Slack; `url` is the workspace's. `scopes` are the token's.

    `enterprise` is set if an organisation installed the app for all of its workspaces: then `team` is its id too.

    `scopes` and `app_id` are empty if Slack does not return them.
    """

    team: str
    team_name: str
    user: str
    bot_id: str
    enterprise: str = ""
    app_id: str = ""
    url: str = ""
    scopes: frozenset[str] = frozenset()


class Slack:
    """One workspace, with the token, address and proxy of `client`; its retry handlers are not used.

    Use it as a context manager or `aclose()` it, inside the loop it is used in. Methods raise SlackError and nothing
    else; none takes longer than `limits.patience` of waiting for each message, file or call it makes.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        limits: Limits | None = None,
        watch: Watch | None = None,
        lists: bool = False,
        kept: StoredDirectory | None = None,
        identity: Identity | None = None,
    ) -> None:
        """Create the client. `watch` gets each call and each wait for the rate limit; Slack is asked for the `identity`
        unless it is given.

        With `lists`, users and channels are listed all at once where Slack allows it; `kept` stores them.
        """
        self._api = Api(client, limits=limits or Limits(), watch=watch)
        self._hosts = hosts = Hosts(base_url=self._api.base_url)
        search = MessageSearch(api=self._api, ours=self._is_ours)
        self.edits: Final = Edits(self._api)
        self._posts = Posts(api=self._api, search=search)
        self.uploads: Final = Uploads(api=self._api, hosts=hosts, search=search)
        self._continuations = Continuations(posts=self._posts, uploads=self.uploads)
        self.files: Final = Files(api=self._api, hosts=hosts)
        self._people = People(self._api, team=self._team, lists=lists, kept=kept)
        self._groups = Groups(self._api, org=bool(identity and identity.enterprise))
        self.pins: Final = Pins(api=self._api)
        self.app_views: Final = AppViews(api=self._api)
        self.reactions: Final = Reactions(api=self._api)
        self.canvases: Final = Canvases(api=self._api, us=self._user)
        self.history: Final = History(api=self._api)
        self._identity = identity
        self._identifying = asyncio.Lock()
        self._keys: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop the calls in flight and close the connections."""
        await self.edits.aclose()
        await self._people.aclose()
        await self._groups.aclose()
        await self._api.aclose()

    @property
    def token_refused(self) -> bool:
        """Tell whether Slack refused our token in the last call."""
        return self._api.token_refused

    @property
    def scopes(self) -> frozenset[str]:
        """Return the scopes of our token from the newest response; empty if Slack does not return them."""
        return self._api.scopes

    async def identify(self) -> Identity:
        """Return our identity from auth.test; called once, until it succeeds."""
        async with self._identifying:
            if self._identity is None:
                self._identity = await self._ask_identity()
            return self._identity

    def use_token(self, token: str) -> None:
        """Make further calls with a renewed token."""
        self._api.use_token(token)

    async def greet(self) -> None:
        """Make one call without retries, so that the watcher learns whether Slack responds. Raise SlackError."""
        await self._api.once("auth.test", query={})

    async def post(
        self,
        *,
        channel: str,
        message: Message,
        thread_ts: str = "",
        key: str = "",
        sought: bool = False,
        turn_within: float | None = None,
    ) -> PostedMessage:
        """Post `message`; what does not fit follows in further messages or as a file in its thread.

        `channel` may be a user's id: the result then names the direct message.

        `key` (request/step) makes the message findable. With `sought` (an earlier attempt may have posted it), it is
        searched for first and only the missing part is posted. `turn_within` limits the wait for the rate limit. Raises
        SlackError; with `maybe_done`, the next attempt must search.
        """
        address = Address(channel=channel, thread_ts=thread_ts, key=key)
        offered = list(forms(message))
        found = await self._posts.find(address) if sought and key else None
        if found is not None:
            sent = PostedMessage(channel=channel, ts=found.ts, earlier=True)
            form = offered[max(0, min(found.form, len(offered) - 1))]
        else:
            sent, form = await self._offer(address, offered, turn_within=turn_within)
        self._remember(sent.channel, sent.ts, key)
        address = replace(address, channel=sent.channel)
        await self._follow(address, form, ts=sent.ts, text=message.text, sought=found is not None)
        return sent

    async def update(
        self, *, channel: str, ts: str, message: Message, final: bool = False, key: str = "", thread_ts: str = ""
    ) -> None:
        """Update our message to `message`; return once it shows this content or newer content.

        Of several waiting contents only the newest is sent; `final` ones go first, others at most every 2-3 s.
        `thread_ts`: the thread of the message. `key` defaults to the one it was posted with by this object. What does
        not fit is posted to the thread once, however often this is repeated. Raises SlackError.
        """
        key = key or self._keys.get((channel, ts), "")
        offered = list(forms(message))
        bodies = [payload(form.parts[0], key=key, form=index) for index, form in enumerate(offered)]
        taken = await self.edits.edit(channel=channel, ts=ts, forms=bodies, final=final)
        if taken is not None:
            address = Address(channel=channel, thread_ts=thread_ts, key=key)
            await self._follow(address, offered[taken], ts=ts, text=message.text, sought=True)

    async def delete(self, *, channel: str, ts: str, key: str = "", thread_ts: str = "") -> None:
        """Delete our message and drop its waiting edits; a missing message is no error.

        Its continuations in the thread (`thread_ts`, else its own) are deleted first. They are found by the message's
        `key`, which defaults to the one it was posted with by this object; without a key they stay. Raises SlackError.
        """
        await self.edits.drop(channel=channel, ts=ts)
        if key := key or self._keys.get((channel, ts), ""):
            thread = Address(channel=channel, thread_ts=thread_ts or ts, key=key, near_ts=ts)
            await self._continuations.withdraw(thread)
        await self._posts.delete(channel=channel, ts=ts)

    async def post_ephemeral(self, *, channel: str, user: str, message: Message, thread_ts: str = "") -> None:
        """Send `message` as an ephemeral message to one user, without its file. A lost connection may send it twice."""
        body: dict[str, Any] = {"channel": channel, "user": user}
        if thread_ts:
            body["thread_ts"] = thread_ts
        await _in_full_or_as_text(message, lambda given: self._api.call("chat.postEphemeral", body=body | given))

    async def respond(self, response_url: str, message: Message) -> None:
        """Answer a command or a button press at its response URL, only for its user and without a file.

        It may arrive twice.
        """
        how = {"response_type": "ephemeral", "replace_original": False}
        await _in_full_or_as_text(message, lambda given: respond(self._api, self._hosts, response_url, given | how))

    async def open_view(self, trigger_id: str, view: View) -> str:
        """Open a modal and return its id. Raise TriggerExpired if the press was more than three seconds ago."""
        body = {"trigger_id": trigger_id, "view": checked_view(view, "views.open")}
        answer = await self._api.call("views.open", body=body, repeatable=False, patience=self._api.limits.trigger)
        return text_in(mapping_of(answer.data.get("view")), "id")

    async def update_view(self, view_id: str, view: View) -> None:
        """Update an open modal. Raise MessageGone if it was closed."""
        await self._api.call("views.update", body={"view_id": view_id, "view": checked_view(view, "views.update")})

    async def attach(self, *, channel: str, ts: str, picture: Picture, key: str, thread_ts: str = "") -> None:
        """Post `picture` in the thread of our message `ts`, or of its parent, once, however often this is repeated.

        It is deleted together with the message, which was posted with `key`. Raises SlackError.
        """
        address = Address(channel=channel, thread_ts=thread_ts or ts, key=key, near_ts=ts)
        await self._continuations.picture(address, picture)

    async def permalink(self, channel: str, ts: str) -> str:
        """Return the permalink of a message."""
        answer = await self._api.call("chat.getPermalink", query={"channel": channel, "message_ts": ts})
        return str(answer.data.get("permalink") or "")

    async def message(self, *, channel: str, ts: str) -> Mapping[str, Any] | None:
        """Return a message as Slack stores it, not redacted; None if it does not exist. Thread roots work too."""
        query = {"channel": channel, "ts": ts, "limit": 1}
        try:
            answer = await self._api.call("conversations.replies", query=query)
        except MessageGone:
            return None
        first = next(iter(mappings_in(answer.data.get("messages"))), None)
        return first if first is not None and first.get("ts") == ts else None

    async def join(self, channel: str) -> None:
        """Join a public channel; no error if we are a member. Raise SlackError: MissingScope without channels:join."""
        await self._api.call("conversations.join", body={"channel": channel})

    async def learn_names(self) -> None:
        """Load the users and channels that were stored, then list all of them. Never raises."""
        await self._people.recall()
        await self._people.list_all()

    async def person(self, user: str, *, fresh: bool = False, email: bool = False) -> Person:
        """Return a user's profile; `unknown` if Slack does not return it. With `email`, the address is known.

        It may be an hour old, with `fresh` ten minutes.
        """
        return await self._people.person(user, fresh=fresh, email=email)

    async def groups(self, user: str) -> Membership:
        """Return the user groups of a user, cached for a minute; none if Slack does not return them."""
        return await self._groups.of(user)

    async def place(self, channel: str) -> Place:
        """Return a channel's properties, cached for ten minutes; `unknown` if Slack does not return them."""
        return await self._people.place(channel)

    async def _offer(
        self, address: Address, offered: list[Form], *, turn_within: float | None
    ) -> tuple[PostedMessage, Form]:
        refused: TooLong | None = None
        for index, form in enumerate(offered):
            try:
                body = payload(form.parts[0], key=address.key, form=index)
                posted = await self._posts.post(address, body, turn_within=turn_within)
            except TooLong as error:
                _log.warning("message_rejected_as_too_long", channel=address.channel, form=index, error=str(error))
                refused = error
            else:
                return posted, form
        raise refused or TooLong(method="chat.postMessage")

    async def _follow(self, address: Address, form: Form, *, ts: str, text: str, sought: bool) -> None:
        """Post the remaining parts and the file of message `ts` to its thread."""
        thread = Address(channel=address.channel, thread_ts=address.thread_ts or ts, key=address.key, near_ts=ts)
        await self._continuations.parts(thread, form.parts[1:], sought=sought)
        if form.file is not None:
            await self._continuations.file(thread, form.file, text=text, sought=sought)

    async def _ask_identity(self) -> Identity:
        answer = await self._api.call("auth.test", query={})
        data = answer.data
        user = text_in(data, "user_id")
        return Identity(
            team=text_in(data, "team_id"),
            team_name=text_in(data, "team"),
            user=user,
            bot_id=text_in(data, "bot_id"),
            app_id=text_in(data, "app_id") or await self._ask_app(user),
            url=text_in(data, "url"),
            scopes=answer.scopes,
        )

    async def _ask_app(self, user: str) -> str:
        # auth.test returns it for some tokens only; the profile of the bot's user has it too.
        try:
            answer = await self._api.call("users.info", query={"user": user})
        except SlackError:
            return ""
        return text_in(mapping_of(mapping_of(answer.data.get("user")).get("profile")), "api_app_id")

    async def _team(self) -> str:
        return (await self.identify()).team

    async def _user(self) -> str:
        return (await self.identify()).user

    async def _is_ours(self, message: Mapping[str, Any]) -> bool:
        identity = await self.identify()
        return (bool(identity.user) and message.get("user") == identity.user) or (
            bool(identity.bot_id) and message.get("bot_id") == identity.bot_id
        )

    def _remember(self, channel: str, ts: str, key: str) -> None:
        if key:
            remember(self._keys, (channel, ts), key, most=_REMEMBERED)


async def _in_full_or_as_text(message: Message, send: Callable[[dict[str, Any]], Awaitable[object]]) -> None:
    """Send `message`, or its text alone if Slack finds it too long."""
    whole = checked(message)
    try:
        await send(payload(whole))
    except TooLong:
        if not whole.blocks:
            raise
        await send(payload(text_only(whole)))
