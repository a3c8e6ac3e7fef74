"""One cluster as one person may use it, and plans without credentials.

The store redacts whatever it gets. A plan must not be altered there, or it would write `[redacted]` to the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.common.redaction import stored_json
from bot.kube.access import EVERYTHING, Access, ActsAs
from bot.remedies.contract import Plan, Step
from responses.redaction import REDACTED

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


# The fields that are only shown, or only judged again. A redacted name is judged as it was redacted at first.
_SHOWN: Final = ("title", "warning", "done", "asks")


def without_secrets(plan: Plan) -> Plan | None:
    """Return the plan as it may be stored; None if its target or what it would write looks like a credential."""
    document = plan.as_json()
    if REDACTED in str(document["args"]):
        # The value was redacted when it was read.
        return None
    kept = stored_json(document)
    about = {**document["about"], "named": kept["about"]["named"]}
    if kept != {**document, "about": about, **{name: kept[name] for name in _SHOWN}}:
        return None
    return Plan.from_json(kept)


def writes_redacted(steps: Iterable[Step]) -> bool:
    """Tell whether a write holds the mark of redaction: an altered plan is never applied."""
    return any(REDACTED in str((step.body, [change.after for change in step.changes])) for step in steps)
