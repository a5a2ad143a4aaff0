"""The HTTP API."""

PREFIX = "/api/v1"
"""Where everything but health and metrics stands."""
