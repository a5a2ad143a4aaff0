"""Lists that stay flat: an index for each way to walk through cases, and saved filters.

Departments are indexed by their place in the order of involvement, so that the index can hold the order of a list too
and nothing beside the row has to be kept up.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ORDER = "stage, registered_at, stream, category, channel"
_INDEXES = f"""
CREATE INDEX cases_standing_idx ON cases (kind, {_ORDER});
CREATE INDEX cases_district_idx ON cases (kind, region, {_ORDER});
CREATE INDEX cases_city_idx ON cases (kind, "left"(region, 4), {_ORDER});
CREATE INDEX cases_desk_idx ON cases (kind, responsible, {_ORDER});
CREATE INDEX cases_hands_idx ON cases (kind, handler, {_ORDER}) WHERE handler IS NOT NULL;
CREATE INDEX cases_department_1_idx ON cases (kind, (departments[1]), {_ORDER}) WHERE departments[1] IS NOT NULL;
CREATE INDEX cases_department_2_idx ON cases (kind, (departments[2]), {_ORDER}) WHERE departments[2] IS NOT NULL;
CREATE INDEX cases_entity_idx ON cases (kind, entity, {_ORDER}) WHERE entity IS NOT NULL;
DROP INDEX cases_departments_idx;
CREATE INDEX cases_departments_idx ON cases USING gin (departments) WHERE cardinality(departments) > 2;
DROP INDEX cases_stage_idx, cases_responsible_idx;

CREATE STATISTICS cases_province ON ("left"(region, 2)) FROM cases;

CREATE INDEX clocks_owed_idx ON clocks (owed_by, breach_at, stream, clock) WHERE stopped_at IS NULL;
"""
_FILTERS = """
CREATE TABLE saved_filters (
  account text NOT NULL,
  slug text NOT NULL,
  title text NOT NULL,
  query jsonb NOT NULL,
  pinned boolean NOT NULL,
  place integer NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, slug)
);
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_INDEXES)
    op.execute(_FILTERS)
