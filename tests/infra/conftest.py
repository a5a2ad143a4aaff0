"""Fixtures of a record for the tests of what stands around it."""

from tests.support.record import engine, record_template, record_url

__all__ = ["engine", "record_template", "record_url"]
