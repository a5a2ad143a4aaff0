"""Exports: who took which data out, and how far a file that is being made has come."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_EXPORTS = """
CREATE TABLE exports (
  stream text PRIMARY KEY,
  kind text NOT NULL,
  stage text NOT NULL,
  responsible text NOT NULL,
  steps integer NOT NULL,
  closed boolean NOT NULL,
  account text NOT NULL,
  region text NOT NULL,
  form text NOT NULL,
  purpose text,
  filters jsonb NOT NULL,
  searched boolean NOT NULL,
  about text,
  requested_at timestamptz NOT NULL,
  completed_at timestamptz,
  expires_at timestamptz,
  rows integer,
  size bigint,
  digest text,
  with_texts boolean NOT NULL,
  failure text,
  fetched integer NOT NULL,
  fetched_at timestamptz,
  version integer NOT NULL,
  head_hash text NOT NULL,
  progress integer NOT NULL DEFAULT 0,
  total integer
);
CREATE INDEX exports_account_idx ON exports (account, requested_at, stream);
CREATE INDEX exports_requested_at_idx ON exports (requested_at, stream);
CREATE INDEX exports_open_idx ON exports (stream) WHERE NOT closed;
"""


_ERASED = "CREATE INDEX vault_erased_at_idx ON vault (erased_at) WHERE erased_at IS NOT NULL"
"""A file that holds texts is taken back when any was erased since it was asked for."""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_EXPORTS)
    op.execute(_ERASED)
