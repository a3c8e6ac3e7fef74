"""Keep what a watch post shows, how it was posted and when it was over; add the thresholds of channels.

Posts of the earlier table are forgotten: they stay in Slack as they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Replace the table of posts, and add the thresholds."""
    op.drop_table("watch_posts")
    op.create_table(
        "watch_posts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("cluster", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("objects", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("over", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_watch_posts")),
    )
    op.create_index(op.f("ix_watch_posts_cause"), "watch_posts", ["cause"])
    op.create_index(op.f("ix_watch_posts_cluster_over"), "watch_posts", ["cluster", "over"])
    op.create_index(op.f("ix_watch_posts_channel_opened"), "watch_posts", ["channel", "opened"])
    op.create_index(op.f("ix_watch_posts_digest"), "watch_posts", ["digest"])
    op.create_index(op.f("ix_watch_posts_opened"), "watch_posts", ["opened"])
    op.create_table(
        "watch_thresholds",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "incident", name=op.f("pk_watch_thresholds")),
    )
    op.create_index(op.f("ix_watch_thresholds_at"), "watch_thresholds", ["at"])
