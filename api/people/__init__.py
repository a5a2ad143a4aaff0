"""Accounts, identity and administration over HTTP."""
