"""Proving, rebuilding and restoring the record."""
