"""Find the user name under which a person acts in a cluster, so that the API server decides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bot.kube.access import ActsAs
from bot.policy import reasons
from bot.policy.decisions import Actor
from bot.policy.matching import any_matches
from bot.policy.model import ImpersonationEntry
from intents.domain import Text

# ASCII before lower-casing, because other letters turn into ASCII by it; no colon, because prefix and address could add
# up to a reserved name of the cluster.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


def impersonated_user(entries: Iterable[ImpersonationEntry], cluster: str, who: Actor) -> ActsAs | Text | None:
    """Return the person's user in the cluster, None where Casebook acts as itself, or a Text why they cannot act.

    Only the first entry for the cluster counts.
    """
    entry = next((each for each in entries if any_matches(each.clusters, cluster)), None)
    if entry is None:
        return None
    if who.guest or who.foreign or who.bot or not who.user:
        return reasons.ACTS_NO_PERSON
    if not who.email:
        return reasons.ACTS_NO_ADDRESS
    address = _ADDRESS.fullmatch(who.email)
    if address is None:
        return reasons.ACTS_ODD_ADDRESS
    if entry.domains and address[1].lower() not in entry.domains:
        return reasons.ACTS_OTHER_DOMAIN
    groups = [each for group, theirs in entry.groups.items() if group == "*" or group in who.groups for each in theirs]
    return ActsAs(user=entry.prefix + who.email.lower(), groups=tuple(dict.fromkeys(groups)))
