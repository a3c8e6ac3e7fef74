"""Load the healthy objects that every simulated cluster contains beside the broken ones."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache
from importlib import resources

import yaml

from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.validated_world import ValidatedWorld
from bot.playground.kubernetes.world import Loader


@cache
def neighbours() -> Json:
    """Return the world in `neighbours.yaml`. Loading copies what it stores, so a process parses the file once."""
    text = resources.files(__package__).joinpath("neighbours.yaml").read_text(encoding="utf-8")
    parsed: Json = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return parsed


# Tests and rehearsals stop their clocks at a few times, which repeat; the times of a running clock do not.
@lru_cache(maxsize=4)
def neighbours_at(now: datetime) -> ValidatedWorld:
    """Return the healthy world, validated for an empty cluster. Stored objects never change, so it can be cached."""
    return Loader(state=State(clock=lambda: now)).check(neighbours())
