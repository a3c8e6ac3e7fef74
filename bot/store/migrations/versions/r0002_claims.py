"""What a claimed plan does to what, and when it was claimed: how often the same is done is bounded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("plans", sa.Column("action", sa.Text(), server_default="", nullable=False))
    op.add_column("plans", sa.Column("subject", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_plans_claimed_at"), "plans", ["claimed_at"])
