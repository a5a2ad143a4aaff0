"""Supervisors' lists of clocks: an index for each way to walk through those that run and those that ended.

Lists by department and over everything had theirs (0001, 0005). The highest rungs are climbed by the clocks that are
overdue longest, so those that climbed at all, in the order of urgency, are index enough for any level. A district is
looked up within its city. What ended is kept for good, so its indexes hold no more than they must: hardly two clocks
end at the same instant, while hundreds are due at the same midnight.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_INDEXES = """
CREATE INDEX clocks_region_idx ON clocks ("left"(region, 4), breach_at, stream, clock, region)
  WHERE stopped_at IS NULL;
CREATE INDEX clocks_rule_idx ON clocks (rule, breach_at, stream, clock) WHERE stopped_at IS NULL;
CREATE INDEX clocks_climbed_idx ON clocks (breach_at, stream, clock, level) WHERE stopped_at IS NULL AND level > 0;
CREATE INDEX clocks_resting_idx ON clocks (breach_at, stream, clock) WHERE stopped_at IS NULL AND paused_at IS NOT NULL;
CREATE INDEX clocks_late_at_rest_idx ON clocks ((breach_at - paused_at), stream, clock)
  WHERE stopped_at IS NULL AND paused_at IS NOT NULL AND breach_at <= paused_at;
CREATE INDEX clocks_ended_idx ON clocks (outcome, stopped_at) WHERE stopped_at IS NOT NULL;
CREATE INDEX clocks_ended_region_idx ON clocks ("left"(region, 4), outcome, stopped_at, region)
  WHERE stopped_at IS NOT NULL;
CREATE INDEX clocks_answered_idx ON clocks (owed_by, outcome, stopped_at) WHERE stopped_at IS NOT NULL;
CREATE INDEX clocks_missed_idx ON clocks ((COALESCE(paused_at, stopped_at) - breach_at))
  WHERE stopped_at IS NOT NULL AND outcome = 'missed';

CREATE STATISTICS clocks_city ON ("left"(region, 4)) FROM clocks;
"""


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(_INDEXES)
