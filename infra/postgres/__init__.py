"""The record in PostgreSQL 18."""
