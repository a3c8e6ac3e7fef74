"""Simulate Slack on loopback for tests and the demo: answer API calls and deliver events as the real one does."""

from bot.playground.slack.events import CHANNEL_EVENTS
from bot.playground.slack.files import SharedFile
from bot.playground.slack.records import AppResponse, ChangeKind, Delivery, ImpossibleActionError, RecordedCall
from bot.playground.slack.server import SimulatedSlack
