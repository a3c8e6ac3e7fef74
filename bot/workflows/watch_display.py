"""Show the causes of the watch in Slack: post a cause or its digest, and edit it when something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.jobs import Json
from bot.slack.errors import SlackError, SlackUnavailable
from bot.store import WatchPost
from bot.workflows.services import Services
from bot.workflows.single_posts import post_once
from intents.domain import ObjectRef
from intents.overview import OverviewChange
from responses import overview as words
from responses.overview import scrubbed_change
from responses.shown import shown_value
from responses.slack.message import Message
from responses.slack.mrkdwn import escape, unescape
from responses.slack.overview import change_message
from responses.slack.watch import WatchedCause, digest_message, watch_message

_log: Final = structlog.get_logger(__name__)

# The notes of a post.
MUTED_BY: Final = "muted_by"
LATER_BY: Final = "later_by"
LATER: Final = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDisplay:
    """Posts and edits the messages of the watch. `budget` is the number of posts that a channel gets an hour."""

    services: Services
    budget: int

    async def document(self, change: OverviewChange) -> Json:
        """Return what a post about the findings of `change` shows, the first leads: safe, in the channel's language."""
        language = self.services.usual_language
        safe = await asyncio.to_thread(scrubbed_change, change)
        message, findings = change_message(safe, language=language), shown_value(safe).new
        finding = findings[0]
        return {
            "text": unescape(message.text),
            "blocks": list(message.blocks),
            "says": words.cause(finding, language),
            "incident": finding.incident,
            "incidents": [each.incident for each in findings],
            "asked": [finding.asked.kind, finding.asked.namespace, finding.asked.name],
            "cluster": change.cluster,
        }

    async def show(self, key: str, *, over: datetime | None = None, again: bool = True) -> bool | None:
        """Post or edit the message that shows a cause, as `over` if that is given. Return whether Slack took it.

        Without `again`, a cause that Slack shows already is left alone: then return None. Raise SlackUnavailable.
        """
        store = self.services.store.watch_posts
        post = await store.get(key)
        if post is None:
            return False
        # Two changes of a message must not overtake each other.
        async with self.services.turn(post.message):
            post = await store.get(key) or post
            if post.shown and not again:
                return None
            done = True
            try:
                await self._show(replace(post, over=over or post.over))
            except SlackUnavailable:
                raise
            except SlackError as error:
                # The channel is archived, or the message was deleted: it would fail again.
                _log.error("watch_not_posted", channel=post.channel, error=str(error))
                done = False
            await store.shown(key)
            return done

    async def _show(self, post: WatchPost) -> None:
        services, message = self.services, await self._message(post)
        entry = await services.store.outbox.get(post.message)
        ts = entry.ts if entry is not None else ""
        if not ts and post.over is None:
            sent = await post_once(services, message, to=post.channel, key=post.message)
            # An attempt whose result was unknown may have posted the message as it was then.
            ts = sent.ts if sent.earlier else ""
        if ts:
            await services.slack.update(channel=post.channel, ts=ts, message=message, final=True, key=post.message)

    async def _message(self, post: WatchPost) -> Message:
        language = self.services.usual_language
        if not post.digest:
            document = post.document
            diagnosis = Message(text=escape(str(document["text"])), blocks=tuple(document["blocks"]))
            return watch_message(_cause(post), diagnosis, language=language)
        posts = await self.services.store.watch_posts.of_digest(post.digest)
        return digest_message(_causes(posts, post), budget=self.budget, language=language)


def _causes(posts: Sequence[WatchPost], changed: WatchPost) -> list[WatchedCause]:
    return [_cause(changed if each.key == changed.key else each) for each in posts]


def _cause(post: WatchPost) -> WatchedCause:
    kind, namespace, name = post.document["asked"]
    cause = WatchedCause(
        says=str(post.document["says"]),
        asked=ObjectRef(kind=kind, namespace=namespace, name=name),
        cluster=str(post.document["cluster"]),
        incident=str(post.document["incident"]),
        lasted=None if post.over is None else post.over - post.since,
        muted_by=str(post.notes.get(MUTED_BY) or ""),
    )
    later_by = str(post.notes.get(LATER_BY) or "")
    return replace(cause, later_by=later_by, later=timedelta(minutes=post.notes[LATER])) if later_by else cause
