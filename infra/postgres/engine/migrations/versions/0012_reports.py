"""Monthly reports: how each case and each clock ended, and the register of what was frozen.

`result` of older cases follows from the event that ended them: for a handled one the last conclusion before. Verdicts
on older clocks come from `xiezhi rebuild ends`, which `xiezhi migrate` runs where the table stays empty.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _result(table: str) -> str:
    """How the completed cases of a table ended."""
    return f"""
UPDATE {table} SET result = (
  SELECT CASE type WHEN 'clue.verification_concluded' THEN body::json -> 'data' ->> 'conclusion'
                   ELSE split_part(type, '.', 2) END
  FROM events
  WHERE events.stream = {table}.stream AND events.version <= {table}.version
    AND type IN ('clue.answered', 'clue.sent_back', 'clue.declined', 'clue.verification_concluded')
  ORDER BY events.version DESC LIMIT 1)
WHERE completed;
"""  # noqa: S608 — constants of this module


_RESULTS = f"""
ALTER TABLE cases ADD COLUMN result text;
ALTER TABLE case_states ADD COLUMN result text;
{_result("cases")}
{_result("case_states")}
"""

_TABLES = """
CREATE TABLE clock_ends (
  stream text NOT NULL,
  version integer NOT NULL,
  clock text NOT NULL,
  recorded_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL,
  kind text NOT NULL,
  owed_by text NOT NULL,
  verdict text NOT NULL,
  PRIMARY KEY (stream, version, clock)
);

CREATE TABLE reports (
  stream text PRIMARY KEY,
  kind text NOT NULL,
  stage text NOT NULL,
  responsible text NOT NULL,
  steps integer NOT NULL,
  closed boolean NOT NULL,
  account text NOT NULL,
  region text NOT NULL,
  month text NOT NULL,
  as_of timestamptz NOT NULL,
  frozen_at timestamptz NOT NULL,
  digest text NOT NULL,
  issued integer NOT NULL,
  version integer NOT NULL,
  head_hash text NOT NULL
);
CREATE INDEX reports_frozen_at_idx ON reports (frozen_at, stream);
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_RESULTS)
    op.execute(_TABLES)
