"""Writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.playground.kubernetes.addressing import Address
from bot.playground.kubernetes.overrides import Override
from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a write answers."""

    status: int
    body: Json
    warnings: tuple[str, ...] = ()


class Writer:
    """Carries out writes."""

    def __init__(self, *, state: State) -> None:
        self._state = state

    def learn(self, overrides: list[Override]) -> None:
        """Let these overrides answer writes from now on."""

    def write(
        self, *, address: Address, resource: Resource, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Done:
        raise refusal(code=501, message="not written yet")
