"""Decide who may see and do what: one policy for answers, searches, logs and buttons."""

from bot.policy.deciding import Labels, Policy, Scope
from bot.policy.loading import PolicyError, load_policy
from bot.policy.model import Limit, Limits
from bot.policy.who import Decision, Reading, Who

__all__ = ["Decision", "Labels", "Limit", "Limits", "Policy", "PolicyError", "Reading", "Scope", "Who", "load_policy"]
