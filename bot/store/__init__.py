"""Keep Casebook's data: requests, answers, plans, audit, chronicles. Only this package has tables and migrations."""

from bot.store.answers import Mute, StoredAnswer, Topic, standing
from bot.store.audit_log import AuditEntry, AuditQuery, AuditRecord, open_audit, place_of
from bot.store.channel_answers import ChannelAnswer
from bot.store.chronicles import Chronicle, RecordedMessage
from bot.store.database import (
    StoreDamaged,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreTooNew,
    StoreUnavailable,
    StoreUnreachable,
)
from bot.store.facts import FactRow, Mark
from bot.store.feedback import HELPFUL, NOT_IT, open_feedback
from bot.store.incident_channels import ChannelState, IncidentChannel
from bot.store.installations import Installation, open_installations
from bot.store.learned import LearnedEntry, open_learned
from bot.store.migration import SchemaState, StoreInspection, inspect_store
from bot.store.outbox import OutboxEntry, PostingState, StoredReport
from bot.store.plans import CLAIMED, ClaimOutcome, ClaimResult, EarlierClaim, StoredPlan
from bot.store.repositories import Store, open_store
from bot.store.requests import LONGEST_TEXT, NewRequest, ReplyAddress, RequestState, StoredRequest, Surface
from bot.store.watch_posts import WatchPost
from bot.store.workspaces import (
    WORKSPACE_ID,
    Kept,
    current_workspaces,
    delete_workspace,
    kept_of,
    open_workspace,
    workspace_url,
)

__all__ = [
    "CLAIMED",
    "HELPFUL",
    "LONGEST_TEXT",
    "NOT_IT",
    "WORKSPACE_ID",
    "AuditEntry",
    "AuditQuery",
    "AuditRecord",
    "ChannelAnswer",
    "ChannelState",
    "Chronicle",
    "ClaimOutcome",
    "ClaimResult",
    "EarlierClaim",
    "FactRow",
    "IncidentChannel",
    "Installation",
    "Kept",
    "LearnedEntry",
    "Mark",
    "Mute",
    "NewRequest",
    "OutboxEntry",
    "PostingState",
    "RecordedMessage",
    "ReplyAddress",
    "RequestState",
    "SchemaState",
    "Store",
    "StoreDamaged",
    "StoreFull",
    "StoreInspection",
    "StoreLocked",
    "StoreReadOnly",
    "StoreTooNew",
    "StoreUnavailable",
    "StoreUnreachable",
    "StoredAnswer",
    "StoredPlan",
    "StoredReport",
    "StoredRequest",
    "Surface",
    "Topic",
    "WatchPost",
    "current_workspaces",
    "delete_workspace",
    "inspect_store",
    "kept_of",
    "open_audit",
    "open_feedback",
    "open_installations",
    "open_learned",
    "open_store",
    "open_workspace",
    "place_of",
    "standing",
    "workspace_url",
]
