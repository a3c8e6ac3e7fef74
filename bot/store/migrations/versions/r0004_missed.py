"""Add the range of messages that an incident channel has missed, and how far it was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns."""
    for name in ("missed", "missed_cursor"):
        op.add_column("incident_channels", sa.Column(name, sa.Text(), nullable=False, server_default=""))
