"""Fixtures of notices that go out."""

from tests.infra.notices.telling import office, out
from tests.support.record import casebook, engine, record_template, record_url

__all__ = ["casebook", "engine", "office", "out", "record_template", "record_url"]
