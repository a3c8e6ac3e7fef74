"""The messages that answer requests in words, made from values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from intents.chronicle.facts import IncidentStatus
from intents.domain import Language, ObjectRef, Text
from intents.sheets import Sheet, SheetRow
from responses.slack.chronicle.incident_list import IncidentRow, incident_list_message
from responses.slack.controls import OfferedAction, RemedyButton, offered_action
from responses.slack.message import Message
from responses.slack.sheets import scrubbed_sheet, sheet_message

_ADDRESS = "https://example.slack.com/archives/C1"


def request_specimens(language: Language) -> Iterator[tuple[str, Message]]:
    """Yield (name, message) of each kind."""
    label = Text(en="Scale workload: 5", zh="调整副本数：5")
    offer = OfferedAction(
        says=Text(en="Deployment shop/web: 2 of 2 pods ready", zh="Deployment shop/web：2/2 个 Pod 就绪"),
        button=RemedyButton(plan_id="p" * 32, label=label, risk="disruptive"),
    )
    yield "offered-action", offered_action(offer, language=language)
    sheet = Sheet(
        heading=Text(en="Events of Deployment shop/web", zh="Deployment shop/web 的事件"),
        about=ObjectRef(kind="Deployment", namespace="shop", name="web"),
        cluster="prod",
        rows=(SheetRow(says=Text.same("Warning BackOff"), quote="Back-off restarting failed container", ago_s=240),),
        left=3,
        reproduce="kubectl events -n shop --for deployment/web",
    )
    yield "sheet", sheet_message(scrubbed_sheet(sheet), language=language)
    rows = [
        IncidentRow(name="inc-41", address=_ADDRESS, status=IncidentStatus.MITIGATING, ago=timedelta(hours=2)),
        IncidentRow(name="inc-40", address=_ADDRESS, status=IncidentStatus.RESOLVED, ago=timedelta(days=1)),
    ]
    yield "incident-list", incident_list_message(rows, left=2, language=language)
