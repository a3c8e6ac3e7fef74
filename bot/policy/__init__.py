"""Decide who may see and do what: one policy for answers, searches, logs and buttons."""

from bot.policy.decisions import Actor, Decision, ReadLevel
from bot.policy.model import SILENCE_ALERTS, Limit, Limits
from bot.policy.policy import ObjectLabels, Policy, PolicyScope
from bot.policy.policy_file import PolicyError, load_policy

__all__ = [
    "SILENCE_ALERTS",
    "Actor",
    "Decision",
    "Limit",
    "Limits",
    "ObjectLabels",
    "Policy",
    "PolicyError",
    "PolicyScope",
    "ReadLevel",
    "load_policy",
]
