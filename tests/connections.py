"""Provide a connection that reads an unchanging cluster once: tests ask many questions about the same cluster."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Self

from bot.cluster.api_calls import ClusterRequest, ClusterResponse, Meter
from bot.cluster.connection import Connection


@dataclass(slots=True, kw_only=True)
class RememberingConnection(Connection):
    """A connection that sends each read once, and answers the same read of a later diagnosis from memory."""

    _answers: dict[tuple[object, ...], ClusterResponse] = field(init=False, default_factory=dict)
    _date: datetime | None = field(init=False, default=None)

    @classmethod
    def to(cls, known: Connection) -> Self:
        """Return one to the same cluster as a connection that is open."""
        return cls(**{each.name: getattr(known, each.name) for each in fields(Connection) if each.init})

    async def read(self, request: ClusterRequest, *, deadline: float, meter: Meter) -> ClusterResponse:
        """Return the answer as it was given first; a refusal is asked for again."""
        key = (request.method, request.path, request.query, request.accept, str(request.body))
        if key not in self._answers:
            # Called by its class: a dataclass with slots is made anew, which `super()` does not know.
            self._answers[key] = await Connection.read(self, request, deadline=deadline, meter=meter)
            self._date = self._date or meter.date
        else:
            meter.calls += 1
            meter.date = meter.date or self._date
        return self._answers[key]
