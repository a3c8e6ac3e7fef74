"""Read all admission webhooks, and find the one that a text names."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Final

from bot.kube.objects import name_of
from bot.kube.refusals import KINDS, Webhook
from bot.probes.contract import Look, may

PERMISSIONS: Final = may("list", *(f"{kind.lower()}s.admissionregistration.k8s.io" for kind in KINDS))
_SERVICE_URL: Final = re.compile(r"//([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The webhook that a text names, by its name, else by the Service that was called; empty if it names none."""

    name: str = ""
    place: tuple[str, str] = ("", "")

    def __bool__(self) -> bool:
        return bool(self.name or self.place[1])

    def __str__(self) -> str:
        return (
            f"admission webhook {self.name}" if self.name else f"an admission webhook of Service {'/'.join(self.place)}"
        )

    def means(self, webhook: Webhook) -> bool:
        """Tell whether the text names this webhook."""
        if self.name:
            return self.name in (webhook.name, webhook.configured_in)
        return self.place == webhook.place


def named_in(look: Look) -> Named:
    """Return the webhook that the text names."""
    if name := look.named.get("webhook", ""):
        return Named(name=name)
    return Named(place=called_service(look))


def called_service(look: Look) -> tuple[str, str]:
    """Return namespace and name of the Service at the URL in the text, empty if there is none."""
    called = _SERVICE_URL.search(look.named.get("url", ""))
    return (called[2], called[1]) if called else ("", "")


async def webhooks(look: Look) -> tuple[Webhook, ...]:
    """Return all readable webhooks, mutating ones first, by configuration and order of calls."""
    listings = await asyncio.gather(*map(look.list, KINDS))
    return tuple(
        Webhook(configuration=item, kind=kind, spec=spec)
        for kind, items in zip(KINDS, listings, strict=True)
        for item in sorted(items, key=name_of)
        for spec in item.get("webhooks") or ()
    )


async def all_listed(look: Look) -> bool:
    """Tell whether `webhooks` returned all that exist: only then one that is not among them is gone."""
    return None not in await asyncio.gather(*map(look.whole, KINDS))
