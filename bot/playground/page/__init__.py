"""Serve the playground's page: a channel and a broken cluster in a browser, without a build step."""

from bot.playground.page.content import (
    ListedChannel,
    MessageShortcut,
    PasteSample,
    Person,
    SlashCommand,
    StagedEvent,
    Usage,
)
from bot.playground.page.server import PlaygroundPage
