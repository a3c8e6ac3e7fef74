"""Do what administrators of a workspace and Slack itself do, without an event to the app.

`tests.channel_changes` changes channels as users do, with the events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.playground.slack import AppResponse, SimulatedSlack
from bot.playground.slack.records import PayloadKind
from bot.playground.slack.workspace import UserGroup


def deactivate(slack: SimulatedSlack, user: str) -> None:
    """Deactivate a user who left the workspace."""
    workspace = slack.state.workspace
    workspace.users[user] = replace(workspace.user(user), deleted=True)
    workspace.changed()


def set_group(
    slack: SimulatedSlack, handle: str, *, id: str = "", members: Iterable[str] = (), external: bool = False,
    disabled: bool = False,
) -> str:  # fmt: skip
    """Create or replace the user group with this handle and exactly these members; return its id."""
    workspace = slack.state.workspace
    existing = next((each.id for each in workspace.groups.values() if each.handle == handle), "")
    group = UserGroup(
        id=existing or id or f"S0{len(workspace.groups) + 1:09d}", handle=handle, external=external,
        created=int(slack.state.clock()), members=[workspace.user(each).id for each in members], disabled=disabled,
    )  # fmt: skip
    workspace.groups[group.id] = group
    return group.id


def set_archived(slack: SimulatedSlack, channel: str, *, archived: bool = True) -> None:
    """Archive or unarchive a channel."""
    slack.state.workspace.channel(channel).archived = archived
    slack.state.workspace.changed()


def invite_bot(slack: SimulatedSlack, channel: str) -> None:
    """Add the bot to a channel."""
    slack.state.workspace.channel(channel).members.add(slack.bot_user_id)
    slack.state.workspace.changed()


def remove_bot(slack: SimulatedSlack, channel: str) -> None:
    """Remove the bot from a channel."""
    slack.state.workspace.channel(channel).members.discard(slack.bot_user_id)
    slack.state.workspace.changed()


def revoke_token(slack: SimulatedSlack) -> None:
    """Refuse every token of the app from now on."""
    slack.state.revoked = True


def restrict_history(slack: SimulatedSlack, *, items: int = 15, per_minute: int = 1) -> None:
    """Limit message history as for apps outside Slack's marketplace: small pages, few calls."""
    slack.state.history_page = items
    for method in ("conversations.history", "conversations.replies"):
        slack.rate_limits.stricter[method] = per_minute


async def verify_url(slack: SimulatedSlack) -> AppResponse:
    """Send the URL verification challenge, as Slack does when the request URL is set."""
    token = slack.state.identity.verification_token
    payload = {"token": token, "challenge": "simulated-challenge", "type": "url_verification"}
    return await slack.sender.send(PayloadKind.EVENT, payload)
