"""What of an incident channel was not heard while it was said, and how far that is read by now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name in ("missed", "missed_cursor"):
        op.add_column("incident_channels", sa.Column(name, sa.Text(), nullable=False, server_default=""))
