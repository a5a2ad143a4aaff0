"""Counting: the table of departments and monthly reports."""
