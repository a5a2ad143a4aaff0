"""Who answered for which case, and for how long, as SQLAlchemy sees it (`domain.lists.responsibility`)."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, SmallInteger, Table, text

from infra.postgres.engine.columns import instant, metadata, plain


def _table(name: str, *counted: str, where: str, at: str | None = None) -> Index:
    """An index the table of departments reads instead of the rows: by department and instant, what it is narrowed to
    and what it counts."""
    included = ("region", "channel", "category", *counted)
    led_by = ("department", at) if at else ("department",)
    return Index(name, *led_by, postgresql_include=included, postgresql_where=text(where))


holdings = Table(
    "holdings",
    metadata,
    plain("stream"),
    Column("number", SmallInteger, nullable=False),
    plain("department"),
    plain("region"),
    plain("channel"),
    plain("category"),
    instant("held_from"),
    instant("held_to", nullable=True),
    plain("ended", nullable=True),
    plain("ground", nullable=True),
    instant("first_dispatched_at", nullable=True),
    instant("signed_at", nullable=True),
    instant("fed_back_at", nullable=True),
    plain("paused_ground", nullable=True),
    plain("handed_back_by", nullable=True),
    Column("signing", Integer, nullable=True),
    Column("signing_paused", Integer, nullable=True),
    Column("handling", Integer, nullable=True),
    Column("handling_paused", Integer, nullable=True),
    Column("real_time", Integer, nullable=True),
    Column("real_time_paused", Integer, nullable=True),
    Column("held", Integer, nullable=True),
    Column("held_paused", Integer, nullable=True),
    Column("altogether", Integer, nullable=True),
    Column("altogether_paused", Integer, nullable=True),
    PrimaryKeyConstraint("stream", "number"),
    _table("holdings_lasting_idx", where="held_to IS NULL"),
    _table(
        "holdings_waiting_idx",
        "paused_ground",
        "handed_back_by",
        where="paused_ground IS NOT NULL OR handed_back_by IS NOT NULL",
    ),
    _table("holdings_signed_idx", "signing", "signing_paused", at="signed_at", where="signed_at IS NOT NULL"),
    _table(
        "holdings_fed_back_idx",
        "handling",
        "handling_paused",
        "real_time",
        "real_time_paused",
        at="fed_back_at",
        where="fed_back_at IS NOT NULL",
    ),
    _table("holdings_let_go_idx", "altogether", "altogether_paused", at="held_to", where="altogether IS NOT NULL"),
    _table("holdings_returned_idx", "ground", at="held_to", where="ended = 'returned'"),
)
"""One row a stretch in which a department or dispatching office answered for a case, derived in the append. Durations
are seconds, each with the lawful pauses in it. Every index answers one column group of the table of departments by
itself: in the order of departments, with all that it can be narrowed to."""
