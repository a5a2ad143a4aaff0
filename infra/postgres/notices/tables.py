"""The tables of notices that go out: where people want to be told, and what is to be sent there."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, PrimaryKeyConstraint, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from infra.postgres.engine.columns import NOW, instant, metadata, plain

notice_settings = Table(
    "notice_settings",
    metadata,
    plain("account"),
    plain("channel"),
    Column("ref", Uuid, nullable=False),
    Column("groups", ARRAY(Text), nullable=False),
    Column("digest_hour", SmallInteger, nullable=True),
    instant("asked_at", default=NOW),
    Column("tries", SmallInteger, nullable=False, server_default=text("0")),
    instant("confirmed_at", nullable=True),
    instant("since", nullable=True),
    PrimaryKeyConstraint("account", "channel"),
    Index("notice_settings_ref_idx", "ref", unique=True),
)
"""Where an account wants to be told, and of what. `ref` names the address and changes with it; `asked_at` is when its
code was asked for, `tries` how many codes were wrong, `since` from when on a digest counts."""

notice_addresses = Table(
    "notice_addresses",
    metadata,
    Column("ref", Uuid, nullable=False),
    plain("address"),
    PrimaryKeyConstraint("ref"),
)
"""The one place of addresses, which are personal data: gone when the setting changes its address or is dropped,
and soon after the account was closed."""

notice_deliveries = Table(
    "notice_deliveries",
    metadata,
    Column("id", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    plain("kind"),
    plain("account"),
    plain("channel"),
    Column("ref", Uuid, nullable=False),
    Column("notice", Uuid, nullable=True),
    Column("day", Date, nullable=True),
    instant("from_at", nullable=True),
    instant("until_at", nullable=True),
    instant("created_at", default=NOW),
    instant("due_at", default=NOW),
    instant("leased_until", nullable=True),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    instant("settled_at", nullable=True),
    plain("outcome", nullable=True),
    PrimaryKeyConstraint("id"),
    Index(
        "notice_deliveries_notice_idx",
        "notice",
        "account",
        "channel",
        unique=True,
        postgresql_where=text("notice IS NOT NULL"),
    ),
    Index(
        "notice_deliveries_day_idx", "account", "channel", "day", unique=True, postgresql_where=text("day IS NOT NULL")
    ),
    Index("notice_deliveries_due_idx", "due_at", "id", postgresql_where=text("settled_at IS NULL")),
    Index("notice_deliveries_settled_idx", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
    Index("notice_deliveries_dead_idx", "settled_at", postgresql_where=text("outcome LIKE 'dead_letter:%'")),
    Index("notice_deliveries_codes_idx", "account", "created_at", postgresql_where=text("kind = 'confirmation'")),
    Index("notice_deliveries_ref_idx", "ref", "settled_at"),
)
"""What is to be sent: a `notice`, a `digest` of a day and its window, or the `confirmation` of an address. Holds no
address. `outcome`: sent, nothing (an empty digest), withdrawn, or `dead_letter:` with the code of the last failure."""
