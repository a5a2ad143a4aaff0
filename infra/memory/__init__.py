"""The record in memory: a twin of `infra.postgres` for load, append and commands, for tests without a server."""
