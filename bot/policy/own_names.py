"""Under which name somebody acts in a cluster where they act as themselves, so that the API server decides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bot.kube.impersonation import ActsAs
from bot.policy import reasons
from bot.policy.matching import any_matches
from bot.policy.model import Impersonation
from bot.policy.who import Who
from intents.domain import Text

# ASCII before it is put into lower case, for other letters become ASCII ones by that; and no colon, which would let a
# prefix and an address add up to a name of the cluster's own.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


def acts_as(entries: Iterable[Impersonation], cluster: str, who: Who) -> ActsAs | Text | None:
    """Whom the person is in the cluster; None where Casebook acts as itself; a Text says why they cannot act.

    The first entry for the cluster counts alone.
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
