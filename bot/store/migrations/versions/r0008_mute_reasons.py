"""Add the reason of a mute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; a version before this one leaves it empty."""
    op.add_column("mutes", sa.Column("reason", sa.Text(), nullable=False, server_default=""))
