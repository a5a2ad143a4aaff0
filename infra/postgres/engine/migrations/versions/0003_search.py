"""Finding cases: the index of single characters and pairs over texts, and the keyed blind index over reporters."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SEARCH = """
CREATE TABLE search (
  ref uuid PRIMARY KEY,
  stream text NOT NULL,
  registered_at timestamptz NOT NULL,
  grams integer[] NOT NULL,
  folded text NOT NULL
);
ALTER TABLE search ALTER COLUMN grams SET STORAGE EXTERNAL;
ALTER TABLE search ALTER COLUMN grams SET STATISTICS 0;
CREATE INDEX search_stream_idx ON search (stream);
CREATE INDEX search_grams_idx ON search USING gin (grams) WITH (gin_pending_list_limit = 256);
"""

_REPORTERS = """
CREATE TABLE reporter_marks (
  mark bytea NOT NULL,
  ref uuid NOT NULL,
  stream text NOT NULL,
  PRIMARY KEY (mark, ref)
);
CREATE INDEX reporter_marks_ref_idx ON reporter_marks (ref);
CREATE INDEX reporter_marks_stream_idx ON reporter_marks (stream);

CREATE TABLE lookups (
  stream text PRIMARY KEY,
  kind text NOT NULL,
  stage text NOT NULL,
  responsible text NOT NULL,
  steps integer NOT NULL,
  closed boolean NOT NULL,
  account text NOT NULL,
  region text NOT NULL,
  sought text NOT NULL,
  mark text NOT NULL,
  purpose text NOT NULL,
  reason uuid NOT NULL,
  made_at timestamptz NOT NULL,
  hits integer,
  version integer NOT NULL,
  head_hash text NOT NULL
);
CREATE INDEX lookups_made_at_idx ON lookups (made_at, stream);
CREATE INDEX lookups_account_idx ON lookups (account, made_at, stream);
"""

_CODES = """
CREATE INDEX cases_ticket_idx ON cases (external_id) WHERE external_id IS NOT NULL;
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_SEARCH)
    op.execute(_REPORTERS)
    op.execute(_CODES)
