"""Telling the processes, and keeping them level with the record."""
