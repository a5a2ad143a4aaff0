"""Accounts as streams of their own: grants with days, substitutes; and the secret for the first administrators."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ACCOUNTS = """
ALTER TABLE accounts
  ALTER COLUMN password_hash SET DEFAULT '',
  ALTER COLUMN name SET DEFAULT '',
  ADD COLUMN stream text,
  ADD COLUMN kind text,
  ADD COLUMN stage text,
  ADD COLUMN responsible text,
  ADD COLUMN steps integer NOT NULL DEFAULT 0,
  ADD COLUMN closed boolean NOT NULL DEFAULT false,
  ADD COLUMN grants jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN substitutions jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN demo boolean NOT NULL DEFAULT false,
  ADD COLUMN passwords integer NOT NULL DEFAULT 0,
  ADD COLUMN must_change boolean NOT NULL DEFAULT false,
  ADD COLUMN name_ref uuid,
  ADD COLUMN opened_at timestamptz,
  ADD COLUMN version integer NOT NULL DEFAULT 0,
  ADD COLUMN head_hash text;
CREATE UNIQUE INDEX accounts_stream_idx ON accounts (stream);
CREATE INDEX accounts_department_idx ON accounts (department, account);
CREATE INDEX accounts_roles_idx ON accounts USING gin (roles);
CREATE INDEX accounts_substitutions_idx ON accounts USING gin (substitutions);
UPDATE accounts SET grants = (
  SELECT coalesce(jsonb_agg(jsonb_build_object(
    'role', role, 'since', (now() AT TIME ZONE 'Asia/Shanghai')::date, 'until', NULL)), '[]')
  FROM unnest(roles) AS role);
"""

_ADMINISTRATION = """
CREATE INDEX events_administration_idx ON events (position) WHERE type LIKE 'account.%' OR type LIKE 'rulebook.%';
"""

_FOUNDING = """
CREATE TABLE founding (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  secret_hash text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back. `xiezhi migrate` then gives each account its stream."""
    op.execute(_ACCOUNTS)
    op.execute(_ADMINISTRATION)
    op.execute(_FOUNDING)
