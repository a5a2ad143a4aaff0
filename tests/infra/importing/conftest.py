"""A maintenance engine on the record of a test, to verify it."""

from tests.support.record import maintenance

__all__ = ["maintenance"]
