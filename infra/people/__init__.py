"""Embedded accounts and the first administrators."""
