"""Add action, subject and claim time to plans, so that repeated actions can be limited."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and the index."""
    op.add_column("plans", sa.Column("action", sa.Text(), server_default="", nullable=False))
    op.add_column("plans", sa.Column("subject", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_plans_claimed_at"), "plans", ["claimed_at"])
