"""Calendars that are loaded: their days by digest, and which running clocks rest on days no calendar knows.

Of older clocks with a rung alone beyond the calendar `unsettled` comes with `xiezhi rebuild clocks`.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_CALENDARS = """
CREATE TABLE calendars (
  digest text PRIMARY KEY,
  content text NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""

_UNSETTLED = """
ALTER TABLE clocks ADD COLUMN unsettled boolean NOT NULL DEFAULT false;
UPDATE clocks SET unsettled = true WHERE provisional;
CREATE INDEX clocks_unsettled_idx ON clocks (stream) WHERE stopped_at IS NULL AND unsettled;
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_CALENDARS)
    op.execute(_UNSETTLED)
