"""The tables of the record as SQLAlchemy sees them. The migrations make the schema; a test keeps both equal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={"pk": "%(table_name)s_pkey", "ix": "%(table_name)s_%(column_0_N_name)s_idx"},
)


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id. It has no arithmetic and travels as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"


def _instant(name: str, *, nullable: bool = False, default: str | None = None) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=text(default) if default else None)


def _text(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=nullable)


def _xid() -> Column[Any]:
    return Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()"))


_NOW = "clock_timestamp()"

events = Table(
    "events",
    metadata,
    _text("stream"),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    _xid(),
    _text("type"),
    _instant("recorded_at"),
    _text("body"),
    _text("hash"),
    PrimaryKeyConstraint("stream", "version"),
    Index("events_xid_position_idx", "xid", "position"),
    Index("events_position_idx", "position"),
)
"""Append-only. Order over all streams is (xid, position); `body` is the hashed text."""

streams = Table(
    "streams",
    metadata,
    _text("stream"),
    _text("kind"),
    Column("version", Integer, nullable=False),
    _text("hash"),
    _instant("recorded_at"),
    PrimaryKeyConstraint("stream"),
)
"""The head of every stream, and the lock its writers take."""

commands = Table(
    "commands",
    metadata,
    _text("account"),
    _text("key"),
    Column("command_id", Uuid, nullable=False),
    _text("slug"),
    _text("fingerprint"),
    _text("stream", nullable=True),
    Column("outcome", JSONB, nullable=True),
    _instant("at", default=_NOW),
    PrimaryKeyConstraint("account", "key"),
    Index("commands_stream_idx", "stream"),
)
"""Every idempotency key with what became of it; refusals too. `outcome` is null only inside its own transaction."""

cases = Table(
    "cases",
    metadata,
    _text("stream"),
    _text("kind"),
    _text("stage"),
    _text("region"),
    _text("channel"),
    _text("category"),
    _text("external_id", nullable=True),
    _text("lead", nullable=True),
    _text("responsible"),
    _text("handler", nullable=True),
    Column("departments", ARRAY(Text), nullable=False),
    Column("returns", Integer, nullable=False),
    Column("reopenings", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    _instant("registered_at"),
    Column("closed", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    _text("head_hash"),
    _text("alarm_clock", nullable=True),
    _text("alarm_mark", nullable=True),
    _instant("alarm_at", nullable=True),
    PrimaryKeyConstraint("stream"),
    Index("cases_registered_at_idx", "registered_at", "stream"),
    Index("cases_stage_idx", "stage", "registered_at", "stream"),
    Index("cases_responsible_idx", "responsible", "registered_at", "stream"),
    Index("cases_departments_idx", "departments", postgresql_using="gin"),
    Index(
        "cases_external_id_idx",
        "kind",
        "channel",
        "external_id",
        unique=True,
        postgresql_where=text("external_id IS NOT NULL"),
    ),
)
"""One row a case, derived from its events in the append."""

clocks = Table(
    "clocks",
    metadata,
    _text("stream"),
    _text("clock"),
    _text("kind"),
    _text("rule"),
    _text("pack"),
    _text("certainty"),
    _text("standing"),
    _text("owed_by"),
    _instant("started_at"),
    _instant("warn_at"),
    _instant("due_at"),
    _instant("breach_at"),
    Column("provisional", Boolean, nullable=False),
    Column("reached", ARRAY(Text), nullable=False),
    _instant("stopped_at", nullable=True),
    _text("outcome", nullable=True),
    PrimaryKeyConstraint("stream", "clock"),
    Index("clocks_running_idx", "breach_at", "stream", "clock", postgresql_where=text("stopped_at IS NULL")),
)
"""Every clock of every case. Overdue is a query over the running ones, never a flag."""

effects = Table(
    "effects",
    metadata,
    Column("id", Uuid, nullable=False),
    _text("stream"),
    Column("version", Integer, nullable=False),
    _text("kind"),
    _text("recipient"),
    _text("subject"),
    Column("params", JSONB, nullable=False),
    _instant("created_at", default=_NOW),
    _instant("done_at", nullable=True),
    _text("outcome", nullable=True),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("id"),
    Index("effects_stream_idx", "stream", "version"),
    Index("effects_undone_idx", "created_at", postgresql_where=text("done_at IS NULL")),
)
"""What must be done once because of an event."""

outbox = Table(
    "outbox",
    metadata,
    _text("stream"),
    Column("last", Integer, nullable=False),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    _xid(),
    _text("lane"),
    Column("advance", JSONB, nullable=False),
    _instant("created_at", default=_NOW),
    _instant("leased_until", nullable=True),
    PrimaryKeyConstraint("stream", "last"),
    Index("outbox_lane_idx", "lane", "xid", "position"),
)
"""What the processes have not been told yet."""

vault = Table(
    "vault",
    metadata,
    Column("ref", Uuid, nullable=False),
    _text("stream"),
    _text("field"),
    Column("salt", LargeBinary, nullable=True),
    _text("text", nullable=True),
    _instant("kept_at", default=_NOW),
    _instant("erased_at", nullable=True),
    PrimaryKeyConstraint("ref"),
    Index("vault_stream_idx", "stream"),
)
"""Free text by or about persons. Erasing empties text and salt; the row stays as its proof."""

inbox = Table(
    "inbox",
    metadata,
    Column("effect_id", Uuid, nullable=False),
    _text("recipient"),
    _text("stream"),
    _text("subject"),
    Column("params", JSONB, nullable=False),
    _instant("created_at", default=_NOW),
    _instant("read_at", nullable=True),
    _text("read_by", nullable=True),
    PrimaryKeyConstraint("effect_id"),
    Index("inbox_recipient_idx", "recipient", "created_at", "effect_id"),
)
"""Notices to people. Recipients are accounts or `role@department`."""

departments = Table(
    "departments",
    metadata,
    _text("code"),
    _text("name"),
    _text("region"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("code"),
)

accounts = Table(
    "accounts",
    metadata,
    _text("account"),
    _text("password_hash"),
    _text("name"),
    _text("department"),
    _text("region"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("account"),
)

projections = Table(
    "projections",
    metadata,
    _text("name"),
    Column("xid", Xid8, nullable=False),
    Column("position", BigInteger, nullable=False),
    _instant("updated_at", default=_NOW),
    PrimaryKeyConstraint("name"),
)
"""How far each read model has come; committed with its rows."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    _text("note"),
    _instant("at"),
    PrimaryKeyConstraint("id"),
)
"""Signed statements about all stream heads at one point of the record."""
