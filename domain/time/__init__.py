"""Deadlines: calendars, counting, clocks in the life of a case, and the rules they come from."""
