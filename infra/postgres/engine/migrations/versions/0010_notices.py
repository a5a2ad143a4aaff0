"""Notices that go out: where people want to be told, what is to be sent; indexes for counting an inbox."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE notice_settings (
  account text NOT NULL,
  channel text NOT NULL,
  ref uuid NOT NULL,
  groups text[] NOT NULL,
  digest_hour smallint CHECK (digest_hour BETWEEN 0 AND 23),
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tries smallint NOT NULL DEFAULT 0,
  confirmed_at timestamptz,
  since timestamptz,
  PRIMARY KEY (account, channel)
);
CREATE UNIQUE INDEX notice_settings_ref_idx ON notice_settings (ref);

CREATE TABLE notice_addresses (
  ref uuid PRIMARY KEY,
  address text NOT NULL
);

CREATE TABLE notice_deliveries (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL,
  account text NOT NULL,
  channel text NOT NULL,
  ref uuid NOT NULL,
  notice uuid,
  day date,
  from_at timestamptz,
  until_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  leased_until timestamptz,
  attempts smallint NOT NULL DEFAULT 0,
  settled_at timestamptz,
  outcome text
);
CREATE UNIQUE INDEX notice_deliveries_notice_idx ON notice_deliveries (notice, account, channel)
  WHERE notice IS NOT NULL;
CREATE UNIQUE INDEX notice_deliveries_day_idx ON notice_deliveries (account, channel, day) WHERE day IS NOT NULL;
CREATE INDEX notice_deliveries_due_idx ON notice_deliveries (due_at, id) WHERE settled_at IS NULL;
CREATE INDEX notice_deliveries_settled_idx ON notice_deliveries (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX notice_deliveries_dead_idx ON notice_deliveries (settled_at) WHERE outcome LIKE 'dead_letter:%';
CREATE INDEX notice_deliveries_codes_idx ON notice_deliveries (account, created_at) WHERE kind = 'confirmation';
CREATE INDEX notice_deliveries_ref_idx ON notice_deliveries (ref, settled_at);

CREATE INDEX inbox_unread_idx ON inbox (recipient, created_at, effect_id) WHERE read_at IS NULL;
CREATE INDEX inbox_stream_idx ON inbox (stream);
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_TABLES)
