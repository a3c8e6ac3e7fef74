"""Keep Casebook's data: requests, answers, plans, audit, chronicles. Only this package has tables and migrations."""

from intents.lean_imports import postpone

# ruff: noqa: E402 - imported after this, SQLAlchemy loads PostgreSQL's drivers only if that database is used.
_DIALECT = "sqlalchemy.dialects.postgresql"
postpone("psycopg", "psycopg.errors", "psycopg.pq")
postpone(_DIALECT, *(f"{_DIALECT}.{driver}" for driver in ("asyncpg", "pg8000", "psycopg", "psycopg2cffi")))

from bot.store.answers import Mute, StoredAnswer, Topic, standing
from bot.store.audit_log import AuditEntry, AuditQuery, AuditRecord, open_audit, place_of
from bot.store.channel_answers import ChannelAnswer
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
from bot.store.facts import FactRow, Mark
from bot.store.feedback import HELPFUL, NOT_IT, open_feedback
from bot.store.incident_channels import ChannelState, IncidentChannel
from bot.store.installations import Installation, open_installations
from bot.store.learned import LearnedEntry, open_learned
from bot.store.migration import SchemaState, StoreInspection, inspect_store
from bot.store.outbox import OutboxEntry, PostingState, StoredReport
from bot.store.plans import CLAIMED, ClaimOutcome, EarlierClaim, StoredPlan
from bot.store.repositories import Store, open_store
from bot.store.requests import LONGEST_TEXT, NewRequest, RequestState, StoredRequest, Surface
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
