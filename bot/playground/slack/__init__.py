"""A Slack on loopback that answers and delivers as the real one does: the far end of tests and of the demo."""

from bot.playground.slack.changes import Subscription
from bot.playground.slack.envelopes import CHANNEL_EVENTS
from bot.playground.slack.files import SharedFile
from bot.playground.slack.records import Change, ChangeKind, Delivered, Delivery, RecordedCall
from bot.playground.slack.server import SimulatedSlack
from bot.playground.slack.wrong import SlackWorldError

__all__ = [
    "CHANNEL_EVENTS", "Change", "ChangeKind", "Delivered", "Delivery", "RecordedCall", "SharedFile", "SimulatedSlack",
    "SlackWorldError", "Subscription",
]  # fmt: skip
