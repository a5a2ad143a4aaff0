"""The tables of the record as SQLAlchemy sees them. The migrations make the schema; a test keeps both equal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from infra.postgres.clocks.calendar_tables import calendars as calendars
from infra.postgres.clocks.clock_tables import clocks as clocks
from infra.postgres.clocks.oversight_tables import oversight_orders as oversight_orders
from infra.postgres.engine.columns import NOW, instant, plain, xid
from infra.postgres.engine.columns import Xid8 as Xid8
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


def _walk(name: str, *led_by: Any, where: str | None = None) -> Index:
    """An index that lists walk along, newest first: what leads it, the stage, the order, and what is looked at on the
    way without going to the row."""
    order = ("stage", "registered_at", "stream", "category", "channel")
    return Index(name, "kind", *led_by, *order, postgresql_where=text(where) if where else None)


events = Table(
    "events",
    metadata,
    plain("stream"),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    xid(),
    plain("type"),
    instant("recorded_at"),
    plain("body"),
    plain("hash"),
    PrimaryKeyConstraint("stream", "version"),
    Index("events_xid_position_idx", "xid", "position"),
    Index("events_position_idx", "position"),
    Index(
        "events_administration_idx",
        "position",
        postgresql_where=text("type LIKE 'account.%' OR type LIKE 'rulebook.%'"),
    ),
    Index("events_backdated_idx", "position", postgresql_where=text("type = 'clue.time_excluded'")),
)
"""Append-only. Order over all streams is (xid, position); `body` is the hashed text."""

streams = Table(
    "streams",
    metadata,
    plain("stream"),
    plain("kind"),
    Column("version", Integer, nullable=False),
    plain("hash"),
    instant("recorded_at"),
    PrimaryKeyConstraint("stream"),
)
"""The head of every stream, and the lock its writers take."""

commands = Table(
    "commands",
    metadata,
    plain("account"),
    plain("key"),
    Column("command_id", Uuid, nullable=False),
    plain("slug"),
    plain("fingerprint"),
    plain("stream", nullable=True),
    Column("outcome", JSONB, nullable=True),
    instant("at", default=NOW),
    PrimaryKeyConstraint("account", "key"),
    Index("commands_stream_idx", "stream"),
    Index(
        "commands_elsewhere_idx",
        text("(outcome -> 'elsewhere')"),
        postgresql_using="gin",
        postgresql_where=text("outcome ? 'elsewhere'"),
    ),
)
"""Every idempotency key with what became of it; refusals too. `outcome` is null only inside its own transaction."""

followed = Table(
    "followed",
    metadata,
    plain("stream"),
    plain("kind"),
    plain("stage"),
    plain("responsible"),
    plain("alarm_clock", nullable=True),
    plain("alarm_mark", nullable=True),
    instant("alarm_at", nullable=True),
    Column("closed", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    plain("head_hash"),
    PrimaryKeyConstraint("stream"),
)
"""Where the process of every stream that has one should be: its head, what is awaited, the one instant to wake at."""

cases = Table(
    "cases",
    metadata,
    plain("stream"),
    plain("kind"),
    plain("stage"),
    plain("region"),
    plain("channel"),
    plain("category"),
    plain("external_id", nullable=True),
    plain("lead", nullable=True),
    plain("responsible"),
    plain("handler", nullable=True),
    Column("departments", ARRAY(Text), nullable=False),
    Column("returns", Integer, nullable=False),
    Column("reopenings", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    instant("registered_at"),
    Column("closed", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    plain("number", nullable=True),
    plain("entity", nullable=True),
    Column("links", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    instant("received_at", nullable=True),
    Column("completed", Boolean, nullable=False, server_default=text("false")),
    Column("migrated", Boolean, nullable=False, server_default=text("false")),
    plain("result", nullable=True),
    PrimaryKeyConstraint("stream"),
    Index("cases_registered_at_idx", "registered_at", "stream"),
    _walk("cases_standing_idx"),
    _walk("cases_district_idx", "region"),
    _walk("cases_city_idx", text('"left"(region, 4)')),
    _walk("cases_desk_idx", "responsible"),
    _walk("cases_hands_idx", "handler", where="handler IS NOT NULL"),
    _walk("cases_department_1_idx", text("(departments[1])"), where="departments[1] IS NOT NULL"),
    _walk("cases_department_2_idx", text("(departments[2])"), where="departments[2] IS NOT NULL"),
    Index(
        "cases_departments_idx",
        "departments",
        postgresql_using="gin",
        postgresql_where=text("cardinality(departments) > 2"),
    ),
    _walk("cases_entity_idx", "entity", where="entity IS NOT NULL"),
    Index("cases_number_idx", "number", unique=True, postgresql_where=text("number IS NOT NULL")),
    Index("cases_links_idx", "links", postgresql_using="gin"),
    Index(
        "cases_external_id_idx",
        "kind",
        "channel",
        "external_id",
        unique=True,
        postgresql_where=text("external_id IS NOT NULL"),
    ),
    Index("cases_ticket_idx", "external_id", postgresql_where=text("external_id IS NOT NULL")),
)
"""What lists show of a case, one row each, derived from its events in the append. Columns of clues alone are empty for
other nouns."""

case_states = Table(
    "case_states",
    metadata,
    plain("stream"),
    Column("version", Integer, nullable=False),
    instant("recorded_at"),
    instant("superseded_at", nullable=True),
    instant("happened_at"),
    instant("outlived_at", nullable=True),
    plain("kind"),
    plain("stage"),
    plain("number", nullable=True),
    plain("region"),
    plain("channel"),
    plain("category"),
    plain("external_id", nullable=True),
    plain("entity", nullable=True),
    plain("lead", nullable=True),
    plain("responsible"),
    plain("handler", nullable=True),
    Column("departments", ARRAY(Text), nullable=False),
    Column("links", ARRAY(Text), nullable=False),
    Column("returns", Integer, nullable=False),
    Column("reopenings", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    instant("received_at", nullable=True),
    instant("registered_at"),
    Column("completed", Boolean, nullable=False),
    Column("migrated", Boolean, nullable=False),
    Column("closed", Boolean, nullable=False),
    plain("result", nullable=True),
    PrimaryKeyConstraint("stream", "version"),
    Index("case_states_open_idx", "stream", postgresql_where=text("superseded_at IS NULL")),
)
"""Every state a case was in: known in [recorded_at, superseded_at), so in [happened_at, outlived_at). Derived."""

serials = Table(
    "serials",
    metadata,
    plain("series"),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("series"),
)
"""The last case number given in each series. Its row is the lock that keeps a series without gap and double."""


effects = Table(
    "effects",
    metadata,
    Column("id", Uuid, nullable=False),
    plain("stream"),
    Column("version", Integer, nullable=False),
    plain("kind"),
    plain("recipient"),
    plain("subject"),
    Column("params", JSONB, nullable=False),
    Column("body", JSONB, nullable=True),
    instant("created_at", default=NOW),
    instant("done_at", nullable=True),
    plain("outcome", nullable=True),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("id"),
    Index("effects_stream_idx", "stream", "version"),
    Index("effects_undone_idx", "created_at", postgresql_where=text("done_at IS NULL")),
)
"""What must be done once because of an event. `body`: what is asked of another stream, without personal texts."""

outbox = Table(
    "outbox",
    metadata,
    plain("stream"),
    Column("last", Integer, nullable=False),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    xid(),
    plain("lane"),
    Column("advance", JSONB, nullable=False),
    instant("created_at", default=NOW),
    instant("leased_until", nullable=True),
    PrimaryKeyConstraint("stream", "last"),
    Index("outbox_lane_idx", "lane", "xid", "position"),
)
"""What the processes have not been told yet."""

vault = Table(
    "vault",
    metadata,
    Column("ref", Uuid, nullable=False),
    plain("stream"),
    plain("field"),
    Column("salt", LargeBinary, nullable=True),
    plain("text", nullable=True),
    instant("kept_at", default=NOW),
    instant("erased_at", nullable=True),
    PrimaryKeyConstraint("ref"),
    Index("vault_stream_idx", "stream"),
    Index("vault_erased_at_idx", "erased_at", postgresql_where=text("erased_at IS NOT NULL")),
)
"""Free text by or about persons. Erasing empties text and salt; the row stays as its proof."""

search = Table(
    "search",
    metadata,
    Column("ref", Uuid, nullable=False),
    plain("stream"),
    instant("registered_at"),
    Column("grams", ARRAY(Integer), nullable=False),
    plain("folded"),
    PrimaryKeyConstraint("ref"),
    Index("search_stream_idx", "stream"),
    Index("search_grams_idx", "grams", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 256}),
)
"""Texts of cases as they are searched: folded, with their grams. Personal data; gone with the text it came from."""

reporter_marks = Table(
    "reporter_marks",
    metadata,
    Column("mark", LargeBinary, nullable=False),
    Column("ref", Uuid, nullable=False),
    plain("stream"),
    PrimaryKeyConstraint("mark", "ref"),
    Index("reporter_marks_ref_idx", "ref"),
    Index("reporter_marks_stream_idx", "stream"),
)
"""Keyed marks of phones, identity numbers and names in what a case was registered with; gone with that text."""

inbox = Table(
    "inbox",
    metadata,
    Column("effect_id", Uuid, nullable=False),
    plain("recipient"),
    plain("stream"),
    plain("subject"),
    Column("params", JSONB, nullable=False),
    instant("created_at", default=NOW),
    instant("read_at", nullable=True),
    plain("read_by", nullable=True),
    PrimaryKeyConstraint("effect_id"),
    Index("inbox_recipient_idx", "recipient", "created_at", "effect_id"),
    Index("inbox_unread_idx", "recipient", "created_at", "effect_id", postgresql_where=text("read_at IS NULL")),
    Index("inbox_stream_idx", "stream"),
)
"""Notices to people. Recipients are accounts or `role@department`."""

projections = Table(
    "projections",
    metadata,
    plain("name"),
    Column("xid", Xid8, nullable=False),
    Column("position", BigInteger, nullable=False),
    instant("updated_at", default=NOW),
    PrimaryKeyConstraint("name"),
)
"""How far each read model has come; committed with its rows."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    plain("note"),
    instant("at"),
    PrimaryKeyConstraint("id"),
)
"""Signed statements about all stream heads at one point of the record."""

saved_filters = Table(
    "saved_filters",
    metadata,
    plain("account"),
    plain("slug"),
    plain("title"),
    Column("query", JSONB, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("place", Integer, nullable=False),
    instant("changed_at", default=NOW),
    PrimaryKeyConstraint("account", "slug"),
)
"""Filters people keep for themselves: the query parameters of a list, never words that are searched for."""

login_attempts = Table(
    "login_attempts",
    metadata,
    plain("subject"),
    Column("failures", Integer, nullable=False),
    instant("last_at", default=NOW),
    instant("blocked_until"),
    PrimaryKeyConstraint("subject"),
    Index("login_attempts_last_at_idx", "last_at"),
)
"""Logins that failed, or are being checked. `subject` is the keyed fingerprint of an account's name or an address: a
password typed into the wrong field must not stand here."""

schema_floor = Table(
    "schema_floor",
    metadata,
    Column("single", Boolean, nullable=False, server_default=text("true")),
    plain("revision"),
    PrimaryKeyConstraint("single"),
)
"""The one row: the oldest schema revision whose builds may still run on this database. Raised by the migration that
takes away what an older build needs."""
