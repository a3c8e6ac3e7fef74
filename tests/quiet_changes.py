"""Change the users, user groups and channels of a simulated Slack without an event to the app.

`tests.channel_changes` sends the events too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.playground.slack import SimulatedSlack
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
