"""The tables of the administration: who may act, by which rules, and the registers of streams that are no cases."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.schema import SchemaItem

from infra.postgres.engine.columns import NOW, instant, metadata, plain


def register(name: str, *own: SchemaItem) -> Table:
    """The table of the entries of a noun that is no case, with the columns and indexes of its own."""
    return Table(
        name,
        metadata,
        plain("stream"),
        plain("kind"),
        plain("stage"),
        plain("responsible"),
        Column("steps", Integer, nullable=False),
        Column("closed", Boolean, nullable=False),
        Column("version", Integer, nullable=False),
        plain("head_hash"),
        *own,
        PrimaryKeyConstraint("stream"),
    )


departments = Table(
    "departments",
    metadata,
    plain("code"),
    plain("name"),
    plain("region"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("code"),
)

accounts = Table(
    "accounts",
    metadata,
    plain("account"),
    Column("password_hash", Text, nullable=False, server_default=text("''")),
    Column("name", Text, nullable=False, server_default=text("''")),
    plain("department"),
    plain("region"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    plain("stream", nullable=True),
    plain("kind", nullable=True),
    plain("stage", nullable=True),
    plain("responsible", nullable=True),
    Column("steps", Integer, nullable=False, server_default=text("0")),
    Column("closed", Boolean, nullable=False, server_default=text("false")),
    Column("grants", JSONB, nullable=False, server_default=text("'[]'")),
    Column("substitutions", JSONB, nullable=False, server_default=text("'[]'")),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("passwords", Integer, nullable=False, server_default=text("0")),
    Column("must_change", Boolean, nullable=False, server_default=text("false")),
    Column("name_ref", Uuid, nullable=True),
    instant("opened_at", nullable=True),
    Column("version", Integer, nullable=False, server_default=text("0")),
    plain("head_hash", nullable=True),
    PrimaryKeyConstraint("account"),
    Index("accounts_stream_idx", "stream", unique=True),
    Index("accounts_department_idx", "department", "account"),
    Index("accounts_roles_idx", "roles", postgresql_using="gin"),
    Index("accounts_substitutions_idx", "substitutions", postgresql_using="gin"),
)
"""The register of accounts. `password_hash` (argon2id; empty: nobody can log in) lies outside of the record. `name` is
of releases before the record; names are in the vault now."""

rulebooks = register(
    "rulebooks",
    plain("book"),
    plain("name"),
    plain("edition"),
    plain("digest"),
    Column("rows", Integer, nullable=False),
    instant("adopted_at"),
)
"""The edition in force of the rule pack and of each calendar; earlier ones are in the events."""

founding = Table(
    "founding",
    metadata,
    Column("single", Boolean, nullable=False, server_default=text("true")),
    plain("secret_hash"),
    instant("made_at", default=NOW),
    PrimaryKeyConstraint("single"),
)
"""The one row: the hash of the one-time secret by which the first administrators are opened, while there are none."""

exports = register(
    "exports",
    plain("account"),
    plain("region"),
    plain("form"),
    plain("purpose", nullable=True),
    Column("filters", JSONB, nullable=False),
    Column("searched", Boolean, nullable=False),
    plain("about", nullable=True),
    instant("requested_at"),
    instant("completed_at", nullable=True),
    instant("expires_at", nullable=True),
    Column("rows", Integer, nullable=True),
    Column("size", BigInteger, nullable=True),
    plain("digest", nullable=True),
    Column("with_texts", Boolean, nullable=False),
    plain("failure", nullable=True),
    Column("fetched", Integer, nullable=False),
    instant("fetched_at", nullable=True),
    Column("progress", Integer, nullable=False, server_default=text("0")),
    Column("total", Integer, nullable=True),
    Index("exports_account_idx", "account", "requested_at", "stream"),
    Index("exports_requested_at_idx", "requested_at", "stream"),
)
"""The register of exports. `progress` and `total` (rows) are written while a file is made; the rest is derived."""

lookups = register(
    "lookups",
    plain("account"),
    plain("region"),
    plain("sought"),
    plain("mark"),
    plain("purpose"),
    Column("reason", Uuid, nullable=False),
    instant("made_at"),
    Column("hits", Integer, nullable=True),
    Index("lookups_made_at_idx", "made_at", "stream"),
    Index("lookups_account_idx", "account", "made_at", "stream"),
)
"""The register of lookups: who looked for a reporter, when and what for. `reason` refers to the vault."""
