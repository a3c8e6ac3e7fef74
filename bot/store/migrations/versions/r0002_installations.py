"""Store the workspaces that installed the app."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of installations."""
    times = [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("installed", "changed")]
    ends = [sa.Column(name, sa.DateTime(timezone=True)) for name in ("expires", "removed", "doomed")]
    op.create_table(
        "installations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("is_org", sa.Boolean(), nullable=False),
        sa.Column("identity", sa.JSON(), nullable=False),
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
        *times,
        *ends,
        sa.PrimaryKeyConstraint("id", name="pk_installations"),
    )
    op.create_table(
        "install_states",
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_install_states"),
    )
    op.create_index("ix_install_states_expires", "install_states", ["expires"])
