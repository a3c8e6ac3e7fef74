"""Who may see what, and who may do what: one policy for answers, searches, logs and buttons alike."""

from bot.policy.deciding import Decision, Policy, Reading, Scope, Who
from bot.policy.loading import PolicyError, load_policy

__all__ = ["Decision", "Policy", "PolicyError", "Reading", "Scope", "Who", "load_policy"]
