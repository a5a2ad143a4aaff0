"""The rows beside streams that are no cases: one table a noun, written in the transaction of the append.

A table may have columns of its own besides what an entry brings (a password's hash, say): they are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy import Table, TextClause, text

from infra.postgres.record import rows, tables
from infra.postgres.record.rows import Row

REGISTERS: Mapping[str, Table] = {
    "export": tables.exports,
    "lookup": tables.lookups,
    "account": tables.accounts,
    "rulebook": tables.rulebooks,
    "report": tables.reports,
}
"""The register of each noun, by the kind of its streams. Every one has the columns `stream`, `version`, `head_hash`."""


def put(kind: str, row: Row) -> tuple[TextClause, dict[str, str]]:
    """The statement that puts a register's row in place, with its parameters."""
    return _upsert(REGISTERS[kind], tuple(row)), {"rows": rows.as_json([row])}


@lru_cache
def _upsert(table: Table, given: tuple[str, ...]) -> TextClause:
    names = [column.name for column in table.columns if column.name in given]
    keys = [column.name for column in table.primary_key]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return text(
        f"INSERT INTO {table.name} ({', '.join(names)}) "  # noqa: S608 — names from tables.py
        f"SELECT {', '.join(names)} FROM json_populate_recordset(NULL::{table.name}, CAST(:rows AS json)) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    )
