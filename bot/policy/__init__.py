"""Decide who may see and do what: one policy for answers, searches, logs and buttons."""

from bot.policy.matching import Actor, Decision, ReadLevel
from bot.policy.model import SILENCE_ALERTS, Limit, Limits
from bot.policy.policy import ObjectLabels, Policy, PolicyScope, load_policy
from bot.policy.strict_yaml import FileError
