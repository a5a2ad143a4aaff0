"""What tables are made of: the one metadata, and the columns most of them have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, MetaData, Text, text
from sqlalchemy.types import UserDefinedType

NOW = "clock_timestamp()"

metadata = MetaData(
    naming_convention={"pk": "%(table_name)s_pkey", "ix": "%(table_name)s_%(column_0_N_name)s_idx"},
)


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id. It has no arithmetic and travels as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"


def instant(name: str, *, nullable: bool = False, default: str | None = None) -> Column[Any]:
    """A point in time."""
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=text(default) if default else None)


def plain(name: str, *, nullable: bool = False) -> Column[Any]:
    """Text of any length."""
    return Column(name, Text, nullable=nullable)


def xid() -> Column[Any]:
    """The transaction that wrote the row."""
    return Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()"))
