"""One cluster as one person may use it: what they may read, under whose name is written, how long a call may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.kube.access import EVERYTHING, Access
from bot.kube.impersonation import ActsAs

DEADLINE_S: Final = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Opens snapshots and writers on a cluster.

    `access` is what the policy lets the person read, since the result shows what is read. `acting_as` is the name to
    write under, None for Casebook's own. `deadline` is in seconds, for each snapshot and each writer.
    """

    connection: Connection
    access: Access = EVERYTHING
    acting_as: ActsAs | None = None
    deadline: float = DEADLINE_S

    def snapshot(self, *, deadline: float | None = None) -> Snapshot:
        """Open a new snapshot: what it read before is not read again."""
        return Snapshot(self.connection, deadline=deadline or self.deadline, access=self.access, whole_lists=True)

    def writer(self, *, deadline: float | None = None) -> Writer:
        """Return what writes and dry-runs."""
        return Writer(self.connection, deadline=deadline or self.deadline, acting_as=self.acting_as)
