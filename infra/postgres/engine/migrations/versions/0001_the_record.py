"""The record: streams, events, commands, and the rows that follow from them."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE events (
  stream text NOT NULL,
  version integer NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  type text NOT NULL,
  recorded_at timestamptz NOT NULL,
  body text NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (stream, version)
);
CREATE INDEX events_xid_position_idx ON events (xid, position);
CREATE INDEX events_position_idx ON events (position);

CREATE TABLE streams (
  stream text PRIMARY KEY,
  kind text NOT NULL,
  version integer NOT NULL,
  hash text NOT NULL,
  recorded_at timestamptz NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE commands (
  account text NOT NULL,
  key text NOT NULL,
  command_id uuid NOT NULL,
  slug text NOT NULL,
  fingerprint text NOT NULL,
  stream text,
  outcome jsonb,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, key)
);
CREATE INDEX commands_stream_idx ON commands (stream);

CREATE TABLE cases (
  stream text PRIMARY KEY,
  kind text NOT NULL,
  stage text NOT NULL,
  region text NOT NULL,
  channel text NOT NULL,
  category text NOT NULL,
  external_id text,
  lead text,
  responsible text NOT NULL,
  handler text,
  departments text[] NOT NULL,
  returns integer NOT NULL,
  reopenings integer NOT NULL,
  steps integer NOT NULL,
  registered_at timestamptz NOT NULL,
  closed boolean NOT NULL,
  version integer NOT NULL,
  head_hash text NOT NULL,
  alarm_clock text,
  alarm_mark text,
  alarm_at timestamptz
);
CREATE INDEX cases_registered_at_idx ON cases (registered_at, stream);
CREATE INDEX cases_stage_idx ON cases (stage, registered_at, stream);
CREATE INDEX cases_responsible_idx ON cases (responsible, registered_at, stream);
CREATE INDEX cases_departments_idx ON cases USING gin (departments);
CREATE UNIQUE INDEX cases_external_id_idx ON cases (kind, channel, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE clocks (
  stream text NOT NULL,
  clock text NOT NULL,
  kind text NOT NULL,
  rule text NOT NULL,
  pack text NOT NULL,
  certainty text NOT NULL,
  standing text NOT NULL,
  owed_by text NOT NULL,
  started_at timestamptz NOT NULL,
  warn_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  breach_at timestamptz NOT NULL,
  provisional boolean NOT NULL,
  reached text[] NOT NULL,
  stopped_at timestamptz,
  outcome text,
  PRIMARY KEY (stream, clock)
);
CREATE INDEX clocks_running_idx ON clocks (breach_at, stream, clock) WHERE stopped_at IS NULL;

CREATE TABLE effects (
  id uuid PRIMARY KEY,
  stream text NOT NULL,
  version integer NOT NULL,
  kind text NOT NULL,
  recipient text NOT NULL,
  subject text NOT NULL,
  params jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at timestamptz,
  outcome text,
  attempts smallint NOT NULL DEFAULT 0
);
CREATE INDEX effects_stream_idx ON effects (stream, version);
CREATE INDEX effects_undone_idx ON effects (created_at) WHERE done_at IS NULL;

CREATE TABLE outbox (
  stream text NOT NULL,
  last integer NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  lane text NOT NULL,
  advance jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  leased_until timestamptz,
  PRIMARY KEY (stream, last)
);
CREATE INDEX outbox_lane_idx ON outbox (lane, xid, position);

CREATE TABLE vault (
  ref uuid PRIMARY KEY,
  stream text NOT NULL,
  field text NOT NULL,
  salt bytea,
  text text,
  kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  erased_at timestamptz
);
CREATE INDEX vault_stream_idx ON vault (stream);

CREATE TABLE inbox (
  effect_id uuid PRIMARY KEY,
  recipient text NOT NULL,
  stream text NOT NULL,
  subject text NOT NULL,
  params jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  read_at timestamptz,
  read_by text
);
CREATE INDEX inbox_recipient_idx ON inbox (recipient, created_at, effect_id);

CREATE TABLE departments (
  code text PRIMARY KEY,
  name text NOT NULL,
  region text NOT NULL,
  active boolean NOT NULL DEFAULT true
);

CREATE TABLE accounts (
  account text PRIMARY KEY,
  password_hash text NOT NULL,
  name text NOT NULL,
  department text NOT NULL,
  region text NOT NULL,
  roles text[] NOT NULL,
  active boolean NOT NULL DEFAULT true
);

CREATE TABLE projections (
  name text PRIMARY KEY,
  xid xid8 NOT NULL,
  position bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE checkpoints (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  note text NOT NULL,
  at timestamptz NOT NULL
);
"""

_APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the record is append-only' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE OF stream, version, position, type, recorded_at, body, hash
  ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_TABLES)
    op.execute(_APPEND_ONLY)
