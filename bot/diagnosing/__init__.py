"""Turn a request into a diagnosis: match once, read concurrently, judge. Independent of Slack and the command line."""

from bot.diagnosing.diagnosis import DEADLINE_S, TargetNotFound, diagnose
from bot.diagnosing.engine import CarriedMatch, Engine, build_engine, carried_match, engine_for, match_text

__all__ = [
    "DEADLINE_S",
    "CarriedMatch",
    "Engine",
    "TargetNotFound",
    "build_engine",
    "carried_match",
    "diagnose",
    "engine_for",
    "match_text",
]
