"""Inboxes and what goes outside."""
