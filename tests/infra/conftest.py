"""Fixtures of a record for the tests of what stands around it."""

from tests.support.record import engine, maintenance, record_template, record_url

__all__ = ["engine", "maintenance", "record_template", "record_url"]
