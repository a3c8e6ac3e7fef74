"""Add incident channels and their chronicles: facts, sources and manual marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "incident_channels",
        sa.Column("channel", sa.Text(), nullable=False),
        _words("team"),
        _words("name"),
        _at("named"),
        sa.Column("state", sa.String(length=16), nullable=False),
        _at("opened"),
        _at("since"),
        sa.Column("resolved", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        _words("summary_ts"),
        _words("canvas"),
        _words("rendered_by"),
        sa.Column("rendered_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_incident_channels")),
    )
    op.create_index(op.f("ix_incident_channels_state"), "incident_channels", ["state"])
    _create_of_channel(
        "facts",
        ["key"],
        _words("source"),
        _words("ts"),
        _words("incident"),
        _at("at"),
        sa.Column("document", sa.JSON(), nullable=False),
    )
    op.create_index(op.f("ix_facts_channel_source"), "facts", ["channel", "source"])
    op.create_index(op.f("ix_facts_channel_at"), "facts", ["channel", "at"])
    op.create_index(op.f("ix_facts_incident"), "facts", ["incident"])
    _create_of_channel(
        "fact_sources",
        ["source"],
        _words("version"),
        sa.Column("gone", sa.Boolean(), nullable=False),
    )
    _create_of_channel(
        "fact_marks",
        ["ts", "user", "what"],
        sa.Column("stands", sa.Boolean(), nullable=False),
        _at("at"),
    )
    _create_of_channel(
        "chronicle_reads",
        ["user"],
        _at("last"),
        sa.Column("before", sa.DateTime(timezone=True), nullable=True),
    )


def _create_of_channel(table: str, keys: list[str], *others: sa.Column[object]) -> None:
    """Create a table whose rows belong to a channel and are deleted with it."""
    op.create_table(
        table,
        sa.Column("channel", sa.Text(), nullable=False),
        *(sa.Column(key, sa.Text(), nullable=False) for key in keys),
        *others,
        sa.ForeignKeyConstraint(
            ["channel"], ["incident_channels.channel"], name=op.f(f"fk_{table}_channel"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel", *keys, name=op.f(f"pk_{table}")),
    )


def _words(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
