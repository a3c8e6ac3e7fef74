"""Keep credentials out of plans: what is only shown is redacted, a plan that would write one is not made.

The store redacts whatever it gets. A plan must not be altered there, or it would write `[redacted]` to the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.common.redaction import stored_json
from bot.remedies.contract import Plan, Step
from responses.secrets import REDACTED

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
