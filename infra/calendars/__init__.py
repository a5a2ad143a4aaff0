"""Calendars that are loaded while the service runs: read, checked, put into force, and every clock told of it."""

from infra.calendars.files import read_notice
from infra.calendars.loading import Loaded, adopt, calendars_in_force, load, told_of
from infra.calendars.recomputing import Recomputed, recompute

__all__ = ["Loaded", "Recomputed", "adopt", "calendars_in_force", "load", "read_notice", "recompute", "told_of"]
