"""What monthly reports are counted from and kept in, as SQLAlchemy sees it (`domain.time.results`, `domain.report`)."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table

from infra.postgres.engine.columns import instant, metadata, plain
from infra.postgres.people.register_tables import register

clock_ends = Table(
    "clock_ends",
    metadata,
    plain("stream"),
    Column("version", Integer, nullable=False),
    plain("clock"),
    instant("recorded_at"),
    instant("ended_at"),
    plain("kind"),
    plain("owed_by"),
    plain("verdict"),
    PrimaryKeyConstraint("stream", "version", "clock"),
)
"""Every verdict on a clock with the event that brought it; the last one known at an instant holds then. Derived."""

reports = register(
    "reports",
    plain("account"),
    plain("region"),
    plain("month"),
    instant("as_of"),
    instant("frozen_at"),
    plain("digest"),
    Column("issued", Integer, nullable=False),
    Index("reports_frozen_at_idx", "frozen_at", "stream"),
)
"""The register of monthly reports. What they say stands in their events."""
