"""The record: append, load, and the rows that follow from events."""
