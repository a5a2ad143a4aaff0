"""Fixtures of the record's tests."""

from tests.support.record import casebook, engine, maintenance, record_template, record_url

__all__ = ["casebook", "engine", "maintenance", "record_template", "record_url"]
