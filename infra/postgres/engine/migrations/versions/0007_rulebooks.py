"""Rule packs and calendars in force."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_RULEBOOKS = """
CREATE TABLE rulebooks (
  stream text PRIMARY KEY,
  kind text NOT NULL,
  stage text NOT NULL,
  responsible text NOT NULL,
  steps integer NOT NULL,
  closed boolean NOT NULL,
  book text NOT NULL,
  name text NOT NULL,
  edition text NOT NULL,
  digest text NOT NULL,
  rows integer NOT NULL,
  adopted_at timestamptz NOT NULL,
  version integer NOT NULL,
  head_hash text NOT NULL
);
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_RULEBOOKS)
