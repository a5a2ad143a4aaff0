"""What lists of clocks narrow by: region, channel and category of the case, level of escalation, what it is about."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COLUMNS = """
ALTER TABLE clocks
  ADD COLUMN region text NOT NULL DEFAULT '',
  ADD COLUMN channel text NOT NULL DEFAULT '',
  ADD COLUMN category text NOT NULL DEFAULT '',
  ADD COLUMN about text,
  ADD COLUMN level smallint NOT NULL DEFAULT 0,
  ADD COLUMN extensions smallint NOT NULL DEFAULT 0,
  ADD COLUMN calendar text NOT NULL DEFAULT '';
"""

_OF_THE_CASE = """
UPDATE clocks SET region = cases.region, channel = cases.channel, category = cases.category,
  level = coalesce((SELECT max(mark::smallint) FROM unnest(reached) AS mark WHERE mark ~ '^[0-9]+$'), 0)
FROM cases WHERE cases.stream = clocks.stream;
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back. The calendar of older clocks comes with `rebuild clocks`."""
    op.execute(_COLUMNS)
    op.execute(_OF_THE_CASE)
