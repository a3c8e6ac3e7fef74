"""Who may see what, and who may do what: one policy for answers, searches, logs and buttons alike."""

from bot.policy.deciding import Labels, Policy, Scope
from bot.policy.loading import PolicyError, load_policy
from bot.policy.model import Limit, Limits
from bot.policy.who import Decision, ReadLevel, Who

__all__ = ["Decision", "Labels", "Limit", "Limits", "Policy", "PolicyError", "ReadLevel", "Scope", "Who", "load_policy"]
