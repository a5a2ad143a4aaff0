"""What a complete clue adds: case numbers, the reported entity, links, pauses, and every state a case was in."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CASES = """
ALTER TABLE cases
  ADD COLUMN number text,
  ADD COLUMN entity text,
  ADD COLUMN links text[] NOT NULL DEFAULT '{}',
  ADD COLUMN received_at timestamptz,
  ADD COLUMN completed boolean NOT NULL DEFAULT false,
  ADD COLUMN migrated boolean NOT NULL DEFAULT false;
UPDATE cases SET
  completed = stage IN ('completed', 'archived'),
  received_at = (SELECT (body::json -> 'data' ->> 'received_at')::timestamptz FROM events
                 WHERE events.stream = cases.stream AND events.version = 1);
ALTER TABLE cases ALTER COLUMN received_at SET NOT NULL;
CREATE UNIQUE INDEX cases_number_idx ON cases (number) WHERE number IS NOT NULL;
CREATE INDEX cases_links_idx ON cases USING gin (links);

ALTER TABLE clocks ADD COLUMN paused_at timestamptz;

CREATE TABLE serials (
  series text PRIMARY KEY,
  last integer NOT NULL
) WITH (fillfactor = 50);
"""

_STATES = """
CREATE TABLE case_states (
  stream text NOT NULL,
  version integer NOT NULL,
  recorded_at timestamptz NOT NULL,
  superseded_at timestamptz,
  happened_at timestamptz NOT NULL,
  outlived_at timestamptz,
  kind text NOT NULL,
  stage text NOT NULL,
  number text,
  region text NOT NULL,
  channel text NOT NULL,
  category text NOT NULL,
  external_id text,
  entity text,
  lead text,
  responsible text NOT NULL,
  handler text,
  departments text[] NOT NULL,
  links text[] NOT NULL,
  returns integer NOT NULL,
  reopenings integer NOT NULL,
  steps integer NOT NULL,
  received_at timestamptz NOT NULL,
  registered_at timestamptz NOT NULL,
  completed boolean NOT NULL,
  migrated boolean NOT NULL,
  closed boolean NOT NULL,
  PRIMARY KEY (stream, version)
);
CREATE INDEX case_states_open_idx ON case_states (stream) WHERE superseded_at IS NULL;
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back. States of older cases come from `xiezhi rebuild states`."""
    op.execute(_CASES)
    op.execute(_STATES)
