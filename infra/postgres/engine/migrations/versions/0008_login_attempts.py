"""Failed logins, so that all API processes count together; and the oldest schema whose builds may still run."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE login_attempts (
  subject text PRIMARY KEY,
  failures integer NOT NULL,
  last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  blocked_until timestamptz NOT NULL
);
CREATE INDEX login_attempts_last_at_idx ON login_attempts (last_at);

CREATE TABLE schema_floor (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  revision text NOT NULL
);
INSERT INTO schema_floor (revision) VALUES ('0008');
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_TABLES)
