"""Add which alerts of other apps stand in a channel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "standing_alerts",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "identity", "request_id", name=op.f("pk_standing_alerts")),
    )
    op.create_index(op.f("ix_standing_alerts_request_id"), "standing_alerts", ["request_id"])
