"""Tell whether this process can take requests, what prevents it, and what an operator should know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.app.reload import LiveConfiguration
from bot.cluster.clusters import Clusters
from bot.jobs import Jobs, JobsUnavailable
from bot.slack.client import Slack
from bot.store import Store, StoreUnavailable
from bot.surfaces.slack.health import SlackHealth
from bot.surfaces.web import Ready
from responses.safety import safe_line

_STOPPING: Final = "shutting down; running jobs are being drained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The readiness of this process: `problems` make it unready, `notes` do not.

    Neither an unreachable cluster nor broken catalog files make it unready: Slack still gets answers that name the
    reason. `stopping` is called each time.
    """

    store: Store
    jobs: Jobs
    slack: Slack
    health: SlackHealth
    clusters: Clusters
    live: LiveConfiguration
    stopping: Callable[[], bool] = lambda: False
    watch_notes: Mapping[str, str] = field(default_factory=dict)

    async def look(self) -> Ready:
        if self.stopping():
            return Ready(problems={"process": _STOPPING})
        problems: dict[str, str] = {}
        try:
            await self.store.ping()
        except StoreUnavailable as error:
            problems["store"] = str(error)
        try:
            await self.jobs.ping()
        except JobsUnavailable as error:
            problems["jobs"] = str(error)
        if not self.live.current.engine.catalog.incidents:
            problems["catalog"] = "the catalog is empty: reinstall Casebook, or check CASEBOOK_CATALOG"
        problems |= await self.health.problems(token_refused=self.slack.token_refused)
        notes = {
            **self.health.notes(granted=self.slack.scopes),
            **self._left_out(),
            **self.live.errors,
            **self.watch_notes,
        }
        troubles = {name: safe_line(why) for name, why in self.clusters.troubles.items()}
        return Ready(problems=problems, notes=notes, clusters=troubles)

    def _left_out(self) -> Mapping[str, str]:
        left_out = self.live.current.left_out
        if not left_out:
            return {}
        more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
        return {"catalog": safe_line(f"files of CASEBOOK_CATALOG are left out: {left_out[0]}{more}; run casebook lint")}
