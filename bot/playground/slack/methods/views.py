"""Implement views.*: open, push and update dialogs."""

from __future__ import annotations

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.methods.registry import MethodContext, Table, method
from bot.playground.slack.payload_limits import check_view
from bot.playground.slack.rate_limits import Tier
from bot.playground.slack.records import Json

VIEWS: Table = {}


@method(VIEWS, "views.open", Tier.FOUR)
def open_view(context: MethodContext, given: Arguments) -> Json:
    """Open a dialog."""
    view = _view(given)
    return {"view": context.state.views.open(context.state.tickets.exchange(_trigger(given)), view)}


@method(VIEWS, "views.push", Tier.FOUR)
def push_view(context: MethodContext, given: Arguments) -> Json:
    """Push a dialog onto the stack."""
    view = _view(given)
    return {"view": context.state.views.push(context.state.tickets.exchange(_trigger(given)), view)}


@method(VIEWS, "views.update", Tier.FOUR)
def update_view(context: MethodContext, given: Arguments) -> Json:
    """Update an open dialog."""
    view = _view(given)
    updated = context.state.views.update(
        given.text("view_id"), view, external_id=given.text("external_id"), hash=given.text("hash")
    )
    return {"view": updated}


def _view(given: Arguments) -> Json:
    view = given.structure("view")
    check_view(view)
    return dict(view)


def _trigger(given: Arguments) -> str:
    return given.text("trigger_id") or given.required("interactivity_pointer")
