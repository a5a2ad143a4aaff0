"""The statements of the write path.

Rows travel as one JSON parameter a table and are typed by the table itself (`json_populate_recordset`). The text of a
statement never changes, so each connection prepares it once, and everything a command writes is one round trip.
"""

from __future__ import annotations

from sqlalchemy import Table, text

from infra.postgres.cases import indexing
from infra.postgres.record import tables


def _names(table: Table, *left_out: str) -> list[str]:
    return [column.name for column in table.columns if column.name not in left_out]


def _insert(table: Table, parameter: str, *left_out: str) -> str:
    names = ", ".join(_names(table, *left_out))
    return (
        f"INSERT INTO {table.name} ({names}) "  # noqa: S608 — names from tables.py
        f"SELECT {names} FROM json_populate_recordset(NULL::{table.name}, CAST(:{parameter} AS json))"
    )


def _upsert(table: Table, parameter: str) -> str:
    keys = [column.name for column in table.primary_key]
    changes = ", ".join(f"{name} = excluded.{name}" for name in _names(table, *keys))
    return f"{_insert(table, parameter)} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"


TAKE_KEY = text(
    "INSERT INTO commands (account, key, command_id, slug, fingerprint) "
    "VALUES (:account, :key, :command, :slug, :fingerprint) ON CONFLICT DO NOTHING RETURNING true"
)

TAKE_KEYS = text(
    "INSERT INTO commands (account, key, command_id, slug, fingerprint) "
    "SELECT account, key, command, slug, fingerprint FROM json_to_recordset(CAST(:claims AS json)) "
    "AS claim(account text, key text, command uuid, slug text, fingerprint text) ORDER BY account, key "
    "ON CONFLICT DO NOTHING RETURNING key"
)

KNOWN_KEYS = text(
    "SELECT key, fingerprint, outcome FROM commands WHERE account = :account AND key = ANY(CAST(:keys AS text[]))"
)

KNOWN_KEY = text("SELECT fingerprint, outcome FROM commands WHERE account = :account AND key = :key")

LOCK_HEADS = text(
    # The clock is read above the lock: a target list beside FOR UPDATE is evaluated before the wait.
    "WITH heads AS MATERIALIZED ("
    " SELECT stream, version, hash, recorded_at FROM streams WHERE stream = ANY(:streams) ORDER BY stream FOR UPDATE) "
    "SELECT clock_timestamp() AS now, "
    "(SELECT json_object_agg(name, digest) FROM rulebooks WHERE book = 'calendar') AS calendars, "
    "heads.stream, heads.version AS head, heads.hash AS head_hash, "
    "heads.recorded_at AS head_at, events.version, events.type, events.recorded_at, events.body, events.hash "
    "FROM (VALUES (1)) AS always LEFT JOIN heads ON true LEFT JOIN events ON events.stream = heads.stream"
)
"""Lock heads and bring their events along. After a wait the events may be older than the head: the snapshot is that of
the statement, the locked row is always the newest. Then they are loaded again. `calendars`: those in force, by region;
few, small rows that every command needs."""

NOW = text("SELECT clock_timestamp()")

CALENDARS = text("SELECT json_object_agg(name, digest) FROM rulebooks WHERE book = 'calendar'")

CALENDAR_DAYS = text("SELECT digest, content FROM calendars WHERE digest = ANY(:digests)")

LOAD = text("SELECT stream, version, type, recorded_at, body, hash FROM events WHERE stream = :stream ORDER BY version")

DEPARTMENTS = text("SELECT code, region FROM departments WHERE active AND code = ANY(:codes)")

SUMMARIES = text("SELECT * FROM cases WHERE stream = ANY(:streams)")

NEXT_SERIAL = text(
    "INSERT INTO serials (series, last) VALUES (:series, 1) "
    "ON CONFLICT (series) DO UPDATE SET last = serials.last + 1 RETURNING last"
)

HELD_TODAY = (
    "ARRAY(SELECT held ->> 'role' FROM jsonb_array_elements(grants) AS held "
    "WHERE (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date BETWEEN (held ->> 'since')::date "
    "AND coalesce((held ->> 'until')::date, 'infinity'))"
)
"""The roles a row of `accounts` gives today. Days are judged when they are asked for, never by a job."""

OFFICERS = text(
    f"SELECT account, department, region, {HELD_TODAY} AS roles, active FROM accounts "  # noqa: S608 — constant
    "WHERE account = ANY(:accounts)"
)

HOLDERS = text(
    "SELECT account, ARRAY(SELECT held ->> 'role' FROM jsonb_array_elements(grants) AS held "
    " WHERE held ->> 'until' IS NULL"
    " AND (held ->> 'since')::date <= (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date) AS held FROM accounts "
    "WHERE active AND password_hash <> '' AND roles && CAST(:roles AS text[]) ORDER BY account FOR UPDATE"
)
"""Who can log in and has a role without end."""

KEEP = _insert(tables.vault, "vault", "kept_at", "erased_at")

SETTLE = (
    "UPDATE commands SET stream = done.stream, outcome = done.outcome FROM json_to_recordset(CAST(:settled AS json)) "
    "AS done(account text, key text, stream text, outcome jsonb) "
    "WHERE commands.account = done.account AND commands.key = done.key"
)

PUT_FOLLOWED = _upsert(tables.followed, "followed")
PUT_CASES = _upsert(tables.cases, "cases")
PUT_STATES = _insert(tables.case_states, "states")
PUT_CLOCKS = _upsert(tables.clocks, "clocks")
PUT_HOLDINGS = _upsert(tables.holdings, "holdings")
PUT_ENDS = _insert(tables.clock_ends, "ends")
PUT_ORDERS = _upsert(tables.oversight_orders, "orders")
PUT_EFFECTS = _insert(tables.effects, "effects", "created_at", "done_at", "outcome", "attempts")

ERASE = (
    "UPDATE vault SET text = NULL, salt = NULL, erased_at = clock_timestamp() "
    "WHERE ref = ANY(CAST(:erased AS uuid[])) AND erased_at IS NULL"
)

_HEADS = (
    "json_to_recordset(CAST(:heads AS json)) AS head(stream text, kind text, expected int, previous_hash text, "
    "version int, hash text, recorded_at timestamptz)"
)

WRITE = text(
    f"""
WITH opened AS (
  INSERT INTO streams (stream, kind, version, hash, recorded_at)
  SELECT stream, kind, version, hash, recorded_at FROM {_HEADS} WHERE expected = 0
  RETURNING true
), moved AS (
  UPDATE streams SET version = head.version, hash = head.hash, recorded_at = head.recorded_at
  FROM {_HEADS}
  WHERE streams.stream = head.stream AND streams.version = head.expected AND streams.hash = head.previous_hash
  RETURNING true
), recorded AS ({_insert(tables.events, "events", "position", "xid")}
), put_followed AS ({PUT_FOLLOWED}
), put_cases AS ({PUT_CASES}
), outlived AS (
  UPDATE case_states SET superseded_at = state.recorded_at, outlived_at = state.happened_at
  FROM (SELECT DISTINCT ON (stream) stream, recorded_at, happened_at
        FROM json_populate_recordset(NULL::case_states, CAST(:states AS json)) ORDER BY stream, version) AS state
  WHERE case_states.stream = state.stream AND case_states.superseded_at IS NULL
), put_states AS ({PUT_STATES}
), put_clocks AS ({PUT_CLOCKS}
), put_holdings AS ({PUT_HOLDINGS}
), put_ends AS ({PUT_ENDS}
), put_orders AS ({PUT_ORDERS}
), put_effects AS ({PUT_EFFECTS}
), put_outbox AS (
  INSERT INTO outbox (stream, last, lane, advance, leased_until)
  SELECT stream, last, lane, advance,
         CASE lane WHEN 'live' THEN clock_timestamp() + make_interval(secs => :first_lease) END
  FROM json_populate_recordset(NULL::outbox, CAST(:outbox AS json))
), kept AS ({KEEP}
), put_search AS ({indexing.PUT_SEARCH}
), put_marks AS ({indexing.PUT_MARKS}
), erased AS ({ERASE}
), dropped_search AS ({indexing.DROP_SEARCH}
), dropped_marks AS ({indexing.DROP_MARKS}
), settled AS ({SETTLE}
)
SELECT (SELECT count(*) FROM opened) + (SELECT count(*) FROM moved)
"""  # noqa: S608 — constants of this module
)
"""Everything a command adds to the record. Answers how many heads were where they were expected."""


SETTLE_ALONE = text(SETTLE)
"""For a command that appended nothing."""
