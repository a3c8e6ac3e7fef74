"""Turn a request into a diagnosis: match once, read concurrently, judge. Nothing here knows how it was asked."""

from bot.diagnosing.diagnosis import (
    DEADLINE_S,
    Engine,
    TargetNotFound,
    build_engine,
    diagnose,
    engine_for,
    match_text,
)

__all__ = ["DEADLINE_S", "Engine", "TargetNotFound", "build_engine", "diagnose", "engine_for", "match_text"]
