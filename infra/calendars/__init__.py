"""Calendars that are loaded while the service runs: read, checked, put into force, and every clock computed anew."""

from infra.calendars.files import read_notice
from infra.calendars.loading import Loaded, adopt, calendars_in_force, describe_calendar, load
from infra.calendars.recomputing import Recomputed, recompute

__all__ = [
    "Loaded",
    "Recomputed",
    "adopt",
    "calendars_in_force",
    "describe_calendar",
    "load",
    "read_notice",
    "recompute",
]
