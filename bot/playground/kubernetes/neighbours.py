"""The healthy part of the simulated cluster, so that what is broken is not alone in it."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

from bot.playground.kubernetes.resources import Json


@cache
def neighbours() -> Json:
    """The world in `neighbours.yaml`. Loading copies what it stores, so one parse serves every cluster of a process."""
    text = resources.files(__package__).joinpath("neighbours.yaml").read_text(encoding="utf-8")
    parsed: Json = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return parsed
