"""The healthy part of the simulated cluster, so that what is broken is not alone in it."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache
from importlib import resources

import yaml

from bot.playground.kubernetes.checked import Checked
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.world import Loader


@cache
def neighbours() -> Json:
    """The world in `neighbours.yaml`. Loading copies what it stores, so one parse serves every cluster of a process."""
    text = resources.files(__package__).joinpath("neighbours.yaml").read_text(encoding="utf-8")
    parsed: Json = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return parsed


# Tests and rehearsals stop their clocks at a few moments; a clock that runs never comes back to one.
@lru_cache(maxsize=4)
def neighbours_at(now: datetime) -> Checked:
    """The same world, checked for a cluster in which nothing has happened yet. What is stored is never changed."""
    return Loader(state=State(clock=lambda: now)).check(neighbours())
