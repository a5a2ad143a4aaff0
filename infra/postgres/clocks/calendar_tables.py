"""The table of calendars: the days of every edition that was put into force."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint, Table

from infra.postgres.engine.columns import NOW, instant, metadata, plain

calendars = Table(
    "calendars",
    metadata,
    plain("digest"),
    plain("content"),
    instant("kept_at", default=NOW),
    PrimaryKeyConstraint("digest"),
)
"""Editions by SHA-256 of their content (RFC 8785 text). Which one is in force where says `rulebooks`."""
