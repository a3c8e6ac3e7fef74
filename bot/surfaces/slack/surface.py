"""Register all Slack listeners in the order that they need."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.client import Identity, Slack
from bot.surfaces.slack.arrivals import CountedApp
from bot.surfaces.slack.channel_recorder import ChannelRecorder
from bot.surfaces.slack.health import SlackHealth
from bot.surfaces.slack.listeners import (
    channels,
    commands,
    lifecycle,
    messages,
    presses,
    reactions,
    shortcuts,
    strangers,
)
from bot.surfaces.slack.listeners.commands import CommandListener
from bot.surfaces.slack.listeners.shortcuts import ShortcutListener
from bot.surfaces.slack.message_intake import MessageIntake
from bot.surfaces.slack.missed_events import MissedEvents
from bot.surfaces.slack.press_intake import PressIntake
from bot.surfaces.slack.timeline_pins import TimelinePins
from bot.workflows.chronicle.incident_commands import IncidentCommands
from bot.workflows.feedback import Mutes
from bot.workflows.saved_incidents import LearnedCommands
from bot.workflows.submissions import Submissions
from intents.domain import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSurface:
    """The handlers of events, commands, shortcuts and presses of one workspace."""

    slack: Slack
    identity: Identity
    language: Language | None
    intake: MessageIntake
    recorder: ChannelRecorder
    submissions: Submissions
    mutes: Mutes
    incidents: IncidentCommands
    learned: LearnedCommands
    timeline_pins: TimelinePins
    presses: PressIntake
    health: SlackHealth
    missed_events: MissedEvents

    def register(self, bolt: CountedApp) -> None:
        """Register the listeners with `bolt`: foreign workspaces are rejected first, unknown events come last."""
        strangers.register(bolt, self.identity)
        messages.register(bolt, self.intake, self.recorder, self.identity, self.missed_events)
        channels.register(bolt, self.recorder, self.identity)
        commands.register(
            bolt,
            CommandListener(
                submissions=self.submissions,
                mutes=self.mutes,
                incidents=self.incidents,
                learned=self.learned,
                language=self.language,
            ),
        )
        shortcuts.register(
            bolt,
            ShortcutListener(
                submissions=self.submissions,
                timeline_pins=self.timeline_pins,
                start=self.learned.start,
                slack=self.slack,
                identity=self.identity,
                language=self.language,
            ),
        )
        reactions.register(bolt, self.timeline_pins, self.identity)
        presses.register(bolt, self.presses)
        lifecycle.register(bolt, self.health, self.missed_events)
