"""The playground's page: a channel and a broken cluster in a browser, without a build step."""

from bot.playground.page.content import MessageShortcut, PasteSample, Person, Place, SlashCommand, Usage
from bot.playground.page.server import PlaygroundPage

__all__ = ["MessageShortcut", "PasteSample", "Person", "Place", "PlaygroundPage", "SlashCommand", "Usage"]
