"""Implement the Web API methods, one module per family."""

from bot.playground.slack.methods import chat, conversations, files, surfaces, users
from bot.playground.slack.methods.registry import METHODS
