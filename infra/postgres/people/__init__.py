"""Accounts, logins and registers."""
