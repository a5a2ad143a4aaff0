"""The record: streams, events, commands, the rows that follow from them, and who may act on what rules.

The statements stand in the file beside this one.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: the record is never migrated back."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
