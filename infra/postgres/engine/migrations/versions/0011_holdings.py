"""Who answered for which case, since when and until when: what the table of departments counts."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_HOLDINGS = """
CREATE TABLE holdings (
  stream text NOT NULL,
  number smallint NOT NULL,
  department text NOT NULL,
  region text NOT NULL,
  channel text NOT NULL,
  category text NOT NULL,
  held_from timestamptz NOT NULL,
  held_to timestamptz,
  ended text,
  ground text,
  first_dispatched_at timestamptz,
  signed_at timestamptz,
  fed_back_at timestamptz,
  paused_ground text,
  handed_back_by text,
  signing integer,
  signing_paused integer,
  handling integer,
  handling_paused integer,
  real_time integer,
  real_time_paused integer,
  held integer,
  held_paused integer,
  altogether integer,
  altogether_paused integer,
  PRIMARY KEY (stream, number)
);
CREATE INDEX holdings_lasting_idx ON holdings (department) INCLUDE (region, channel, category)
  WHERE held_to IS NULL;
CREATE INDEX holdings_waiting_idx ON holdings (department)
  INCLUDE (region, channel, category, paused_ground, handed_back_by)
  WHERE paused_ground IS NOT NULL OR handed_back_by IS NOT NULL;
CREATE INDEX holdings_signed_idx ON holdings (department, signed_at)
  INCLUDE (region, channel, category, signing, signing_paused) WHERE signed_at IS NOT NULL;
CREATE INDEX holdings_fed_back_idx ON holdings (department, fed_back_at)
  INCLUDE (region, channel, category, handling, handling_paused, real_time, real_time_paused)
  WHERE fed_back_at IS NOT NULL;
CREATE INDEX holdings_let_go_idx ON holdings (department, held_to)
  INCLUDE (region, channel, category, altogether, altogether_paused) WHERE altogether IS NOT NULL;
CREATE INDEX holdings_returned_idx ON holdings (department, held_to)
  INCLUDE (region, channel, category, ground) WHERE ended = 'returned';
CREATE INDEX clocks_warned_idx ON clocks (owed_by, warn_at)
  INCLUDE (stream, region, channel, category, breach_at, paused_at) WHERE stopped_at IS NULL;
"""
_TIDY = "ALTER TABLE {} SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)"
"""An index answers without the rows only where pages are known to be visible to all, which VACUUM notes."""


def upgrade() -> None:
    """Forward only: the record is never migrated back. Older cases get their rows from `xiezhi rebuild holdings`."""
    op.execute(_HOLDINGS)
    for table in ("holdings", "clocks"):
        op.execute(_TIDY.format(table))
