"""Clocks, calendars and oversight orders read for lists."""
