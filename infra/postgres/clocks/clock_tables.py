"""The table of clocks."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from infra.postgres.clocks.calendar_tables import calendars as calendars
from infra.postgres.clocks.oversight_tables import oversight_orders as oversight_orders
from infra.postgres.engine.columns import Xid8 as Xid8
from infra.postgres.engine.columns import instant, plain
from infra.postgres.engine.columns import metadata as metadata
from infra.postgres.figures.holding_tables import holdings as holdings
from infra.postgres.figures.report_tables import clock_ends as clock_ends
from infra.postgres.figures.report_tables import reports as reports
from infra.postgres.notices.tables import notice_addresses as notice_addresses
from infra.postgres.notices.tables import notice_deliveries as notice_deliveries
from infra.postgres.notices.tables import notice_settings as notice_settings
from infra.postgres.people.register_tables import accounts as accounts
from infra.postgres.people.register_tables import departments as departments
from infra.postgres.people.register_tables import exports as exports
from infra.postgres.people.register_tables import founding as founding
from infra.postgres.people.register_tables import lookups as lookups
from infra.postgres.people.register_tables import rulebooks as rulebooks

clocks = Table(
    "clocks",
    metadata,
    plain("stream"),
    plain("clock"),
    plain("kind"),
    plain("rule"),
    plain("pack"),
    plain("certainty"),
    plain("standing"),
    plain("owed_by"),
    instant("started_at"),
    instant("warn_at"),
    instant("due_at"),
    instant("breach_at"),
    Column("provisional", Boolean, nullable=False),
    Column("reached", ARRAY(Text), nullable=False),
    instant("stopped_at", nullable=True),
    plain("outcome", nullable=True),
    instant("paused_at", nullable=True),
    Column("region", Text, nullable=False, server_default=text("''")),
    Column("channel", Text, nullable=False, server_default=text("''")),
    Column("category", Text, nullable=False, server_default=text("''")),
    plain("about", nullable=True),
    Column("level", SmallInteger, nullable=False, server_default=text("0")),
    Column("extensions", SmallInteger, nullable=False, server_default=text("0")),
    Column("calendar", Text, nullable=False, server_default=text("''")),
    Column("unsettled", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("stream", "clock"),
    Index("clocks_unsettled_idx", "stream", postgresql_where=text("stopped_at IS NULL AND unsettled")),
    Index("clocks_running_idx", "breach_at", "stream", "clock", postgresql_where=text("stopped_at IS NULL")),
    Index("clocks_owed_idx", "owed_by", "breach_at", "stream", "clock", postgresql_where=text("stopped_at IS NULL")),
    Index(
        "clocks_warned_idx",
        "owed_by",
        "warn_at",
        postgresql_include=("stream", "region", "channel", "category", "breach_at", "paused_at"),
        postgresql_where=text("stopped_at IS NULL"),
    ),
    Index(
        "clocks_region_idx",
        text('"left"(region, 4)'),
        "breach_at",
        "stream",
        "clock",
        "region",
        postgresql_where=text("stopped_at IS NULL"),
    ),
    Index("clocks_rule_idx", "rule", "breach_at", "stream", "clock", postgresql_where=text("stopped_at IS NULL")),
    Index(
        "clocks_climbed_idx",
        "breach_at",
        "stream",
        "clock",
        "level",
        postgresql_where=text("stopped_at IS NULL AND level > 0"),
    ),
    Index(
        "clocks_resting_idx",
        "breach_at",
        "stream",
        "clock",
        postgresql_where=text("stopped_at IS NULL AND paused_at IS NOT NULL"),
    ),
    Index(
        "clocks_late_at_rest_idx",
        text("(breach_at - paused_at)"),
        "stream",
        "clock",
        postgresql_where=text("stopped_at IS NULL AND paused_at IS NOT NULL AND breach_at <= paused_at"),
    ),
    Index("clocks_ended_idx", "outcome", "stopped_at", postgresql_where=text("stopped_at IS NOT NULL")),
    Index(
        "clocks_ended_region_idx",
        text('"left"(region, 4)'),
        "outcome",
        "stopped_at",
        "region",
        postgresql_where=text("stopped_at IS NOT NULL"),
    ),
    Index("clocks_answered_idx", "owed_by", "outcome", "stopped_at", postgresql_where=text("stopped_at IS NOT NULL")),
    Index(
        "clocks_missed_idx",
        text("(COALESCE(paused_at, stopped_at) - breach_at)"),
        postgresql_where=text("stopped_at IS NOT NULL AND outcome = 'missed'"),
    ),
)
"""Every clock of every case. Overdue is a query over the running ones, never a flag. `unsettled`: an instant of it, if
only that of a rung, rests on days no calendar knows yet."""
