"""What Casebook remembers: requests, answers, plans, audit, chronicles. Only here are tables and migrations."""

from bot.store.answers import Answer
from bot.store.audit import AuditEntry, AuditQuery, AuditRecord, place_of, reading_audit
from bot.store.chronicles import Chronicle, RecordedMessage
from bot.store.errors import (
    StoreDamaged,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreTooNew,
    StoreUnavailable,
    StoreUnreachable,
)
from bot.store.facts import FactRow
from bot.store.incident_channels import ChannelState, IncidentChannel
from bot.store.inspecting import Inspection, Schema, inspect_store
from bot.store.mutes import Mute
from bot.store.opening import Store, open_store
from bot.store.outbox import OutboxEntry, Sending
from bot.store.plans import CLAIMED, Claim, Claimed, Former, StoredPlan
from bot.store.requests import LONGEST_TEXT, Asked, ReplyAddress, Request, RequestState, Surface
from bot.store.topics import Topic

__all__ = [
    "CLAIMED",
    "LONGEST_TEXT",
    "Answer",
    "Asked",
    "AuditEntry",
    "AuditQuery",
    "AuditRecord",
    "ChannelState",
    "Chronicle",
    "Claim",
    "Claimed",
    "FactRow",
    "Former",
    "IncidentChannel",
    "Inspection",
    "Mute",
    "OutboxEntry",
    "RecordedMessage",
    "ReplyAddress",
    "Request",
    "RequestState",
    "Schema",
    "Sending",
    "Store",
    "StoreDamaged",
    "StoreFull",
    "StoreLocked",
    "StoreReadOnly",
    "StoreTooNew",
    "StoreUnavailable",
    "StoreUnreachable",
    "StoredPlan",
    "Surface",
    "Topic",
    "inspect_store",
    "open_store",
    "place_of",
    "reading_audit",
]
