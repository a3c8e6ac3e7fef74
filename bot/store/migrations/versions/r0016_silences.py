"""Keep the silence of a post about alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column."""
    op.add_column("alert_posts", sa.Column("silence", sa.JSON(), nullable=True))
