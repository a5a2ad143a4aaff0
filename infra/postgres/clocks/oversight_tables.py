"""The table of oversight orders (督办单)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, PrimaryKeyConstraint, SmallInteger, Table, text

from infra.postgres.engine.columns import instant, metadata, plain

oversight_orders = Table(
    "oversight_orders",
    metadata,
    plain("stream"),
    plain("name"),
    plain("department"),
    plain("region"),
    instant("ordered_at"),
    plain("ordered_by"),
    plain("clock", nullable=True),
    Column("answer_by", Date, nullable=True),
    Column("listed", Boolean, nullable=False),
    plain("status"),
    Column("answers", SmallInteger, nullable=False),
    PrimaryKeyConstraint("stream", "name"),
    Index(
        "oversight_orders_standing_idx",
        "ordered_at",
        "stream",
        "name",
        postgresql_where=text("status IN ('open', 'answered')"),
    ),
    Index("oversight_orders_department_idx", "department", "ordered_at", "stream", "name"),
    Index("oversight_orders_ordered_idx", "ordered_at", "stream", "name"),
)
"""Every order of every case, derived from its events in the append."""
