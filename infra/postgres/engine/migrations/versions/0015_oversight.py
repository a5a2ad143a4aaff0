"""Oversight orders as rows; time excluded afterwards is found by its events."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ORDERS = """
CREATE TABLE oversight_orders (
  stream text NOT NULL,
  name text NOT NULL,
  department text NOT NULL,
  region text NOT NULL,
  ordered_at timestamptz NOT NULL,
  ordered_by text NOT NULL,
  clock text,
  answer_by date,
  listed boolean NOT NULL,
  status text NOT NULL,
  answers smallint NOT NULL,
  PRIMARY KEY (stream, name)
);
CREATE INDEX oversight_orders_standing_idx ON oversight_orders (ordered_at, stream, name)
  WHERE status IN ('open', 'answered');
CREATE INDEX oversight_orders_department_idx ON oversight_orders (department, ordered_at, stream, name);
CREATE INDEX oversight_orders_ordered_idx ON oversight_orders (ordered_at, stream, name);
CREATE INDEX events_backdated_idx ON events (position) WHERE type = 'clue.time_excluded';
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back. No older event makes an order, so no row is missing."""
    op.execute(_ORDERS)
