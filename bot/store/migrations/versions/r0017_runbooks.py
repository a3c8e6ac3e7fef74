"""Keep the runbook of an alert."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column."""
    op.add_column("alerts", sa.Column("runbook", sa.Text(), server_default="", nullable=False))
